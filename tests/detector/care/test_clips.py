"""Real footage: what stands stays fine over its whole length, what is carried or driven does not.

Looks are twelve a clip, and taken to be ten seconds apart, so that the votes have time to be counted. The first
frame is the reference.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest

from detector.care.care import CameraCare, State
from detector.care.model import Condition, shipped

LOOKS = 12
FIXED = {
    "aboda_video4_left_bag.avi": 90,
    "market_rain_parked_car.mp4": 12,
    "taipei_square_timelapse.mp4": 18,
    "opencv_vtest_pets.avi": 60,
    "piccadilly_night.mp4": 32,
    "christmas_shops_night.mp4": 45,
}
MOVING = {"gopro_max_walk_gps.mp4": 25, "nuscenes_boston_drive.mp4": 3, "beijing_dashcam_1.gif": 6}


def states(path: Path, every: int) -> list[State]:
    """The states after the looks of a clip, one in ``every`` frames."""
    video, found, care, index = cv2.VideoCapture(str(path)), list[State](), None, -1
    while len(found) < LOOKS and video.grab():
        index += 1
        if index % every:
            continue
        done, image = video.retrieve()
        assert done
        if image.shape[1] > 640:
            image = cv2.resize(image, (640, round(image.shape[0] * 640 / image.shape[1])))
        care = care or CameraCare(image, shipped())
        at = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=10 * len(found))
        found.append(care.look(at, image))
    video.release()
    assert len(found) > 8
    return found


@pytest.mark.parametrize("name", FIXED)
def test_a_camera_that_stands_is_fine_all_the_time(clips: Path, name: str) -> None:
    seen = states(clips / name, FIXED[name])
    assert {state.finding.condition for state in seen} == {Condition.FINE}
    assert not any(state.suspended or state.unsure for state in seen)


@pytest.mark.parametrize("name", MOVING)
def test_a_camera_that_is_carried_or_driven_is_suspended(clips: Path, name: str) -> None:
    seen = states(clips / name, MOVING[name])
    assert seen[-1].suspended


def test_a_slow_drift_is_registered_away_until_it_is_too_much(clips: Path) -> None:
    """The first five seconds of the junction drift by less than 2 % of the width."""
    seen = states(clips / "india_junction_rickshaws.mp4", 12)
    assert seen[-1].finding.condition is Condition.SHIFTED
    assert 0 < abs(seen[-1].shift[0]) + abs(seen[-1].shift[1]) < 2 * shipped().shift_most


def test_another_shot_is_another_scene(clips: Path) -> None:
    seen = states(clips / "shopping_street_two_shots.mp4", 45)
    assert not seen[3].suspended
    assert seen[-1].finding.condition is Condition.WRONG_SCENE
