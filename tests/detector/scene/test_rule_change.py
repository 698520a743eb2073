"""A change of the rules at noon, and a special duty that begins: what stands is judged by what held when it began."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detector.errors import BadRule
from detector.scene.calendar import from_dict as calendar
from detector.scene.company import Attended, Company
from detector.scene.model import Change, Rule, SceneEvent, Violation, ZoneKind
from detector.scene.passes import VehicleScene
from detector.scene.rules import FixedScene
from detector.scene.rules_data import parse

from .builders import SIZE, STALL, Box, Seen, a_mounting, a_rule, a_zone, detections, raised, seen
from .test_passes import SIZE as WIDE
from .test_passes import Stand, a_ground_zone, box_of, vehicle_at

NOON = datetime(2026, 5, 11, 4, 0, tzinfo=UTC)  # a Monday, 12:00 in Shanghai
PILE: Box = (600, 200, 700, 300)
LONG, SHORT = a_rule(dwell_s=600.0), a_rule(version=2, dwell_s=300.0)


def clock(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class Day:
    """A camera's looks, one each half minute, in minutes from noon, with a change of the rules."""

    def __init__(self, before: list[Rule], after: list[Rule], zones: list[object] | None = None) -> None:
        self.scene = FixedScene("C", zones or [a_zone()], before)  # type: ignore[arg-type]
        self.after = after
        self.events: list[SceneEvent] = []

    def looks(self, since: float, until: float, *what: Seen) -> Day:
        for n in range(round((until - since) * 2)):
            at = clock(since + n / 2)
            if at >= NOON and self.after:
                self.scene.change_rules(self.after)
                self.after = []
            self.events += self.scene.look(at, n, SIZE, detections(*what))
        return self

    @property
    def raised(self) -> list[Violation]:
        return raised(self.events)

    def told(self) -> list[tuple[str, int, float, float]]:
        """(rule, version, minutes at which it began and at which it was raised)."""
        minute = timedelta(minutes=1)
        return [
            (v.rule, v.rule_version, (v.start - NOON) / minute, (v.end - NOON) / minute) for v in self.raised
        ]


@pytest.mark.parametrize(
    ("begins", "version", "raised_at"),
    [
        (-4.0, 1, 6.0),  # began under the old version: ten minutes
        (-0.5, 1, 9.5),
        (0.0, 2, 5.0),  # began at noon: five
        (1.0, 2, 6.0),
        (-12.0, 1, -2.0),  # was raised before noon, and once
    ],
)
def test_the_version_at_its_begin_decides(begins: float, version: int, raised_at: float) -> None:
    day = Day([LONG], [SHORT]).looks(-15, begins).looks(begins, 20, seen())
    assert day.told() == [("stall", version, begins, raised_at)]
    assert {e.violation.rule_version for e in day.events} == {version}


def test_a_stricter_version_reaches_no_further_back() -> None:
    day = Day([SHORT], [replace(LONG, version=3)]).looks(-3, 20, seen())
    assert day.told() == [("stall", 2, -3.0, 2.0)]


def test_what_was_allowed_counts_from_the_change() -> None:
    # No rule minded piles before noon; this one stood since 11:50.
    day = Day([LONG], [LONG, a_rule("stacked_goods")]).looks(-10, 20, seen("pile", PILE))
    assert day.told() == [("stacked_goods", 1, 0.0, 5.0)]


def test_a_rule_that_was_taken_out_ends_with_what_stood() -> None:
    day = Day([LONG, a_rule("stacked_goods")], [LONG])
    day.looks(-3, 8, seen("pile", PILE)).looks(8, 75)  # gone for longer than it is held
    assert day.told() == [("stacked_goods", 1, -3.0, 2.0)]
    day.looks(75, 95, seen("pile", PILE))
    assert len(day.raised) == 1
    assert [e.change for e in day.events][-1] is Change.ENDED


def test_the_old_version_ends_where_its_stand_does() -> None:
    # The stall is away for three minutes, longer than the gap of two: what comes back began after noon.
    day = Day([LONG], [SHORT]).looks(-4, 2, seen()).looks(2, 5).looks(5, 12, seen())
    assert day.told() == [("stall", 2, 5.0, 10.0)]


def test_an_old_rule_whose_hours_end_gives_way_at_once() -> None:
    until = replace(LONG, calendar=calendar({"hours": [["06:00", "12:03"]]}))
    day = Day([until], [SHORT]).looks(-2, 20, seen())
    assert day.told() == [("stall", 2, 3.0, 8.0)]


def test_an_equal_rule_goes_on_as_it_was() -> None:
    day = Day([LONG], [replace(LONG), a_rule("cross_door")]).looks(-4, 20, seen())
    assert day.told() == [("stall", 1, -4.0, 6.0)]


def test_each_version_has_its_own_gap_and_confidence() -> None:
    # The old version lets 120 s pass, the new one 40 s; a look each minute from 11:57 and from 12:10 on.
    day = Day([SHORT], [replace(SHORT, version=3, gap_s=40.0, start_confidence=0.7)])
    for minute in range(-3, 3):
        day.looks(minute, minute + 0.5, seen())
        day.looks(minute + 0.5, minute + 1)
    assert day.told() == [("stall", 2, -3.0, 2.0)]
    later = Day([SHORT], [replace(SHORT, version=3, gap_s=40.0, start_confidence=0.7)]).looks(-2, 1)
    for minute in range(1, 12):
        later.looks(minute, minute + 0.5, seen(confidence=0.9))
        later.looks(minute + 0.5, minute + 1)
    assert later.told() == []  # steps of 60 s are over the new gap
    later.looks(12, 14).looks(14, 25, seen(confidence=0.6))
    assert later.told() == []  # not sure enough to begin under the new version


def test_company_is_counted_for_the_new_version() -> None:
    asks = replace(SHORT, company=Company(attended=Attended.NO, persons=("person",)))
    person: Box = (210, 200, 240, 300)
    day = Day([LONG], [asks]).looks(-20, 1).looks(1, 3, seen(), seen("person", person)).looks(3, 20, seen())
    # A person in 4 looks. From 12:06 on it has stood for 5 minutes; 4 of 14 looks, at 12:07:30, are less than 0.3.
    assert day.told() == [("stall", 2, 1.0, 7.5)]
    assert day.raised[0].facts["attended_share"] == 0.286


def test_bad_rules_change_nothing() -> None:
    scene = FixedScene("C", [a_zone()], [LONG])
    with pytest.raises(BadRule):
        scene.change_rules([LONG, LONG])
    with pytest.raises(BadRule):
        scene.change_rules([replace(LONG, gap_s=0.0)])


def test_a_pass_is_judged_by_the_rules_at_its_first_look() -> None:
    # It is within reach, 25 m, from the 13th look on: 4 m aside and 24 m ahead.
    def drive(change_before: int) -> list[Violation]:
        scene = VehicleScene("V", [a_rule()], [], [], a_mounting())
        events: list[SceneEvent] = []
        for i in range(80):
            box = box_of(Stand(4.0, 6.0), -30 + i)
            if i == change_before:
                scene.change_rules([a_rule(version=2)])
            what = detections(*([box] if box is not None else []))
            events += scene.look(clock(i / 300), i, WIDE, what, vehicle_at(-30 + i))
        return raised([*events, *scene.finish()])

    assert [v.rule_version for v in drive(change_before=13)] == [1]
    assert [v.rule_version for v in drive(change_before=12)] == [2]


# Special duty -------------------------------------------------------------------------------------------------

DUTY = a_rule(duty_dwell_s=120.0)
HALF: Box = (0.0, 0.4, 0.5, 1.0)  # the stall is at 0.1-0.2 of the width


def duty_zone(box: Box = HALF, hours: list[str] | None = None) -> object:
    return a_zone(ZoneKind.SPECIAL_DUTY, "D1", box, calendar=calendar({"hours": [hours]} if hours else {}))


def test_a_special_duty_shortens_the_dwell() -> None:
    [found] = Day([DUTY], [], [a_zone(), duty_zone()]).looks(0, 10, seen()).raised
    assert (found.end - found.start, found.facts["needed_s"]) == (timedelta(seconds=120), 120.0)
    assert found.facts["special_duty"] == "D1"
    assert found.zones == (("Z1", 1), ("D1", 1))
    [beyond] = Day([DUTY], [], [a_zone(), duty_zone()]).looks(0, 10, seen(box=PILE)).raised
    assert beyond.end - beyond.start == timedelta(seconds=300)
    assert "special_duty" not in beyond.facts
    [unminded] = Day([a_rule()], [], [a_zone(), duty_zone()]).looks(0, 10, seen()).raised
    assert (unminded.end - unminded.start, unminded.zones) == (timedelta(seconds=300), (("Z1", 1),))


def test_special_duty_ground_alone_is_no_pavement() -> None:
    pavement = a_zone(box=(0.5, 0.4, 1.0, 1.0))
    assert Day([DUTY], [], [pavement, duty_zone()]).looks(0, 10, seen()).raised == []


def test_the_shorter_dwell_counts_from_when_the_duty_holds() -> None:
    zones = [a_zone(), duty_zone(hours=["12:03", "14:00"])]
    assert Day([DUTY], [], zones).looks(0, 10, seen()).told() == [("stall", 1, 0.0, 5.0)]  # 300 s come first
    assert Day([DUTY], [], zones).looks(2, 10, seen()).told() == [("stall", 1, 2.0, 5.0)]  # 12:03 and 120 s
    [found] = Day([DUTY], [], zones).looks(0, 10, seen()).raised
    assert "needed_s" not in found.facts  # in the duty, but not raised sooner for it
    ends = [a_zone(), duty_zone(hours=["10:00", "12:01"])]
    assert Day([DUTY], [], ends).looks(0, 10, seen()).told() == [("stall", 1, 0.0, 5.0)]


def test_a_vehicle_names_the_duty() -> None:
    scene = VehicleScene("V", [DUTY], [a_ground_zone(ZoneKind.SPECIAL_DUTY, 0, 0, 8, 12)], [], a_mounting())
    events: list[SceneEvent] = []
    for i in range(80):
        box = box_of(Stand(4.0, 6.0), -30 + i)
        what = detections(*([box] if box is not None else []))
        events += scene.look(clock(i / 300), i, WIDE, what, vehicle_at(-30 + i))
    [found] = raised([*events, *scene.finish()])
    assert (found.facts["special_duty"], found.zones) == ("Z1", (("Z1", 1),))


def test_a_duty_never_lets_things_stand_longer() -> None:
    text = """
[[rule]]
code = "stall"
version = 1
valid_from = 2026-01-01
type = "stall"
labels = ["stall"]
zone_kinds = ["pavement"]
dwell_s = 100.0
duty_dwell_s = {}
"""
    assert parse(text.format("100"), None)[0].rule.duty_dwell_s == 100.0
    for wrong in ("101.0", "-1", "nan", "true"):
        with pytest.raises(BadRule, match="duty_dwell_s"):
            parse(text.format(wrong), None)


def test_a_jitter_at_the_edge_does_not_end_the_duty() -> None:
    # 55 px of the stall's 100 lie in the duty's half, then 45: less than the rule's half, more than 0.8 of it.
    scene = FixedScene("C", [a_zone(), duty_zone((0.0, 0.4, 0.155, 1.0))], [DUTY])  # type: ignore[list-item]
    found: list[Violation] = []
    for n in range(20):
        shift = 10 if n >= 3 else 0
        box = (STALL[0] + shift, STALL[1], STALL[2] + shift, STALL[3])
        found += raised(scene.look(clock(n / 2), n, SIZE, detections(seen(box=box))))
    assert [v.end - v.start for v in found] == [timedelta(seconds=120)]
