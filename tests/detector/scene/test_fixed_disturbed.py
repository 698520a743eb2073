"""A fixed camera whose looks are disturbed: each thing is one candidate, with the right seconds. By hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import BadZone
from detector.scene.ground import to_pixels, view_of
from detector.scene.model import Change, SceneEvent, Space, Zone, ZoneKind
from detector.scene.rules import FixedScene
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
    rules,
    seen,
)

BUS: Box = (50, 100, 400, 320)  # covers STALL wholly


def planned(every_s: float) -> FixedScene:
    """A camera that looks so seldom by plan."""
    return FixedScene("cam-1", [a_zone()], rules(), look_every_s=every_s)


def test_a_bus_before_it_for_four_minutes_after_it_was_raised_is_one_candidate() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 331, 5), seen())
    events += looks(scene, range(335, 575, 5), seen("car", BUS))
    events += looks(scene, range(575, 1200, 5), seen(), finish=True)
    assert len(raised(events)) == 1
    # The gap of 120 s closes its seconds at the last look before the bus; what follows is the same candidate.
    (end,) = ended(events)
    assert end.end == at(330)
    assert events[-1].gone is False  # something stands there to the end


def test_a_bus_before_it_for_four_minutes_before_it_was_raised_is_one_candidate() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 200, 5), seen())
    events += looks(scene, range(200, 440, 5), seen("car", BUS))
    events += looks(scene, range(440, 800, 5), seen(), finish=True)
    # Nobody saw it for 240 s, longer than the gap: its seconds begin again when the bus has gone.
    (violation,) = raised(events)
    assert (violation.start, violation.end) == (at(440), at(740))


def test_the_lamps_at_dusk_change_boxes_and_confidence_and_make_no_second_candidate() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 400, 10), seen(confidence=0.8))
    # For three minutes nothing is seen, then weakly and with a box that is a tenth off.
    events += looks(scene, range(400, 580, 10))
    dim: Box = (108, 205, 206, 302)
    events += looks(scene, range(580, 1500, 10), seen(box=dim, confidence=0.25), finish=True)
    assert len(raised(events)) == 1


def test_boxes_in_another_order_are_the_same_things() -> None:
    pair = [seen(box=STALL), seen(box=(300, 200, 400, 300))]
    straight, swapped = a_scene(), a_scene()
    a = [e for t in range(0, 400, 5) for e in looks(straight, [t], *pair)]
    b = [e for t in range(0, 400, 5) for e in looks(swapped, [t], *(pair if t % 2 else pair[::-1]))]
    assert {v.key for v in raised(a)} == {v.key for v in raised(b)}
    assert len(raised(a)) == 2


@pytest.mark.parametrize("every", [150, 180, 300])
def test_looks_minutes_apart_by_plan_dwell(every: int) -> None:
    # One look in three is missed; with a gap of 2.5 looks that ends nothing.
    scene = planned(every)
    events = [e for n in range(12) for e in looks(scene, [n * every], *([] if n % 3 == 1 else [seen()]))]
    (violation,) = raised(events)
    assert violation.start == at(0)
    assert scene.notes.too_far_apart == 0


def test_a_plan_of_hours_never_dwells() -> None:
    # A quarter of an hour is the most that anything bridges.
    assert raised(looks(planned(3600), range(0, 8 * 3600, 3600), seen())) == []


def test_the_longest_gap_of_a_plan() -> None:
    rule = a_rule(gap_s=120.0, gap_looks=2.5, gap_most_s=900.0)
    # 2.5 looks, but never less than the rule's own gap nor more than a quarter of an hour.
    assert [rule.longest_gap_s(every) for every in (0, 2, 48, 180, 360, 3600)] == [
        120,
        120,
        120,
        450,
        900,
        900,
    ]
    assert rule.empty_after_s() == 3600  # four of the longest gaps, 900 s, whatever the plan


def test_a_clock_set_back_ends_the_seconds_and_raises_nothing_again() -> None:
    scene = a_scene()
    events = looks(scene, range(3600, 3960, 5), seen())
    assert len(raised(events)) == 1
    # Set back by an hour: the first look is refused, the second shows that the clock goes on from there.
    events += looks(scene, range(360, 1800, 5), seen())
    assert scene.notes.restarts == 1
    assert scene.notes.backwards == 2
    # The place then stays empty for more than 3600 s.
    events += looks(scene, range(1800, 5500, 5))
    assert len(raised(events)) == 1
    (end,) = [e for e in events if e.change is Change.ENDED]
    assert end.gone
    assert end.violation.end == at(3955)


def test_a_clock_set_back_begins_unraised_seconds_anew() -> None:
    scene = a_scene()
    assert raised(looks(scene, range(3600, 3800, 5), seen())) == []
    (violation,) = raised(looks(scene, range(0, 330, 5), seen()))
    # The look at 0 was refused, the one at 5 is the first of the new count.
    assert (violation.start, violation.end) == (at(5), at(305))
    assert violation.facts["stood_from_first_look"] is True


def test_one_look_far_out_of_order_is_left_out() -> None:
    scene = a_scene()
    events = looks(scene, range(1000, 1200, 5), seen())
    events += looks(scene, [10], seen())
    events += looks(scene, range(1200, 1400, 5), seen())
    (violation,) = raised(events)
    assert violation.start == at(1000)
    assert (scene.notes.backwards, scene.notes.restarts) == (1, 0)


def test_a_return_within_the_hour_is_the_same_candidate() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 340, 5), seen())
    events += looks(scene, range(340, 3900, 5))
    events += looks(scene, range(3900, 4400, 5), seen())
    assert len(raised(events)) == 1
    assert ended(events) == []


def test_a_place_that_was_empty_for_longer_has_gone() -> None:
    scene = a_scene()
    events = looks(scene, range(0, 340, 5), seen())
    # Last seen at 335; 3600 s later, at 3935, it is not yet over, at 3940 it is.
    assert looks(scene, range(340, 3940, 5)) == []
    gone = looks(scene, range(3940, 4000, 5))
    assert [(e.change, e.gone, e.violation.end) for e in gone] == [(Change.ENDED, True, at(335))]
    assert len(raised(events + looks(scene, range(4000, 4350, 5), seen()))) == 2


def test_labels_that_do_not_agree_accuse_of_nothing() -> None:
    scene = a_scene([a_zone(), a_zone(ZoneKind.FRONTAGE, "F1", shop="shop-7")])
    events = [e for t in range(0, 900, 5) for e in looks(scene, [t], seen(("stall", "shop_goods")[t % 2]))]
    assert raised(events) == []


def test_an_agreeing_label_decides_between_two_places() -> None:
    # Two things side by side overlap; a box in the middle overlaps both alike (70 of 130 px: 0.54).
    stall, pile = seen("stall", (100, 200, 200, 300), 0.9), seen("pile", (160, 200, 260, 300), 0.9)
    scene = a_scene()
    looks(scene, range(0, 60, 5), stall, pile)
    between: Box = (130, 200, 230, 300)
    looks(scene, range(60, 65, 5), seen("pile", between, 0.9))
    by_label = {thing.label: thing for thing in scene._things.things}
    assert by_label["pile"].history.last_s == 60.0
    assert by_label["stall"].history.last_s == 55.0


def a_surveyed_camera(zones: list[Zone], heading: float = 90.0) -> FixedScene:
    """Looks east from (31.2, 121.4), 5 m up, 20 degrees down."""
    position = Position(31.2, 121.4, heading, None, 0.5, PositionSource.FIXED)
    mounting = a_mounting(height_m=5.0, pitch_deg=20.0, yaw_deg=0.0)
    return FixedScene("cam-1", [a_zone(), *zones], rules(), mounting=mounting, position=position)


def on_the_map(east: float, north: float, kind: ZoneKind = ZoneKind.PERMITTED) -> Zone:
    """A square of 2 m about a point so many metres from the camera; a degree is 95.3 km east, 110.9 km north."""
    square = [(east - 1, north - 1), (east + 1, north - 1), (east + 1, north + 1), (east - 1, north + 1)]
    lonlat = np.array([(121.4 + x / 95300, 31.2 + y / 110900) for x, y in square])
    return Zone("P1", 1, kind, Space.GROUND, lonlat)


@pytest.mark.parametrize(
    ("east", "kind", "lets_off"),
    [
        (10.8, ZoneKind.PERMITTED, True),  # the foot is 10.82 m east: see test_fixed
        (
            12.2,
            ZoneKind.PERMITTED,
            True,
        ),  # 0.4 m outside: within its error (about 0.7 m), doubt speaks for it
        (15.0, ZoneKind.PERMITTED, False),  # 3 m outside
        (10.8, ZoneKind.IGNORED, True),
        (10.8, ZoneKind.PAVEMENT, False),
    ],
)
def test_a_permitted_place_on_the_map_lets_off_what_a_surveyed_camera_sees(
    east: float, kind: ZoneKind, lets_off: bool
) -> None:
    scene = a_surveyed_camera([on_the_map(east, 0.0, kind)])
    assert (raised(looks(scene, range(0, 400, 5), seen(box=(450, 200, 550, 300)))) == []) is lets_off


@pytest.mark.parametrize(
    ("east", "north", "lets_off"),
    [
        (23.7, 0.0, True),  # 0.7 m short of the place, as seen from the camera
        (22.0, 1.85, False),  # 0.85 m beside it
        (22.0, 1.3, True),  # 0.3 m beside it
    ],
)
def test_far_away_a_camera_knows_the_direction_better_than_the_distance(
    east: float, north: float, lets_off: bool
) -> None:
    # At 22 m one sigma is 0.4 degrees of pitch, (5² + 22²) / 5 m x 0.007 = 0.71 m, with 0.35 m of its own place and two
    # pixels along the ray; 1.5 degrees of heading, 0.58 m, with the 0.35 m aside: 0.68 m.
    view = view_of(a_mounting(height_m=5.0, pitch_deg=20.0, yaw_deg=0.0), 90.0, SIZE)
    x, y = to_pixels(view, np.array([[22.0, 0.0]]))[0].tolist()
    foot: Box = (x - 20, y - 40, x + 20, y)
    everywhere = a_zone(code="all", box=(0.0, 0.0, 1.0, 1.0))
    scene = FixedScene(
        "cam-1",
        [everywhere, on_the_map(east, north)],
        rules(),
        mounting=a_mounting(height_m=5.0, pitch_deg=20.0, yaw_deg=0.0),
        position=Position(31.2, 121.4, 90.0, None, 0.5, PositionSource.FIXED),
    )
    assert (raised(looks(scene, range(0, 400, 5), seen(box=foot))) == []) is lets_off


def test_without_a_survey_the_map_lets_nobody_off() -> None:
    scene = FixedScene("cam-1", [a_zone(), on_the_map(10.8, 0.0)], rules())
    assert len(raised(looks(scene, range(0, 400, 5), seen(box=(450, 200, 550, 300))))) == 1


def test_a_zone_on_the_map_is_checked_like_any_other() -> None:
    crossed = Zone("P1", 1, ZoneKind.PERMITTED, Space.GROUND, np.array([[0, 0], [1, 1], [1, 0], [0, 1.0]]))
    with pytest.raises(BadZone, match="crosses"):
        a_surveyed_camera([crossed])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.booleans()), max_size=80))
def test_looks_in_any_order_never_raise_twice_nor_count_backwards(stream: list[tuple[int, bool]]) -> None:
    scene = a_scene(rules_=[a_rule(dwell_s=60.0, spacing_s=10.0, pictures=2)])
    events: list[SceneEvent] = []
    for seconds, here in stream:
        events += scene.look(at(seconds), 0, SIZE, detections(*([seen()] if here else [])))
    events += scene.finish()
    notes = scene.notes
    assert notes.looks + notes.repeated + notes.backwards >= len(stream)
    told: dict[str, list[Change]] = {}
    for event in events:
        violation = event.violation
        assert violation.end - violation.start >= at(60) - at(0)
        assert list(violation.sighting.times) == sorted(set(violation.sighting.times))
        assert violation.sighting.observed_s >= 0
        assert violation.sighting.inferred_s >= 0
        told.setdefault(violation.key, []).append(event.change)
    for changes in told.values():
        assert (changes[0], changes[-1]) == (Change.RAISED, Change.ENDED)
        assert changes.count(Change.RAISED) == changes.count(Change.ENDED) == 1
