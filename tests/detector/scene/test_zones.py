"""Zones: what is a polygon, and how much of a foot lies in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import BadZone
from detector.scene.boxes import feet
from detector.scene.model import Space, ZoneKind
from detector.scene.zones import ZoneSet, checked, from_dict, to_dict

from .builders import a_zone


@pytest.mark.parametrize(
    ("polygon", "says"),
    [
        ([[0, 0], [1, 1]], "3 different"),
        ([[0, 0], [1, 1], [0, 0], [1, 1]], "3 different"),
        ([[0, 0], [0.5, 0.5], [1, 1]], "one line"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], "itself"),
        ([[0, 0], [1.2, 0], [1, 1]], "outside the picture"),
        ([[0, 0], [float("nan"), 0], [1, 1]], "not a number"),
        ([[0, 0, 0], [1, 0, 0], [1, 1, 0]], "points"),
    ],
)
def test_bad_polygons_are_refused_in_one_line(polygon: list[list[float]], says: str) -> None:
    with pytest.raises(BadZone, match=says) as error:
        checked(replace(a_zone(), polygon=np.array(polygon, np.float64)))
    assert "\n" not in str(error.value)


def test_swapped_longitude_and_latitude_are_noticed() -> None:
    ground = np.array([[31.2, 121.4], [31.3, 121.4], [31.3, 121.5]])
    with pytest.raises(BadZone, match=r"longitude, latitude"):
        checked(replace(a_zone(), space=Space.GROUND, polygon=ground))


def test_a_zone_is_read_back_as_written() -> None:
    data = {
        "code": "F1",
        "version": 2,
        "kind": "frontage",
        "space": "image",
        "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]],
        "shop": "S7",
        "calendar": {"hours": [["07:00", "22:00"]]},
    }
    assert to_dict(from_dict(data)) == data


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "roof"},
        {"space": "moon"},
        {"polygon": "x"},
        {"polygon": [[0, 0], [1]]},
        {"version": "1"},
        {"x": 1},
    ],
)
def test_bad_zone_data_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadZone):
        from_dict(to_dict(a_zone()) | change)


def test_a_set_takes_no_doubles_and_no_other_space() -> None:
    with pytest.raises(BadZone, match="twice"):
        ZoneSet([a_zone(), a_zone()], Space.IMAGE)
    with pytest.raises(BadZone, match="drawn in image"):
        ZoneSet([a_zone()], Space.GROUND)


def test_the_foot_is_the_lowest_quarter() -> None:
    assert feet(np.array([[0.2, 0.2, 0.4, 0.6]])).tolist() == [[0.2, 0.5, 0.4, 0.6]]


def test_shares_of_feet() -> None:
    zones = ZoneSet(
        [a_zone(code="left", box=(0, 0, 0.5, 1)), a_zone(code="right", box=(0.5, 0, 1, 1))], Space.IMAGE
    )
    # A foot from 0.4 to 0.8: a quarter of it left of 0.5. The second has no area and lies left.
    shares = zones.shares(np.array([[0.4, 0.5, 0.8, 0.6], [0.1, 0.5, 0.1, 0.5]]))
    np.testing.assert_allclose(shares, np.array([[0.25, 0.75], [1.0, 0.0]]), atol=1e-9)
    assert zones.share_of_union(np.array([0.4, 0.5, 0.8, 0.6]), [0, 1]) == pytest.approx(1.0)
    assert zones.at_point(0.2, 0.2) == [0]


def test_an_empty_set_answers_too() -> None:
    zones = ZoneSet([], Space.IMAGE)
    assert zones.shares(np.array([[0.4, 0.5, 0.8, 0.6]])).shape == (1, 0)
    assert zones.at_point(0.2, 0.2) == []


unit = st.floats(0, 1)


@given(unit, unit, unit, unit)
def test_complementary_zones_share_a_foot_fully(x: float, y: float, w: float, h: float) -> None:
    foot = np.array([[x * 0.9, y * 0.9, x * 0.9 + 0.01 + w * 0.05, y * 0.9 + 0.01 + h * 0.05]])
    halves = [a_zone(ZoneKind.PAVEMENT, "a", (0, 0, 1, 0.37)), a_zone(ZoneKind.IGNORED, "b", (0, 0.37, 1, 1))]
    assert ZoneSet(halves, Space.IMAGE).shares(foot).sum() == pytest.approx(1.0)
