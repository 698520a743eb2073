"""Pitch and yaw from corners' motion: known mountings, turns, outliers, and the drive's median by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detector.scene.boxes import Floats
from detector.scene.ground import view_of
from detector.scene.mounting import Mounting
from detector.scene.travel import Travel, over_a_drive, travel

SIZE = (960, 540)


def corners(
    pitch: float, yaw: float, *, turn: float = 0.0, noise: float = 0.0, wrong: float = 0.0, step: float = 1.5
) -> tuple[Floats, Floats, float]:
    """Corners of a street before and after ``step`` metres north; turn: of the vehicle between, degrees."""
    random = np.random.default_rng(round(100 * yaw + pitch) % 997)
    street = np.column_stack(
        [random.uniform(-15, 15, 4000), random.uniform(-40, 40, 4000), random.uniform(-1.9, 4, 4000)]
    )
    seen = []
    for heading, there in ((0.0, street), (turn, street - [0, step, 0])):
        view = view_of(Mounting(1.9, pitch, yaw, 0.0, 75.0), heading % 360, SIZE)
        rays = there @ view.axes.T
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = view.focal_px * rays[:, :2] / rays[:, 2:]
        flat[rays[:, 2] < 1.5] = np.nan
        seen.append(flat)
    before, after = seen
    inside = (np.abs(before) < [480, 270]).all(axis=1) & (np.abs(after) < [480, 270]).all(axis=1)
    before, after = before[inside][:250], after[inside][:250]
    after = after + random.normal(0, noise, after.shape)
    lost = round(wrong * len(after))
    after[:lost] += random.normal(0, 15, (lost, 2))
    return before, after, view.focal_px


@pytest.mark.parametrize(
    ("pitch", "yaw"), [(4.0, 0.0), (4.0, 50.0), (-2.0, -30.0), (5.0, 120.0), (6.0, 170.0)]
)
def test_the_mounting_is_found_exactly_without_noise(pitch: float, yaw: float) -> None:
    found = travel(*corners(pitch, yaw))
    assert found is not None
    assert found.pitch_deg == pytest.approx(pitch, abs=0.02)
    assert found.yaw_deg == pytest.approx(yaw, abs=0.02)


@pytest.mark.parametrize("yaw", [0.0, 50.0, -35.0])
def test_a_small_turn_noise_and_other_road_users_do_little(yaw: float) -> None:
    found = travel(*corners(4.0, yaw, turn=0.3, noise=0.3, wrong=0.25))
    assert found is not None
    assert found.pitch_deg == pytest.approx(4.0, abs=0.6)
    assert found.yaw_deg == pytest.approx(yaw, abs=1.5)


def test_what_shows_no_motion_or_too_little_says_nothing() -> None:
    before, after, focal = corners(4.0, 20.0)
    assert travel(before[:20], after[:20], focal) is None
    random = np.random.default_rng(1)
    assert travel(before, before + random.normal(0, 30, before.shape), focal) is None


def test_a_drive_is_the_median_of_its_pairs() -> None:
    def one(pitch: float, yaw: float) -> Travel:
        return Travel(pitch, yaw, 0.1, 0.1, 0.9)

    yaws = (179.0, -179.0, 180.0, -179.5, 178.0, 20.0)
    assert over_a_drive([one(4.0, yaw) for yaw in yaws[:4]]) is None  # too few
    found = over_a_drive([one(pitch, yaw) for pitch, yaw in zip((3, 4, 5, 4, 4, 9), yaws, strict=True)])
    assert found is not None
    assert found.pitch_deg == 4.0
    # Sorted about 179: 20, 178, 179, 180, 180.5, 181: the middle is 179.5.
    assert found.yaw_deg == pytest.approx(179.5)
    # Distances from it: 159.5, 1.5, 0.5, 0.5, 1, 1.5; their median 1.25.
    assert found.yaw_error == pytest.approx(1.25 * 1.4826 * 1.25 / math.sqrt(6))
