"""``jiexun cameras`` as it is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casework.errors import Invalid
from jiexun.cli import app

HEAD = "code,name,group,stream address,user,password\n"


def _run(home: Path, *words: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["cameras", *words, "--home", str(home), "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


def test_import_list_and_test(folder: Path) -> None:
    home, sheet = folder / "home", folder / "cameras.csv"
    sheet.write_text(
        f"{HEAD}C-1,One,G,http://127.0.0.1:9/a.jpg,admin,pw\nC 2,Two,G,http://127.0.0.1:9/b.jpg,,\n"
    )
    code, report = _run(home, "import", str(sheet))
    assert (code, report["new"], report["faulty"], report["applied"]) == (2, 1, 1, False)
    assert (report["faults"][0]["line"], report["faults"][0]["column"]) == (3, "code")
    assert _run(home, "list") == (0, [])
    code, report = _run(home, "import", str(sheet), "--dry-run", "--skip-faulty")
    assert (code, report["applied"]) == (2, False)
    code, report = _run(home, "import", str(sheet), "--skip-faulty")
    assert (code, report["new"], report["applied"]) == (0, 1, True)
    assert (home / "stream.key").stat().st_mode & 0o777 == 0o600
    code, rows = _run(home, "list", "--group", "G")
    assert [(row["code"], row["state"]) for row in rows] == [("C-1", "unplanned")]
    code, tested = _run(home, "test", "C-1")
    assert (code, tested[0]["fault"]) == (1, "refused")
    assert "pw" not in json.dumps(tested)


def test_a_test_says_what_it_needs(folder: Path) -> None:
    with pytest.raises(Invalid, match="--all"):
        _run(folder / "home", "test")
