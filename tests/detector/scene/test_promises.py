"""What is accepted works, what does not work is refused: zones, calendars and rules by chance (hypothesis)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import BadRule, BadZone
from detector.scene.calendar import SHANGHAI, checked, holds
from detector.scene.model import Calendar, Space, Zone, ZoneKind
from detector.scene.rules_data import checked as checked_rule
from detector.scene.zones import ZoneSet

from .builders import a_rule, a_scene, at, looks, raised, seen

coordinate = st.floats(-0.5, 1.5)
LABELS = ("stall", "shop_goods", "pile")


@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=8))
def test_any_polygon_is_refused_or_gives_shares(points: list[tuple[float, float]]) -> None:
    zone = Zone("Z", 1, ZoneKind.PAVEMENT, Space.IMAGE, np.array(points, np.float64))
    leaves = not all(0 <= value <= 1 for point in points for value in point)
    try:
        zones = ZoneSet([zone], Space.IMAGE)
    except BadZone:
        return
    assert not leaves
    feet = np.array([[0.1, 0.1, 0.3, 0.3], [0.0, 0.0, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5]])
    shares = zones.shares(feet)
    assert ((shares >= 0) & (shares <= 1 + 1e-9)).all()
    assert zones.share_of_union(feet[1], [0]) == pytest.approx(shares[1, 0])


def test_a_polygon_that_crosses_itself_is_refused() -> None:
    bow = np.array([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]])
    with pytest.raises(BadZone, match="crosses"):
        ZoneSet([Zone("Z", 1, ZoneKind.PAVEMENT, Space.IMAGE, bow)], Space.IMAGE)


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@settings(max_examples=60)
@given(
    st.frozensets(st.integers(1, 7)),
    st.frozensets(st.integers(1, 12)),
    st.lists(st.tuples(st.times(), st.times()), max_size=2),
    st.lists(st.tuples(days, st.integers(0, 20)), min_size=1, max_size=2),
)
def test_a_calendar_is_refused_or_holds_some_minute(
    weekdays: frozenset[int],
    months: frozenset[int],
    hours: list[tuple[time, time]],
    spans: list[tuple[date, int]],
) -> None:
    minutes = tuple(
        (a.replace(second=0, microsecond=0), b.replace(second=0, microsecond=0)) for a, b in hours
    )
    dates = tuple((first, first + timedelta(days=n)) for first, n in spans)
    calendar = Calendar(weekdays, months, minutes, dates)
    try:
        checked(calendar)
    except BadZone:
        return
    # A span of hours holds at its beginning, on some day of the dates.
    clocks = [start for start, _ in minutes] or [time(12)]
    every_day = [first + timedelta(days=n) for first, last in dates for n in range((last - first).days + 1)]
    assert any(holds(calendar, datetime.combine(d, c, SHANGHAI)) for d in every_day for c in clocks)


def test_hours_are_kept_to_the_minute() -> None:
    # A scene asks its calendars once a minute.
    with pytest.raises(BadZone, match="minute"):
        checked(Calendar(hours=((time(7, 0, 30), time(9)),)))


@given(st.integers(0, 4 * 366 * 86400))
def test_an_empty_calendar_always_holds(seconds: int) -> None:
    assert holds(Calendar(), at(seconds))


@given(st.lists(st.sampled_from([*LABELS, "Stall", "摊位", "bus", ""]), min_size=1, max_size=3))
def test_a_rule_that_names_an_unknown_label_is_refused(labels: list[str]) -> None:
    rule = a_rule("stall", labels)
    if set(labels) <= set(LABELS):
        assert checked_rule(rule, LABELS) is rule
        return
    with pytest.raises(BadRule, match="no model sees"):
        checked_rule(rule, LABELS)


number = st.one_of(st.floats(), st.floats(0, 2000), st.just(0.0))


@settings(max_examples=40, deadline=None)
@given(number, number, number, number, number)
def test_a_rule_is_refused_or_judges(
    dwell: float, gap: float, looks_: float, most: float, overlap: float
) -> None:
    rule = replace(a_rule(), dwell_s=dwell, gap_s=gap, gap_looks=looks_, gap_most_s=most, overlap=overlap)
    try:
        scene = a_scene(rules_=[rule])
    except BadRule:
        return
    assert rule.longest_gap_s(180.0) >= gap
    found = raised(looks(scene, range(0, 700, 50), seen(), finish=True))
    assert all((v.end - v.start).total_seconds() >= dwell - 1e-3 for v in found)


@settings(max_examples=15, deadline=None)
@given(st.integers(-40000, 40000), st.integers(10, 30))
def test_a_clock_that_jumps_never_makes_a_second_candidate_at_once(jump: int, step: int) -> None:
    scene = a_scene()
    before = range(100000, 100400, step)
    events = looks(scene, before, seen())
    events += looks(scene, range(100400 + jump, 100800 + jump, step), seen(), finish=True)
    born = raised(events)
    # Forward by more than 3600 s is a place without a look for so long: the return is another.
    assert len(born) == (2 if 100400 + jump - before[-1] > 3600 else 1)
    assert all(v.end - v.start >= at(300) - at(0) for v in born)
