"""Which place is which: shops by confidence, the nearest, sizes only as a tie-break."""

from __future__ import annotations

import numpy as np
import pytest

from detector.scene.ground import LocalPlane
from detector.scene.model import GroundPlace
from detector.scene.places import nearest, same_shop, size_m

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
    others = [(north(5), (1.0, 1.0)), (north(2), (3.0, 3.0))]
    assert nearest(north(0), (1.0, 1.0), others) == 1


def test_of_equally_near_ones_the_one_of_its_size() -> None:
    others = [(north(2), (3.0, 3.0)), (north(-3), (1.1, 0.9))]  # 1 m further: within 1.5 m
    assert nearest(north(0), (1.0, 1.0), others) == 1
    assert nearest(north(0), None, others) == 0  # size unknown: the nearer
    assert nearest(north(0), (1.0, 1.0), [(north(2), None), (north(-2), None)]) == 0  # then the first


def test_sizes_in_facts() -> None:
    assert size_m({"width_m": 1.5, "height_m": 2.0}) == (1.5, 2.0)
    assert size_m({"width_m": 1.5}) is None
