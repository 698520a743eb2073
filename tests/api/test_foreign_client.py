"""A tus client that is not ours (tus-js-client, run by Node) against the real server over a real socket."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from casework.db import Database
from casework.footage.tables import Footage, Upload
from tests.api.office import Office, serving
from tests.api.tus_talk import a_depot

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "review_ui"
VIDEO = bytes(range(251)) * 2000  # 502,000 bytes


@pytest.fixture
def office(sqlite: Database, folder: Path) -> Iterator[Office]:
    made = a_depot(sqlite, folder)
    yield made
    made.close()


def _node() -> str:
    found = shutil.which("node", path=f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None or not (PAGE / "node_modules" / "tus-js-client").is_dir():
        pytest.skip("Node or tus-js-client is not installed: run make test, which installs both")
    return found


def _send(address: str, office: Office, folder: Path, name: str, **order: Any) -> dict[str, Any]:
    """What the foreign client says of one upload."""
    (folder / name).write_bytes(VIDEO)
    given = {
        "endpoint": f"{address}/api/uploads",
        "key": office.key,
        "file": str(folder / name),
        "name": name,
        **order,
    }
    script = Path(__file__).parent / "foreign_client.mjs"
    done = subprocess.run(
        [_node(), script, PAGE, json.dumps(given)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _states(office: Office) -> list[str]:
    with office.database.read() as session:
        return sorted(session.scalars(select(Upload.state)))


def _arrived(office: Office) -> list[str]:
    with office.database.read() as session:
        return [f.sha256 for f in session.scalars(select(Footage)) if not f.name.startswith("clip-")]


@pytest.mark.parametrize(
    ("order", "states"),
    [
        ({"chunk": 100_000}, ["accepted"]),
        ({"chunk": 100_000, "withCreation": True, "override": True}, ["accepted"]),
        ({"chunk": 60_000, "parallel": 3}, ["accepted", "joined", "joined", "joined"]),
    ],
    ids=["in-pieces", "with-the-creation-and-by-post", "three-parts-at-once"],
)
def test_a_file_arrives(office: Office, tmp_path: Path, order: dict[str, Any], states: list[str]) -> None:
    with serving(office.app) as address:
        said = _send(address, office, tmp_path, "a.mp4", **order)
    assert (said["what"], said["why"]) == ("sent", None)
    assert _arrived(office) == [hashlib.sha256(VIDEO).hexdigest()]
    assert _states(office) == states
    assert list(office.context.uploads_dir.iterdir()) == []


def test_stopped_taken_up_again_and_given_up(office: Office, tmp_path: Path) -> None:
    with serving(office.app) as address:
        stopped = _send(address, office, tmp_path, "a.mp4", chunk=50_000, stopAt=100_000)
        assert stopped["what"] == "stopped"
        assert _send(address, office, tmp_path, "a.mp4", chunk=200_000, url=stopped["url"])["what"] == "sent"
        ended = _send(address, office, tmp_path, "b.mp4", chunk=50_000, stopAt=100_000, end=True)
        assert ended["what"] == "stopped"
    assert _arrived(office) == [hashlib.sha256(VIDEO).hexdigest()]
    assert _states(office) == ["accepted", "ended"]


def test_a_name_that_is_refused_is_said(office: Office, tmp_path: Path) -> None:
    with serving(office.app) as address:
        said = _send(address, office, tmp_path, "run.sh", chunk=50_000)
    assert said["what"] == "failed"
    assert "bad_filename" in said["why"]
