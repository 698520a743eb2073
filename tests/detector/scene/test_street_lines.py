"""Streets' middle lines: one update by hand, what does not move anything, sides."""

from __future__ import annotations

import numpy as np
import pytest

from detector.errors import BadZone
from detector.scene.ground import LocalPlane
from detector.scene.roadside import Settled
from detector.scene.street_lines import StreetLine, StreetLines

PLANE = LocalPlane(31.2, 121.4)


def a_street(*points: tuple[float, float], width: float = 8.0) -> StreetLine:
    """A middle line through (east, north) metres."""
    return StreetLine("S1", PLANE.to_wgs84(np.array(points, np.float64)), width)


def settled(east: float, north: float, variance: float = 4.0) -> Settled:
    """A thing there; variance of the vehicle's position, m2 each axis."""
    return Settled(np.array([east, north]), 0.25 * np.eye(2), variance * np.eye(2), 0.2, False)


def way(east: float, *norths: float) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The vehicle's places."""
    return [np.array([east, north]) for north in norths]


NORTHWARD = a_street((0.0, -100.0), (0.0, 100.0))


def test_one_update_by_hand() -> None:
    # Northwards at 5 m east of the line; on the right half of 8 m it would be at 2 m, give or take
    # sqrt(2^2 + 2^2): 8 m2. The position has 4 m2: so a third of the 3 m is believed, to the west.
    moved, driven = StreetLines([NORTHWARD]).place(settled(11.0, 5.0), way(5.0, 0, 5, 10), PLANE)
    assert moved.local == pytest.approx([10.0, 5.0], abs=1e-3)
    np.testing.assert_allclose(moved.position, np.diag([4 * (1 - 1 / 3), 4.0]), atol=1e-3)
    assert driven is not None
    assert (driven.street, driven.side) == ("S1", "right")
    assert driven.moved_m == pytest.approx(1.0, abs=1e-3)


def test_driving_the_other_way_the_right_half_is_the_other_one() -> None:
    moved, driven = StreetLines([NORTHWARD]).place(settled(-8.0, 5.0), way(-2.0, 10, 5, 0), PLANE)
    assert moved.local == pytest.approx([-8.0, 5.0], abs=1e-3)  # just where it should be
    assert driven is not None
    assert driven.side == "right"
    _, across = StreetLines([NORTHWARD]).place(settled(8.0, 5.0), way(-2.0, 10, 5, 0), PLANE)
    assert across is not None
    assert across.side == "left"
    _, on = StreetLines([NORTHWARD]).place(settled(-3.0, 5.0), way(-2.0, 10, 5, 0), PLANE)
    assert on is not None
    assert on.side == "on"


@pytest.mark.parametrize(
    ("line", "seen_from"),
    [
        (a_street((-100.0, 0.0), (100.0, 0.0)), way(2.0, -5, 0, 5)),  # driven across it
        (NORTHWARD, way(30.0, 0, 5, 10)),  # another street's vehicle
        (NORTHWARD, way(5.0, 5, 5.1, 5.2)),  # it stood: no direction
    ],
)
def test_what_does_not_move_a_thing(line: StreetLine, seen_from: list[np.ndarray]) -> None:  # type: ignore[type-arg]
    thing = settled(11.0, 5.0)
    assert StreetLines([line]).place(thing, seen_from, PLANE) == (thing, None)


def test_a_bent_street_is_followed_piece_by_piece() -> None:
    bent = a_street((0.0, -50.0), (0.0, 0.0), (50.0, 0.0))
    # Eastwards along the second piece at its middle line: 2 m to the south is right.
    moved, driven = StreetLines([bent]).place(
        settled(25.0, -7.0), [np.array([e, 0.0]) for e in (20, 25, 30)], PLANE
    )
    assert driven is not None
    assert moved.local == pytest.approx([25.0, -7.0 - 2 / 3], abs=1e-3)


@pytest.mark.parametrize(
    "line",
    [
        StreetLine("S", np.zeros((1, 2))),
        StreetLine("S", np.array([[31.0, 121.0], [31.1, 121.0]])),
        StreetLine("S", np.array([[np.nan, 31.0], [121.0, 31.0]])),
        StreetLine("S", np.array([[121.0, 31.0], [121.1, 31.0]]), 0.0),
    ],
)
def test_what_is_no_street_is_refused(line: StreetLine) -> None:
    with pytest.raises(BadZone, match="street 'S'"):
        StreetLines([line])
