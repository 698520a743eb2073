"""``jiexun calibrate`` on painted drives with a known mounting, and what it says where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from casework.devices.service import mounting_from
from casework.errors import Invalid
from detector.errors import BadMounting
from detector.scene.mounting import Mounting
from jiexun.calibration import calibrate
from jiexun.cli import app
from tests.jiexun.painted_drive import START, paint_drive


@pytest.mark.parametrize(("pitch", "yaw"), [(4.0, 0.0), (6.0, 40.0)])
def test_a_painted_drive_gives_its_mounting(tmp_path: Path, pitch: float, yaw: float) -> None:
    video, track = paint_drive(tmp_path, Mounting(2.0, pitch, yaw, 0.0, 75.0))
    report = calibrate(video, track, 2.0, 75.0, START)
    found, errors = report["mounting"], report["errors"]
    assert found["pitch_deg"] == pytest.approx(pitch, abs=max(0.3, 3 * errors["pitch_deg"]))
    assert found["yaw_deg"] == pytest.approx(yaw, abs=max(0.5, 3 * errors["yaw_deg"]))
    assert errors["pitch_deg"] < 0.3
    assert errors["yaw_deg"] < 0.7
    assert report["pairs_used"] >= 10
    assert mounting_from(found).width == 640  # what it prints is what a device takes


def test_the_command(tmp_path: Path) -> None:
    video, track = paint_drive(tmp_path, Mounting(2.0, 5.0, 0.0, 0.0, 70.0), looks=9)
    call = ["calibrate", str(video), "--track", str(track), "--height", "2", "--hfov", "70", "--json"]
    done = CliRunner().invoke(app, [*call, "--start", START.isoformat()])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert report["horizon_px"] < 180  # a camera that looks down has its horizon above the middle
    assert report["mounting"]["roll_deg"] == 0
    assert any("roll" in note for note in report["notes"])


def test_too_short_a_drive_and_an_impossible_height_are_refused(tmp_path: Path) -> None:
    video, track = paint_drive(tmp_path, Mounting(2.0, 4.0, 0.0, 0.0, 75.0), looks=4)
    with pytest.raises(Invalid, match="on straight stretches agree, 5 are needed"):
        calibrate(video, track, 2.0, 75.0, START)
    with pytest.raises(BadMounting, match="height_m -2 is impossible"):
        calibrate(video, track, -2.0, 75.0, START)
