"""A fixed camera from looks to violations. Expected values are worked out by hand in the comments.

The default rule asks for 300 s, 3 pictures 60 s apart, and lets 120 s of absence pass.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scene.calendar import SHANGHAI
from detector.scene.calendar import from_dict as calendar
from detector.scene.model import Change, Rule, ZoneKind
from detector.scene.rules import FixedScene
from ingest.errors import BadTime
from ingest.frame import Position, PositionSource

from .builders import (
    SIZE,
    STALL,
    Box,
    a_mounting,
    a_rule,
    a_scene,
    a_zone,
    at,
    detections,
    ended,
    looks,
    raised,
    seen,
)

MINUTES_7 = range(0, 421, 1)


def test_a_thing_that_stood_from_the_first_look_is_raised_once() -> None:
    scene = a_scene()
    events = looks(scene, MINUTES_7, seen(), finish=True)
    # Raised at 300 s, updated 60 and 120 s later, ended by the source's end at 420 s.
    assert [event.change for event in events] == [
        Change.RAISED,
        Change.UPDATED,
        Change.UPDATED,
        Change.ENDED,
    ]
    born, last = events[0].violation, events[-1].violation
    # The ladder is 0, 60 ... 240 and the look at hand, 300.
    # Half way lies 150: 120 and 180 are as near, 120 is first.
    assert born.key_times == (at(0), at(120), at(300))
    assert (born.start, born.end) == (at(0), at(300))
    assert (born.type, born.rule, born.rule_version, born.zones) == ("stall", "stall", 1, (("Z1", 1),))
    assert born.proven
    assert born.facts == {
        "dwell_s": 300.0,
        "observed_s": 300.0,
        "inferred_s": 0.0,
        "longest_step_s": 1.0,
        "mean_confidence": 0.8,
        "looks_seen": 301,
        "looks_missed": 0,
        "looks_hidden": 0,
        "pictures": 3,
        "least_spacing_s": 120.0,
        "zone_share": 1.0,
        "label_share": 1.0,
        "stood_from_first_look": True,
    }
    assert last.key == born.key
    assert (last.end, last.key_times) == (at(420), (at(0), at(120), at(420)))
    np.testing.assert_allclose(born.sighting.xyxy[0], STALL, atol=1e-3)
    np.testing.assert_allclose(born.sighting.place, [0.1, 0.4, 0.2, 0.6], atol=1e-6)


def test_occlusion_by_a_person_for_two_looks_changes_nothing_but_the_inferred_seconds() -> None:
    scene = a_scene()
    looks(scene, range(0, 100), seen())
    looks(scene, (100, 101), seen("person", (90, 150, 210, 320)))
    (violation,) = raised(looks(scene, range(102, 301), seen()))
    # Unseen from 99 to 102: 3 s inferred; 297 s observed.
    assert violation.facts["dwell_s"] == 300.0
    assert (violation.facts["observed_s"], violation.facts["inferred_s"]) == (297.0, 3.0)
    assert (violation.facts["looks_missed"], violation.facts["looks_hidden"]) == (2, 2)


def test_observed_and_inferred_are_exact() -> None:
    rule = a_rule(dwell_s=20, spacing_s=5)
    scene = a_scene(rules_=[rule])
    looks(scene, (0, 2, 4, 6), seen())  # 6 s observed
    looks(scene, (8, 10))  # missed twice
    looks(scene, (12, 14), seen())  # 6 s inferred, 2 s observed
    (violation,) = raised(looks(scene, (19, 22), seen()))
    # The step of 5 s is longer than 1.5 times the median step of 2 s: inferred, though no look missed it.
    # The step from 19 to 22 is 3 s, just 1.5 times the median: observed.
    assert violation.facts["observed_s"] == 6 + 2 + 3
    assert violation.facts["inferred_s"] == 6 + 5
    assert violation.facts["longest_step_s"] == 6.0
    assert violation.sighting.observed_s + violation.sighting.inferred_s == 22.0


@pytest.mark.parametrize("dropped", [0.3, 0.6])
def test_dropped_frames_neither_stretch_nor_shrink_a_dwell(dropped: float) -> None:
    kept = np.random.default_rng(7).random(401) >= dropped
    times = [t for t in range(401) if kept[t]]
    (violation,) = raised(looks(a_scene(), times, seen()))
    first = times[0]
    due = next(t for t in times if t - first >= 300)  # the first look at which 300 s are full
    assert violation.end == at(due)
    assert violation.facts["dwell_s"] == due - first


def test_a_flickering_label_makes_one_violation_of_the_label_with_more_evidence() -> None:
    scene = a_scene([a_zone(), a_zone(ZoneKind.FRONTAGE, "F1", (0, 0.4, 0.5, 1), "shop-7")])
    events = []
    for t in range(0, 331):
        label = "stall" if t % 3 == 0 else "shop_goods"
        events += looks(scene, [t], seen(label))
    (violation,) = raised(events)
    assert violation.type == "cross_door"
    assert violation.shop == "shop-7"
    assert violation.facts["dwell_s"] == 300.0
    assert violation.facts["label_share"] == pytest.approx(200 / 301, abs=1e-3)


def test_one_thing_with_two_labels_is_one_thing() -> None:
    scene = a_scene([a_zone(), a_zone(ZoneKind.FRONTAGE, "F1", shop="shop-7")])
    both = (seen("stall", STALL, 0.9), seen("shop_goods", (105, 195, 205, 300), 0.6))
    (violation,) = raised(looks(scene, MINUTES_7, *both))
    assert (violation.type, violation.shop) == ("stall", "shop-7")
    assert violation.facts["looks_seen"] == 301


def test_two_things_side_by_side_are_two() -> None:
    pair = (seen(box=(100, 200, 200, 300)), seen(box=(205, 200, 305, 300)))
    violations = raised(looks(a_scene(), MINUTES_7, *pair))
    assert len({violation.key for violation in violations}) == len(violations) == 2


def test_a_cart_that_stops_for_a_minute_is_nothing() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 61), seen())
    for t in range(61, 400):
        events += looks(scene, [t], seen(box=(100 + 10 * (t - 60), 200, 200 + 10 * (t - 60), 300)))
    assert events + scene.finish() == []


def test_a_cart_pushed_slowly_never_stands() -> None:
    scene = a_scene()
    events = []
    for t in range(800):  # one pixel a second, a hundredth of its width
        events += looks(scene, [t], seen(box=(100 + t, 200, 200 + t, 300)))
    assert events + scene.finish() == []


@pytest.mark.parametrize("label", ["person", "car"])
def test_persons_and_parked_cars_are_nothing(label: str) -> None:
    scene = a_scene()
    assert looks(scene, range(0, 601, 2), seen(label), finish=True) == []
    assert scene.wanted_times() == frozenset()


def test_off_the_pavement_is_nothing() -> None:
    road_only = [a_zone(box=(0.5, 0.4, 1, 1))]
    assert raised(looks(a_scene(road_only), MINUTES_7, seen())) == []
    assert raised(looks(a_scene([]), MINUTES_7, seen())) == []


def test_a_foot_across_two_zones_counts_in_both() -> None:
    # STALL's foot is 0.1 to 0.2 wide; each zone holds 45 % of it, one half is asked for.
    zones = [a_zone(code="a", box=(0, 0, 0.145, 1)), a_zone(code="b", box=(0.155, 0, 1, 1))]
    (violation,) = raised(looks(a_scene(zones), MINUTES_7, seen()))
    assert violation.zones == (("a", 1), ("b", 1))
    assert violation.facts["zone_share"] == pytest.approx(0.9, abs=1e-3)


def test_a_permitted_place_holds_only_in_its_hours() -> None:
    until_ten = calendar({"hours": [["07:00", "10:05"]]})  # START is 10:00 in Shanghai
    scene = a_scene([a_zone(), a_zone(ZoneKind.PERMITTED, "P1", calendar=until_ten)])
    events = looks(scene, range(0, 700, 5), seen())
    (violation,) = raised(events)
    # The permission ends at 300 s; the first look without it is the one at 300 s, 300 s later it is full.
    assert (violation.start, violation.end) == (at(300), at(600))
    assert violation.facts["stood_from_first_look"] is False
    assert violation.facts["looks_seen"] == 61
    assert violation.facts["observed_s"] == 300.0


def test_what_stays_through_the_hours_of_a_permission_is_one_candidate() -> None:
    # It never left: what stands there afterwards is the same matter (DOMAIN.md, one open candidate).
    an_hour = calendar({"hours": [["10:06", "11:10"]]})
    scene = a_scene([a_zone(), a_zone(ZoneKind.PERMITTED, "P1", calendar=an_hour)])
    events = looks(scene, range(0, 5400, 5), seen())
    assert len(raised(events)) == 1
    assert ended(events) == []
    gone = looks(scene, range(5400, 9100, 5))  # last seen at 5395
    assert [(e.change, e.gone, e.violation.end) for e in gone] == [(Change.ENDED, True, at(355))]


def test_a_permission_that_begins_ends_the_violation() -> None:
    from_ten = calendar({"hours": [["10:06", "22:00"]]})
    scene = a_scene([a_zone(), a_zone(ZoneKind.PERMITTED, "P1", calendar=from_ten)])
    events = looks(scene, range(0, 700, 5), seen(), finish=True)
    (end,) = ended(events)
    assert end.end == at(355)  # the last look before 10:06
    assert end.facts["dwell_s"] == 355.0
    assert end.sighting.times[-1] == at(355)


def test_ignored_ground_is_never_judged() -> None:
    assert raised(looks(a_scene([a_zone(), a_zone(ZoneKind.IGNORED, "I")]), MINUTES_7, seen())) == []


def test_a_gap_longer_than_allowed_begins_the_seconds_anew() -> None:
    scene = a_scene()
    looks(scene, range(0, 201), seen())
    # Last seen at 200; at 320 the gap of 120 s is full, at 321 it is over.
    looks(scene, range(201, 322))
    (violation,) = raised(looks(scene, range(322, 700), seen(), finish=True))
    assert (violation.start, violation.end) == (at(322), at(622))


def test_a_gap_just_as_long_as_allowed_is_survived() -> None:
    scene = a_scene()
    looks(scene, range(0, 101), seen())
    looks(scene, range(101, 220))
    (violation,) = raised(looks(scene, range(220, 301), seen()))
    assert violation.start == at(0)
    assert violation.facts["inferred_s"] == 120.0


def test_a_rule_with_a_shorter_gap_than_its_neighbour() -> None:
    strict = a_rule("stall", gap_s=10.0)
    scene = a_scene(rules_=[strict, a_rule("stacked_goods")])
    looks(scene, range(0, 201), seen())
    looks(scene, range(201, 230))
    events = looks(scene, range(230, 531), seen())
    assert raised(events)[0].start == at(230)


def test_looks_minutes_apart() -> None:
    events = looks(a_scene(), range(0, 1000, 100), seen())
    (violation,) = raised(events)
    assert violation.key_times == (at(0), at(100), at(300))
    assert (
        violation.facts["observed_s"] == 300.0
    )  # the normal step of this camera is 100 s; longest_step_s tells it
    assert violation.facts["longest_step_s"] == 100.0


def test_looks_further_apart_than_the_gap_are_counted() -> None:
    scene = a_scene()
    assert raised(looks(scene, range(0, 2000, 200), seen())) == []
    assert scene.notes.too_far_apart == 9


def test_the_clock_that_jumps_back_is_ignored_and_counted() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 200), seen())
    events += looks(scene, (199, 100, 101, 102), seen())
    events += looks(scene, range(200, 301), seen())
    (violation,) = raised(events)
    assert violation.facts["dwell_s"] == 300.0
    assert violation.facts["looks_seen"] == 301
    assert (scene.notes.repeated, scene.notes.backwards, scene.notes.furthest_back_s) == (1, 3, 99.0)


def test_a_capture_time_must_be_utc() -> None:
    with pytest.raises(BadTime):
        a_scene().look(datetime(2026, 5, 1, tzinfo=SHANGHAI), 0, SIZE, detections())


def test_a_place_that_false_boxes_hit_now_and_then_is_nothing() -> None:
    scene, often = a_scene(), a_scene()
    assert [e for t in range(900) for e in looks(scene, [t], *([seen()] if t % 6 == 0 else []))] == []
    assert raised([e for t in range(301) for e in looks(often, [t], *([seen()] if t % 4 == 0 else []))])


def test_hysteresis_begins_sure_and_goes_on_unsure() -> None:
    scene = a_scene()
    assert looks(scene, range(0, 400), seen(confidence=0.3)) == []  # never sure enough to begin (0.4)
    looks(scene, [400], seen(confidence=0.4))
    (violation,) = raised(looks(scene, range(401, 720), seen(confidence=0.2)))
    assert violation.start == at(400)


def test_the_pictures_may_come_later_than_the_dwell() -> None:
    # 300 s are full at the third look, but only looks at 0 and 290 lie apart enough until 350.
    scene = a_scene(rules_=[a_rule(gap_s=400.0)])
    assert raised(looks(scene, (0, 290, 300, 310), seen())) == []
    (violation,) = raised(looks(scene, (350,), seen()))
    assert violation.key_times == (at(0), at(290), at(350))


def test_key_pictures_are_kept_and_bounded() -> None:
    scene = a_scene(rules_=[a_rule(dwell_s=3600.0, spacing_s=10.0)])
    kept: set[datetime] = set()
    for t in range(0, 4000, 5):
        events = looks(scene, [t], seen())
        wanted = scene.wanted_times()
        assert len(wanted) <= 12
        # A pipeline that keeps only what is wanted, look by look, still has each key picture.
        kept = (kept | {at(t)}) & wanted
        for event in events:
            assert set(event.violation.key_times) <= kept
            assert set(event.violation.key_times) <= set(event.violation.sighting.times)
            assert len(event.violation.sighting.times) <= 800


def test_a_label_that_changes_late_keeps_its_pictures() -> None:
    scene = a_scene()  # no frontage, so shop goods break no rule here and none of their pictures is kept
    kept: set[datetime] = set()
    born = []
    for t in range(0, 500):
        events = looks(scene, [t], seen("shop_goods" if t < 150 else "stall"))
        kept = (kept | {at(t)}) & scene.wanted_times()
        for event in events:
            assert set(event.violation.key_times) <= kept
        born += raised(events)
    # 300 s are full at 300 and the evidence turns there too, but stall pictures exist only from 150 on.
    assert [violation.start for violation in born] == [at(0)]
    assert born[0].key_times[0] == at(150)


def test_one_box_inside_another_is_one_thing_if_of_like_size_and_other_label() -> None:
    zones = [a_zone(), a_zone(ZoneKind.FRONTAGE, "F1", shop="shop-7")]
    goods, basket = (110, 240, 190, 298), (110, 280, 130, 298)
    assert len(raised(looks(a_scene(zones), MINUTES_7, seen(), seen("shop_goods", goods)))) == 1
    assert len(raised(looks(a_scene(zones), MINUTES_7, seen(), seen("shop_goods", basket)))) == 2


def test_two_places_that_are_one_make_one_open_violation() -> None:
    # Seen now whole, now only its right third: the boxes overlap too little to be one place.
    scene, events = a_scene(), []
    for t in range(0, 500):
        box: Box = (100, 200, 200, 300) if t % 2 == 0 else (172, 200, 200, 300)
        events += looks(scene, [t], seen(box=box))
    assert len(raised(events)) == 1
    assert scene.notes.duplicates > 0


def test_the_ground_place_of_a_surveyed_camera() -> None:
    position = Position(31.2, 121.4, 90.0, None, 0.5, PositionSource.FIXED)
    mounting = a_mounting(height_m=5.0, pitch_deg=20.0, yaw_deg=0.0)
    scene = FixedScene("cam-1", [a_zone()], [a_rule()], mounting=mounting, position=position)
    (violation,) = raised(looks(scene, MINUTES_7, seen(box=(450, 200, 550, 300))))
    ground = violation.sighting.ground
    assert ground is not None
    # Looks east; the foot is 50 px below the middle: f = 500 / tan 40° = 595.9 px, depression 20° + 4.797°,
    # so it stands 5 / tan 24.797° = 10.82 m east; a degree of longitude is 95.3 km here.
    assert ground.latitude == pytest.approx(31.2, abs=1e-6)
    assert (ground.longitude - 121.4) * 95300 == pytest.approx(10.82, abs=0.02)


def test_another_picture_size_is_the_same_place() -> None:
    scene = a_scene()
    looks(scene, range(0, 200), seen())
    events = []
    for t in range(200, 301):
        half = detections(seen(box=(50, 100, 100, 150)))
        events += scene.look(at(t), t, (500, 250), half)
    (violation,) = raised(events)
    assert violation.sighting.size == SIZE
    np.testing.assert_allclose(violation.sighting.xyxy[-1], STALL, atol=1e-3)


def test_the_same_looks_give_the_same_key_and_a_new_version_another() -> None:
    def key(rule: Rule) -> str:
        return raised(looks(a_scene(rules_=[rule]), MINUTES_7, seen()))[0].key

    assert key(a_rule()) == key(a_rule())
    assert key(a_rule()) != key(a_rule(version=2))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.2, 100), min_size=1, max_size=60),
    st.lists(st.booleans(), min_size=60, max_size=60),
)
def test_seconds_always_add_up(steps: list[float], visible: list[bool]) -> None:
    scene, t, events = a_scene(rules_=[a_rule(dwell_s=60.0, spacing_s=10.0)]), 0.0, []
    for step, here in zip(steps, visible, strict=False):
        t += step
        events += looks(scene, [t], *([seen()] if here else []))
    events += scene.finish()
    changes: dict[str, list[Change]] = {}
    for event in events:
        violation = event.violation
        facts, sighting = violation.facts, violation.sighting
        span = (sighting.times[-1] - sighting.times[0]).total_seconds()
        assert sighting.observed_s + sighting.inferred_s == pytest.approx(span, abs=0.01)
        assert facts["dwell_s"] == pytest.approx(span, abs=0.01)
        assert span >= 60 - 1e-3
        assert list(violation.key_times) == sorted(set(violation.key_times))
        assert len(violation.key_times) == 3
        assert facts["least_spacing_s"] >= 10 - 1e-3  # type: ignore[operator]
        assert violation.key_times[-1] <= violation.end
        gaps = [(b - a).total_seconds() for a, b in zip(sighting.times, sighting.times[1:], strict=False)]
        assert max(gaps) <= 120 + 1e-3
        changes.setdefault(violation.key, []).append(event.change)
    for told in changes.values():
        assert told[0] is Change.RAISED
        assert told[-1] is Change.ENDED
        assert set(told[1:-1]) <= {Change.UPDATED}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 0.8))
def test_the_dwell_differs_by_one_look_at_most_however_many_are_dropped(seed: int, share: float) -> None:
    random = np.random.default_rng(seed).random(500)
    times = [0, *(t for t in range(1, 500) if random[t] >= share)]
    (violation,) = raised(looks(a_scene(), times, seen()))
    last = violation.sighting.times[-1]
    before = violation.sighting.times[-2]
    assert (before - violation.start).total_seconds() < 300 <= (last - violation.start).total_seconds()


def test_start_is_a_utc_moment() -> None:
    assert at(0).tzinfo is UTC
