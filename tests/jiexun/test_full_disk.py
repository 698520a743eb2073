"""A disk that fills up in the middle of a run: said in one line, nothing half-written, nothing accepted is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jiexun.house import House
from tests.jiexun.painted import Thing, film, look_at, outcome

STREET = [Thing("stall", (40, 140, 100, 200), 60, 720), Thing("pile", (120, 180, 160, 220), 0, 10_000)]


def own_mounts() -> list[str]:
    """The command that gives a process mounts of its own; skips where the machine allows none."""
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    trial = subprocess.run([*command, "true"], capture_output=True, check=False)
    if trial.returncode:
        pytest.skip("this machine gives no mount namespace: a small disk cannot be made")
    return command


# With 24 KiB left the evidence or the database fails soon; with 200 KiB only later in the run.
@pytest.mark.parametrize("left_bytes", [24 * 1024, 200 * 1024])
def test_full_disk(house: House, tmp_path: Path, left_bytes: int) -> None:
    video = film(tmp_path / "a.mp4", STREET, 900)
    look_at(house, video, "C-1")
    script = Path(__file__).parent / "full_disk.py"
    done = subprocess.run(
        [*own_mounts(), sys.executable, script, tmp_path / "small", video, str(left_bytes)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert said["error"], "the disk was large enough: the test proves nothing"
    assert (said["before"], said["half_written"], said["after"]) == ([], [], [])
    assert said["looks"] == 225
    assert said["outcome"] == json.loads(json.dumps(outcome(house), default=str))
