"""Which place is which: shops by confidence, the nearest, sizes only as a tie-break."""

from __future__ import annotations

import numpy as np
import pytest

from detector.scene.ground import LocalPlane
from detector.scene.model import GroundPlace
from detector.scene.places import Appearance, nearest, same_shop, size_m

PLANE = LocalPlane(31.2, 121.4)


def north(metres: float, error: float = 2.0) -> GroundPlace:
    lon, lat = PLANE.to_wgs84(np.array([0.0, metres])).tolist()
    return GroundPlace(lat, lon, error)


@pytest.mark.parametrize(
    ("a", "sure_a", "b", "sure_b", "same"),
    [
        ("s1", 1.0, "s1", 0.95, True),
        ("s1", 1.0, "s2", 0.95, False),
        ("s1", 1.0, "s2", 0.6, None),  # from a vehicle it may as well be the neighbour's
        ("s1", 1.0, "s1", 0.6, None),
        (None, 1.0, "s1", 1.0, None),
    ],
)
def test_only_a_sure_shop_decides(
    a: str | None, sure_a: float, b: str | None, sure_b: float, same: bool | None
) -> None:
    assert same_shop(a, sure_a, b, sure_b) is same
    assert same_shop(b, sure_b, a, sure_a) is same


def test_the_nearest_is_it_whatever_the_size() -> None:
    others = [(north(5), Appearance((1.0, 1.0))), (north(2), Appearance((3.0, 3.0)))]
    assert nearest(north(0), Appearance((1.0, 1.0)), others) == 1


def test_of_equally_near_ones_the_one_of_its_size() -> None:
    others = [
        (north(2), Appearance((3.0, 3.0))),
        (north(-3), Appearance((1.1, 0.9))),
    ]  # 1 m further: within 1.5 m
    assert nearest(north(0), Appearance((1.0, 1.0)), others) == 1
    assert nearest(north(0), Appearance(), others) == 0  # size unknown: the nearer
    unknown = [(north(2), Appearance()), (north(-2), Appearance())]
    assert nearest(north(0), Appearance((1.0, 1.0)), unknown) == 0  # then the first


def test_of_equally_near_ones_the_one_of_its_colours() -> None:
    red, blue = [900, 100, 0], [0, 200, 800]
    others = [(north(2), Appearance(colours=blue)), (north(-3), Appearance(colours=red))]
    assert nearest(north(0), Appearance(colours=red), others) == 1
    assert nearest(north(0), Appearance(colours=blue), others) == 0
    assert nearest(north(0), Appearance(), others) == 0


def test_how_unlike_two_things_are() -> None:
    # Twice as wide: log 2 = 0.693; 100 of 1000 in common: 0.9.
    one, other = Appearance((2.0, 1.0), [900, 100, 0]), Appearance((1.0, 1.0), [0, 200, 800])
    assert one.unlike(other) == pytest.approx(0.693 + 0.9, abs=0.001)
    assert one.unlike(Appearance()) == 1.0
    assert one.unlike(one) == 0.0


def test_sizes_in_facts() -> None:
    assert size_m({"width_m": 1.5, "height_m": 2.0}) == (1.5, 2.0)
    assert size_m({"width_m": 1.5}) is None
