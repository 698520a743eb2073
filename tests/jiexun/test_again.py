"""Looking again at a place from a vehicle: which looks show it, and which saw the thing there. By hand.

The camera is 2 m above the ground, looks north along it with a whole angle of 90 degrees, and its picture is
1000 x 500 px: the focal length is 500 px, and what lies 10 m ahead on the ground is seen 100 px below the middle.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.watches.tables import Watch
from detector.detections import Detections
from detector.scene.model import Rule, ZoneKind
from ingest.frame import Frame, Position, PositionSource, TimeSource
from jiexun.pipeline.again import Open
from tests import builders as b

NAMES = ("stall", "truck")
RULE = Rule("stall", 1, "stall", ("stall",), (ZoneKind.PAVEMENT,), reach_m=25.0)
CAR = Device(
    kind="vehicle",
    mounting={"height_m": 2.0, "pitch_deg": 0.0, "yaw_deg": 0.0, "roll_deg": 0.0, "hfov_deg": 90.0},
)
Box = tuple[str, float, float, float, float]


def an_open(north: float = 10.0, east: float = 0.0) -> Open:
    """A watch on a stall so many metres ahead of the car, known to 1 m."""
    place = b.metres(north, east)
    about = Candidate(
        type="stall",
        latitude=place.latitude,
        longitude=place.longitude,
        place_error_m=1.0,
        image_place=[0, 0, 1, 1],
    )
    span = {"since": b.START, "until": b.START + timedelta(hours=1)}
    return Open(Watch(id=1, candidate=about, **span), [RULE])


def a_frame(seconds: float = 0.0, heading: float | None = 0.0) -> Frame:
    here = Position(b.LATITUDE, b.LONGITUDE, heading, 8.0, 1.0, PositionSource.GPX)
    image = np.zeros((500, 1000, 3), np.uint8)
    return Frame("CAR-1", 0, b.at(seconds), TimeSource.DEVICE, image, here)


def seen(*boxes: Box) -> Detections:
    return Detections(
        np.array([box[1:] for box in boxes], np.float32).reshape(-1, 4),
        np.array([NAMES.index(box[0]) for box in boxes], np.int64),
        np.full(len(boxes), 0.8, np.float32),
        NAMES,
        "m",
    )


@pytest.mark.parametrize(
    ("boxes", "there"),
    [
        ([], False),
        ([("stall", 450, 250, 550, 350)], True),  # its foot is 10 m ahead
        ([("stall", 450, 250, 550, 450)], False),  # 5 m ahead: 2 m above 200 px of 500
        ([("truck", 450, 250, 550, 350)], False),  # another class at the place, no nearer than it
        ([("truck", 400, 100, 600, 450)], None),  # one that stands before it
        ([("truck", 400, 100, 480, 450)], False),  # one beside it
    ],
)
def test_a_look_from_a_vehicle(boxes: list[Box], there: bool | None) -> None:
    assert an_open().along_the_way(a_frame(), seen(*boxes), CAR) is there


@pytest.mark.parametrize(
    ("north", "east"),
    [
        (30.0, 0.0),  # beyond the reach of 25 m
        (-10.0, 0.0),  # behind
        (10.0, 9.5),  # 975 px to the right: in the last 5 % of the picture
        (3.0, 0.0),  # 333 px below the middle of 250: under the picture
    ],
)
def test_looks_that_do_not_show_the_place(north: float, east: float) -> None:
    assert an_open(north, east).along_the_way(a_frame(), seen(), CAR) is None


def test_without_heading_or_rules_nothing_is_said() -> None:
    assert an_open().along_the_way(a_frame(heading=None), seen(), CAR) is None
    assert Open(an_open().watch, []).along_the_way(a_frame(), seen(), CAR) is None


@pytest.mark.parametrize(
    ("looks", "fixed", "corrected"),
    [
        ([False] * 2, False, None),  # three looks are needed
        ([False] * 3, False, True),
        ([True, False, False], False, False),
        ([True] + [False] * 9, False, None),  # one in ten is neither a fifth nor nearly none
        ([True] + [False] * 19, False, True),  # one in twenty
        ([False] * 3, True, None),  # 20 s before a fixed camera: a minute is needed
        ([False] * 7, True, True),
    ],
)
def test_how_many_looks_answer(looks: list[bool], fixed: bool, corrected: bool | None) -> None:
    one = an_open()
    for i, there in enumerate(looks):
        assert one.count(b.at(10.0 * i), there)
    assert one.answer(fixed) is corrected


def test_looks_that_do_not_count() -> None:
    one = an_open()
    for seconds, there in (
        (-1.0, True),
        (3600.0, True),
        (10.0, None),
    ):  # before since, at until, place not shown
        assert not one.count(b.at(seconds), there)
    assert (one.looks, one.seen, one.first) == (0, 0, None)
