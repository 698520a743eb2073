"""Which places on the ground a fixed camera is told of."""

from __future__ import annotations

from typing import cast

import pytest

from casework.devices.tables import Device
from jiexun.pipeline.judging import _within_sight

# 0.004 degrees of latitude are 445 m, 0.005 are 557 m; at 31.2 degrees north 0.005 of longitude are 476 m, 0.006 571 m


@pytest.mark.parametrize(
    ("north", "east", "seen"),
    [(0.0, 0.0, True), (0.004, 0.0, True), (0.005, 0.0, False), (0.0, 0.005, True), (0.0, 0.006, False),
     (-0.004, -0.005, True), (-0.0055, 0.0, False)],
)  # fmt: skip
def test_places_within_500_metres(north: float, east: float, seen: bool) -> None:
    camera = Device(code="C", latitude=31.2, longitude=121.4)
    corner = (121.4 + east, 31.2 + north)
    polygon = [corner, (corner[0] + 1e-6, corner[1]), (corner[0], corner[1] + 1e-6)]
    assert _within_sight(cast(Device, camera), polygon) is seen


def test_a_camera_that_was_never_surveyed_places_nothing() -> None:
    assert not _within_sight(Device(code="C"), [(121.4, 31.2), (121.5, 31.2), (121.4, 31.3)])
