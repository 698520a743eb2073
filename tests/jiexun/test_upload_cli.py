"""``jiexun upload`` on the command line: where the key comes from, what is said, exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casework.db import Database
from jiexun.cli import app
from tests.api.office import Office, serving
from tests.api.tus_talk import a_depot
from tests.drives import gpx


@pytest.fixture
def office(sqlite: Database, folder: Path) -> Iterator[Office]:
    made = a_depot(sqlite, folder)
    yield made
    made.close()


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A memory card with a recording and its track."""
    card = tmp_path / "card"
    card.mkdir()
    (card / "drive.mp4").write_bytes(b"film" * 1000)
    (card / "drive.gpx").write_bytes(gpx(20))
    return card


def run(card: Path, server: str, *args: object) -> Any:
    given = ["upload", card, "--server", server, "--settle-s", "0", "--json", *args]
    return CliRunner().invoke(app, list(map(str, given)), catch_exceptions=False)


def test_the_key_comes_from_the_environment_or_a_file(
    office: Office, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{office.key}\n")
    file.chmod(0o600)
    with serving(office.app) as address:
        sent = run(card, address, "--key-file", file)
        assert (sent.exit_code, json.loads(sent.stdout)) == (
            0,
            {"files": 2, "accepted": 2, "duplicate": 0, "refused": 0},
        )
        monkeypatch.setenv("JIEXUN_UPLOAD_KEY", office.key)
        (card / "more.mp4").write_bytes(b"more" * 1000)
        more = run(card, address)
    assert (more.exit_code, json.loads(more.stdout)["accepted"]) == (0, 3)
    assert office.key not in sent.output + more.output
    assert office.key not in (card / ".jiexun-upload.json").read_text("utf-8")


def test_a_key_file_that_others_may_read_is_remarked(office: Office, card: Path, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(office.key)
    file.chmod(0o644)
    with serving(office.app) as address:
        sent = run(card, address, "--key-file", file)
    assert sent.exit_code == 0
    assert "chmod 600" in sent.stderr


def test_exit_codes(office: Office, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIEXUN_UPLOAD_KEY", raising=False)
    with serving(office.app) as address:
        assert "no such folder" in run(tmp_path / "nowhere", address).stderr
        for args, code, words in (
            ([], 2, "no key: set JIEXUN_UPLOAD_KEY"),
            (["--key-file", tmp_path / "none"], 2, "cannot be read"),
            (["--key", "jx_wrong"], 2, "does not know this key"),
        ):
            done = run(card, address, *args)
            assert (done.exit_code, words in done.stderr.replace("\n", " ")) == (code, True), done.stderr
    gone = run(card, address, "--key", office.key, "--give-up-s", "0")
    assert (gone.exit_code, "given up: no answer" in gone.stderr.replace("\n", " ")) == (1, True)
    assert office.key not in gone.output
