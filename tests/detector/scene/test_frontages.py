"""Shops by frontage: masses worked by hand and by drawing, sides, unknown shops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scene.frontages import Door, Frontages, named_shop
from detector.scene.ground import LocalPlane
from detector.scene.model import DoorLine

HERE = LocalPlane(31.2, 121.4)
STREET = np.array([0.0, -10.0])  # the vehicle drove south of the shops


def a_line(shop: str, west: float, east: float, north: float) -> DoorLine:
    """A door line along east, metres from HERE."""
    return DoorLine(shop, HERE.to_wgs84(np.array([[west, north], [east, north]])))


def within(low: float, high: float) -> float:
    """Mass of the standard normal distribution in a span."""
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2


def test_a_mass_by_hand() -> None:
    # The line runs from -3 to 5 m, 1 m behind the thing; sigma is 2 m along and 1 m across, reach 3 m:
    # along -1.5 to 2.5 sigmas; ahead 1 m, so -4 to 2 m about it: -4 to 2 sigmas.
    (door,) = Frontages([a_line("a", -3, 5, 1)]).around(HERE, np.diag([4.0, 1.0]), STREET, 3.0)
    assert door.confidence == pytest.approx(within(-1.5, 2.5) * within(-4, 2), abs=1e-3)
    assert door.distance_m == pytest.approx(1.0, abs=1e-3)
    assert door.ahead_m == pytest.approx(1.0, abs=1e-3)
    assert door.ahead_error_m == pytest.approx(1.0, abs=1e-3)


def test_a_thing_behind_the_line_is_behind_whichever_way_it_was_drawn() -> None:
    for ends in ((-4.0, 4.0), (4.0, -4.0)):
        (door,) = Frontages([a_line("a", *ends, -2)]).around(HERE, np.eye(2), STREET, 3.0)
        assert door.ahead_m == pytest.approx(-2.0, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-6, 6),
    st.floats(-4, 4),
    st.floats(0.5, 4),
    st.floats(0.5, 4),
    st.floats(-0.9, 0.9),
    st.floats(2, 12),
)
def test_masses_agree_with_drawing(
    west: float, north: float, along: float, across: float, tilt: float, length: float
) -> None:
    spread = np.array([[along**2, tilt * along * across], [tilt * along * across, across**2]])
    (door,) = Frontages([a_line("a", west, west + length, north)]).around(HERE, spread, STREET, 3.0)
    drawn = np.random.default_rng(1).multivariate_normal([0, 0], spread, 20000)
    inside = (drawn[:, 0] >= west) & (drawn[:, 0] <= west + length) & (np.abs(drawn[:, 1] - north) <= 3.0)
    assert door.confidence == pytest.approx(float(inside.mean()), abs=0.02)


def test_neighbours_share_and_far_shops_are_left_out() -> None:
    lines = [a_line("a", -8, 0, 1), a_line("b", 0, 8, 1), a_line("far", 100, 108, 1)]
    doors = Frontages(lines).around(HERE, 4 * np.eye(2), STREET, 3.0)
    assert {door.shop for door in doors} == {"a", "b"}
    # Right between the two: half each, of what lies within 8 m of either and 3 m of the lines.
    each = within(0, 4) * within(-2, 1)
    assert [door.confidence for door in doors] == pytest.approx([each, each], abs=2e-3)


def test_which_shop_is_named() -> None:
    def door(shop: str, mass: float) -> Door:
        return Door(shop, 1.0, 1.0, 1.0, mass)

    assert named_shop([], True) is None
    found = named_shop([door("a", 0.3), door("b", 0.1)], False)
    assert found is not None
    assert (found.shop, found.confidence) == ("a", 0.3)
    shared = named_shop([door("a", 0.3), door("b", 0.1)], True)  # goods are some shop's: 0.3 of 0.4
    assert shared is not None
    assert shared.confidence == pytest.approx(0.75)
    nowhere = named_shop([door("a", 0.1), door("b", 0.05)], True)  # hardly before any door at all
    assert nowhere is not None
    assert nowhere.confidence == pytest.approx(0.1)
