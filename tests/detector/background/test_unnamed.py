"""The class-free path on a painted street, with the truth known by hand, under the shipped rule (ten minutes).

Looks are 20 s apart. Ten show the empty street; what happens then lasts for fifty looks, or 17 minutes.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ingest.frame import Image
from tests.detector.background.painted import (
    CRATE,
    START,
    STEP_S,
    crate,
    dark,
    empty,
    likeness,
    raised,
    spot_of_shade,
    wet,
)
from tests.detector.care.painting import bus, people, shadow

BEFORE = [empty()] * 10
CAME = START + timedelta(seconds=10 * STEP_S)
BUS = (150, 140, 490, 310)
SHAKES = [(float(x), float(y)) for x, y in np.random.default_rng(3).uniform(-3, 3, (50, 2))]


def shaken(x: float, y: float) -> Image:
    """The street with the crate, before a camera that shakes."""
    left, top, right, bottom = CRATE
    dx, dy = round(x), round(y)
    return crate(empty(x, y), (left + dx, top + dy, right + dx, bottom + dy))


NEW: dict[str, tuple[list[Image], int]] = {
    "a crate": ([crate(empty())] * 50, 5),
    "of one dark colour": ([crate(empty(), colour=(45, 45, 45))] * 50, 5),
    "before a camera that shakes": ([shaken(*by) for by in SHAKES], 5),
    "light is switched later": ([crate(empty())] * 15 + [dark(crate(empty()))] * 35, 5),
    "people pass, seen by no detector": ([people(crate(empty()), i, 2) for i in range(50)], 10),
    # Longer than the gap: its seconds begin anew, and nothing was learnt of the street under it meanwhile.
    "a bus before it, seen by none": ([crate(empty())] * 12 + [bus(empty())] * 6 + [crate(empty())] * 42, 26),
}

NONE: dict[str, list[Image]] = {
    "nothing": [empty()] * 50,
    "it leaves after four minutes": [crate(empty())] * 12 + [empty()] * 38,
    "a shadow over half the street": [shadow(empty())] * 50,
    "a small shadow stays": [spot_of_shade(empty(), 250)] * 50,
    "a small shadow passes": [spot_of_shade(empty(), 50 + 10 * i) for i in range(50)],
    "dusk, and lamps": [dark(empty())] * 50,
    "rain": [wet(empty(), i) for i in range(50)],
    "the camera shakes": [empty(*by) for by in SHAKES],
    "a bus for four minutes, seen by no detector": [bus(empty(), i) for i in range(12)] + [empty()] * 38,
    "a crowd, seen by no detector": [people(empty(), i) for i in range(50)],
}


@pytest.mark.parametrize("what", NEW)
def test_what_is_put_there_is_raised_once(what: str) -> None:
    pictures, late = NEW[what]
    [one] = raised(BEFORE + pictures)
    assert (one.type, one.rule, one.sighting.label) == ("stacked_goods", "unnamed", "unnamed")
    assert likeness(one) > 0.5
    assert CAME <= one.start <= CAME + timedelta(seconds=late * STEP_S)


@pytest.mark.parametrize("what", NONE)
def test_what_is_no_thing_is_not(what: str) -> None:
    assert raised(BEFORE + NONE[what]) == []


def test_what_stood_there_from_the_start_is_the_street() -> None:
    assert raised([crate(empty())] * 60) == []


def test_what_leaves_is_no_thing_but_what_comes_there_again_is() -> None:
    assert raised([crate(empty())] * 20 + [empty()] * 40) == []
    [one] = raised([crate(empty())] * 10 + [empty()] * 12 + [crate(empty())] * 40)
    assert one.start >= START + timedelta(seconds=22 * STEP_S)


def test_what_was_moved_stands_where_it_is_now() -> None:
    there = (420, 225, 480, 270)
    [one] = raised([crate(empty())] * 10 + [crate(empty(), there)] * 50)
    assert likeness(one, there) > 0.5


def test_rain_and_night_do_not_hide_it() -> None:
    for other in (lambda image, i: wet(image, i), lambda image, _: dark(image)):
        before = [other(empty(), i) for i in range(10)]
        after = [other(crate(empty()), i) for i in range(55)]
        [one] = raised(before + after, step_s=20.0)
        assert likeness(one) > 0.4


@pytest.mark.parametrize("step_s", [5.0, 60.0, 180.0])
def test_looks_may_be_near_or_far_apart(step_s: float) -> None:
    looks = int(900 / step_s) + 12
    [one] = raised(BEFORE + [crate(empty())] * looks, step_s=step_s)
    late = one.start - (START + timedelta(seconds=10 * step_s))
    assert timedelta() <= late <= timedelta(seconds=8 * step_s)


def test_what_has_a_name_is_left_to_its_rule() -> None:
    pictures = BEFORE + [crate(empty())] * 50
    now_and_then = [[("pile", CRATE, 0.2)] if i % 5 == 0 else [] for i in range(60)]
    assert raised(pictures, now_and_then) == []
    # A false box once in a while does not speak for the place.
    once = [[("pile", CRATE, 0.2)] if i % 20 == 0 else [] for i in range(60)]
    assert len(raised(pictures, once)) == 1


def test_a_parked_car_and_a_waiting_person_are_no_things() -> None:
    pictures = BEFORE + [crate(empty())] * 50
    for name in ("car", "person"):
        assert raised(pictures, [[(name, CRATE, 0.8)]] * 60) == []
        often = [[(name, CRATE, 0.8)] if i % 3 == 0 else [] for i in range(60)]
        assert raised(pictures, often) == []


def test_who_passes_before_it_hides_it_and_no_more() -> None:
    pictures, seen = list(BEFORE), [[] for _ in range(10)]
    for i in range(50):
        passes = i % 3 == 0
        pictures.append(bus(crate(empty())) if passes else crate(empty()))
        seen.append([("bus", BUS, 0.9)] if passes else [])
    [one] = raised(pictures, seen)
    assert likeness(one) > 0.5
