"""Which places on the ground a fixed camera is told of."""

from __future__ import annotations

import pytest

from casework.devices.tables import Device
from casework.places.tables import ZoneVersion
from jiexun.pipeline.judging import Exempt

# 0.004 degrees of latitude are 445 m, 0.005 are 557 m; at 31.2 degrees north 0.005 of longitude are 476 m, 0.006 571 m


def a_place(polygon: list[tuple[float, float]], code: str = "P-1", kind: str = "permitted") -> ZoneVersion:
    return ZoneVersion(code=code, version=1, kind=kind, polygon=polygon, properties={})


@pytest.mark.parametrize(
    ("north", "east", "seen"),
    [(0.0, 0.0, True), (0.004, 0.0, True), (0.005, 0.0, False), (0.0, 0.005, True), (0.0, 0.006, False),
     (-0.004, -0.005, True), (-0.0055, 0.0, False)],
)  # fmt: skip
def test_places_within_500_metres(north: float, east: float, seen: bool) -> None:
    camera = Device(code="C", latitude=31.2, longitude=121.4)
    corner = (121.4 + east, 31.2 + north)
    polygon = [corner, (corner[0] + 1e-6, corner[1]), (corner[0], corner[1] + 1e-6)]
    assert bool(Exempt([a_place(polygon)]).within_sight(camera)) is seen


def test_of_many_places_those_near_a_camera_are_found() -> None:
    near, far = ([(121.4, n), (121.4001, n), (121.4, n + 1e-6)] for n in (31.201, 31.21))
    rows = [a_place(far, "P-2"), a_place(near, "P-1"), a_place(near, "Z-1", kind="pavement")]
    camera = Device(code="C", latitude=31.2, longitude=121.4)
    assert [zone.code for zone in Exempt(rows).within_sight(camera)] == ["P-1"]


def test_a_camera_that_was_never_surveyed_places_nothing() -> None:
    polygon = [(121.4, 31.2), (121.5, 31.2), (121.4, 31.3)]
    assert not Exempt([a_place(polygon)]).within_sight(Device(code="C"))
    assert not Exempt([]).within_sight(Device(code="C", latitude=31.2, longitude=121.4))
