"""The command line as a person uses it: exit codes, one line for every fault, JSON keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.jiexun.painted import START, Thing, film

STALL = Thing("stall", (40, 140, 100, 200), 60, 720)


def jiexun(*args: object, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process."""
    command = [str(Path(sys.executable).parent / "jiexun"), *map(str, args), "--home", str(home)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False
    )


def answer(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    """Its JSON."""
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One minute of painted street."""
    return film(tmp_path_factory.mktemp("cli") / "street.mp4", [STALL], 60)


def test_run_report_verify(tmp_path: Path, video: Path) -> None:
    home = tmp_path / "home"
    done = answer(jiexun("run", video, "--device", "demo-cam", "--json", home=home))
    assert {"frames": 15, "looks": 15, "candidates": 0}.items() <= done.items()
    assert done["start"] == START.isoformat()
    assert {"detections", "already", "notes"} <= done.keys()
    assert answer(jiexun("run", video, "--device", "demo-cam", "--json", home=home))["already"] is True
    checked = answer(jiexun("verify", "--json", home=home))
    assert checked["checked"] > 0
    assert checked["bad"] == []
    month = answer(jiexun("report", "2026-10", "--json", "--out", tmp_path / "m.xlsx", home=home))
    assert month["rows"][-4]["looks"] == 15  # all squads, all types; three types follow
    assert (tmp_path / "m.xlsx").read_bytes()[:2] == b"PK"
    assert answer(jiexun("db", "current", "--json", home=home))["revision"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("text.mp4", b"this is no video\n" * 50, "text.mp4"),
        ("empty.mp4", b"", "empty.mp4"),
        ("cut.mp4", None, "cut.mp4"),
    ],
)
def test_bad_video(tmp_path: Path, video: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(video.read_bytes()[:700] if content is None else content)
    done = jiexun("run", path, "--device", "demo-cam", "--json", home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


def test_unknown_device(tmp_path: Path, video: Path) -> None:
    done = jiexun("run", video, "--device", "C-404", home=tmp_path / "home")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "C-404" in done.stderr


def test_no_such_file(tmp_path: Path) -> None:
    done = jiexun("run", tmp_path / "none.mp4", "--device", "demo-cam", home=tmp_path / "home")
    assert done.returncode == 2
    assert "none.mp4" in done.stderr


def test_clock_in_the_future(tmp_path: Path, video: Path) -> None:
    done = jiexun(
        "run", video, "--device", "demo-cam", "--start", "2099-01-01T00:00:00", home=tmp_path / "home"
    )
    assert done.returncode == 2
    assert "future" in done.stderr


def test_start_that_is_no_time(tmp_path: Path, video: Path) -> None:
    done = jiexun("run", video, "--device", "demo-cam", "--start", "yesterday", home=tmp_path / "home")
    assert done.returncode == 2
    assert "yesterday" in done.stderr


def test_track_of_another_day(tmp_path: Path, video: Path) -> None:
    track = tmp_path / "other.gpx"
    points = "".join(
        f'<trkpt lat="31.2230" lon="{121.445 + i / 10000}"><time>2026-10-30T06:05:{i:02d}Z</time></trkpt>'
        for i in range(30)
    )
    track.write_text(f'<gpx version="1.1" creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>')
    done = jiexun("run", video, "--device", "demo-cam", "--track", track, home=tmp_path / "home")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "2026-10-30" in done.stderr


@pytest.mark.parametrize("polygon", [[[0.1, 0.1], [0.9, 0.9]], [[0.1, 0.1], [1.9, 0.1], [0.5, 0.9]]])
def test_bad_polygon(tmp_path: Path, polygon: list[list[float]]) -> None:
    home, file = tmp_path / "home", tmp_path / "zones.json"
    answer(jiexun("device", "add", "C-9", "--kind", "fixed", "--json", home=home))
    file.write_text(json.dumps([{"code": "Z-1", "kind": "pavement", "polygon": polygon}]))
    done = jiexun("device", "zones", "C-9", file, home=home)
    assert done.returncode == 2
    assert "Z-1" in done.stderr
    assert answer(jiexun("device", "zones", "C-9", "--json", home=home)) == []


def test_bad_month_and_settings(tmp_path: Path) -> None:
    assert jiexun("report", "2026-13", home=tmp_path / "home").returncode == 2
    done = jiexun("db", "current", home=tmp_path / "home", JIEXUN_PORT="many")
    assert done.returncode == 2
    assert "port" in done.stderr


def test_passwords_from_a_pipe(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [
        str(Path(sys.executable).parent / "jiexun"),
        "user",
        "add",
        "li",
        "--role",
        "reviewer",
        "--home",
        str(home),
    ]
    done = subprocess.run(
        command, input="a long enough one\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    short = subprocess.run(command, input="short\n", capture_output=True, text=True, timeout=60, check=False)
    assert short.returncode == 2
    listed = answer(jiexun("user", "list", "--json", home=home))
    assert [u["username"] for u in listed] == ["li"]
    audit = (home / "jiexun.db").read_bytes()
    assert b"a long enough one" not in audit
