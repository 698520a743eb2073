"""Scoring candidates against a truth worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from detector.scene.model import Change
from detector.simulation.camera import Day
from detector.simulation.district import SIZE, Slot, Standing, a_day, a_site
from detector.simulation.run import rules_in_force
from detector.simulation.score import Event, events_of, score, stands
from tests.detector.scene.builders import a_scene, at, detections, looks, raised

RULES = rules_in_force()
BODY = (1.8, 1.2, 1.7)
BOX = np.array([192.0, 432.0, 384.0, 648.0])  # 0.1 to 0.2 wide, 0.4 to 0.6 high of 1920 x 1080


def a_truth(*spans: tuple[float, float], slot: Slot, seen: float = 0.8) -> tuple[object, Day]:
    """One slot, looked at every 60 s for two hours; things at BOX, always in clear view."""
    site = replace(a_site(0, np.random.default_rng(0)), slots=(slot,))
    things = [Standing(0, slot.label, 0.0, 9.0, BODY, begin, end) for begin, end in spans]
    times = np.arange(0.0, 7200.0, 60.0)
    there = np.array([[t.from_s <= s <= t.to_s for t in things] for s in times], bool)
    boxes = np.tile(BOX, (len(things), 1))
    return site, Day(things, boxes, times, there.astype(float), there * seen)


def test_an_event_is_a_stand_of_the_dwell() -> None:
    # 240 s is too short; 600 to 1200 s is a stand of eleven looks, the tenth to the twentieth.
    site, day = a_truth((0, 240), (600, 1200), slot=Slot("stall", 0, 9))
    (event,) = events_of(site, day, RULES, 60.0)  # type: ignore[arg-type]
    # The place was empty for 360 s only: less than 3600 s, so the first visit belongs to it.
    assert (event.first, event.last, event.clear, event.seen) == (0, 20, ((10, 20),), ((10, 20),))


def test_a_place_known_to_be_empty_parts_two_events() -> None:
    # Four times gap_most_s, 900 s.
    site, day = a_truth((0, 600), (4260, 5100), slot=Slot("stall", 0, 9))
    assert len(events_of(site, day, RULES, 60.0)) == 2  # type: ignore[arg-type]


def test_a_permitted_span_is_cut_out() -> None:
    site, day = a_truth((0, 3000), slot=Slot("stall", 0, 9, permitted=((0.0, 2400.0),)))
    (event,) = events_of(site, day, RULES, 60.0)  # type: ignore[arg-type]
    assert (event.first, event.last) == (40, 50)


def test_what_the_detector_does_not_see_is_an_event_not_seen() -> None:
    site, day = a_truth((0, 1200), slot=Slot("stall", 0, 9), seen=0.1)
    (event,) = events_of(site, day, RULES, 60.0)  # type: ignore[arg-type]
    assert event.clear
    assert not event.seen


@pytest.mark.parametrize(
    ("kept", "sure", "found"),
    [
        ([0, 1, 2, 3, 4, 5], [0], [(0, 5)]),
        ([0, 1, 2, 3, 4, 5], [1], []),  # begins at the sure look: 240 s
        ([0, 2, 4, 6], [0], [(0, 6)]),  # 120 s apart is let pass
        ([0, 1, 4, 5, 9], [0, 4], []),  # 180 s is not: two stands, both too short
        ([0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14], [0, 9], [(0, 5), (9, 14)]),
    ],
)
def test_stands(kept: list[int], sure: list[int], found: list[tuple[int, int]]) -> None:
    times = np.arange(0.0, 900.0, 60.0)
    everywhere = np.ones(15, bool)
    marks = [np.isin(np.arange(15), which) for which in (kept, sure)]
    assert stands(times, marks[0], marks[1], everywhere, RULES[0], 120.0) == found


def test_candidates_are_counted_once() -> None:
    scene = a_scene()
    box = (100.0, 200.0, 200.0, 300.0)  # BOX in a picture of 1000 x 500 px
    seen = detections(("stall", box, 0.8))
    (violation,) = raised([e for n in range(70) for e in scene.look(at(5 * n), n, (1000, 500), seen)])
    place = np.array([0.1, 0.4, 0.2, 0.6])
    event = Event("stall", place, 0, 69, ((0, 60),), ((0, 59),))
    site, day = a_truth((0, 3000), slot=Slot("stall", 0, 9))
    # Raised at 300 s, the look of number 60.
    tally = score(site, day, [event], [violation, violation])  # type: ignore[arg-type]
    assert (tally.candidates, tally.found, tally.duplicates, tally.false) == (2, 1, 1, 0)
    assert (tally.dwell_errors, tally.seen_dwell_errors) == ([0], [1])
    assert tally.precision(any_type=False) == 1.0

    other = score(site, day, [replace(event, type="cross_door")], [violation])  # type: ignore[arg-type]
    assert (other.false, other.wrong_type) == (1, 1)
    assert (other.precision(any_type=True), other.precision(any_type=False)) == (1.0, 0.0)

    away = replace(event, box=place + 0.5)
    assert score(site, day, [away], [violation]).false == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "doubles"),
    [
        (
            (0, 20),
            (85, 119),
            0,
        ),  # of the first thing and of the third, 65 min apart: the second one nobody saw
        ((30, 50), (70, 80), 1),  # both of the second thing
        (
            (0, 20),
            (30, 50),
            1,
        ),  # two things 10 min apart: who is back within the half hour is the same matter
        ((0, 20), (25, 119), 1),  # the later one is of both
    ],
)
def test_a_double_is_of_one_thing_or_comes_too_soon(
    first: tuple[int, int], second: tuple[int, int], doubles: int
) -> None:
    scene = a_scene()
    seen = detections(("stall", (100.0, 200.0, 200.0, 300.0), 0.8))
    (violation,) = raised([e for n in range(70) for e in scene.look(at(5 * n), n, (1000, 500), seen)])
    site, day = a_truth((0, 1200), (1500, 4800), (5100, 7140), slot=Slot("stall", 0, 9))
    events = events_of(site, day, RULES, 60.0)  # type: ignore[arg-type]
    assert [event.things for event in events] == [(0, 1, 2)]
    two = [replace(violation, sighting=replace(violation.sighting, frames=span)) for span in (first, second)]
    tally = score(site, day, events, two)  # type: ignore[arg-type]
    assert (tally.candidates, tally.found, tally.false, tally.duplicates) == (2, 1, 0, doubles)


def test_an_ended_violation_is_told_once() -> None:
    events = looks(a_scene(), range(0, 400, 5), ("stall", (100.0, 200.0, 200.0, 300.0), 0.8), finish=True)
    assert [e.change for e in events].count(Change.ENDED) == 1
    assert len(detections()) == 0


def test_a_day_holds_one_thing_at_a_spot() -> None:
    site = a_site(0, np.random.default_rng(5))
    for seed in range(20):
        for n in range(len(site.slots)):
            spans = [(t.from_s, t.to_s) for t in a_day(site, np.random.default_rng(seed)) if t.slot == n]
            assert all(a[1] < b[0] for a, b in pairwise(spans))
    assert SIZE == (1920, 1080)
