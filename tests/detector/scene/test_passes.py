"""A patrol vehicle drives north past things on its right; their boxes are drawn by the inverse projection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import BadZone
from detector.scene.calendar import from_dict as calendar
from detector.scene.ground import LocalPlane, to_pixels, view_of
from detector.scene.model import (
    Change,
    DoorLine,
    GroundPlace,
    Rule,
    SceneEvent,
    Space,
    Violation,
    Zone,
    ZoneKind,
)
from detector.scene.passes import VehicleScene, _first_of_doubles
from detector.scene.places import distance_m, same_place
from ingest.frame import Position

from .builders import Seen, a_mounting, a_position, a_rule, a_zone, at, detections, looks, raised, rules
from .builders import a_scene as a_fixed_scene
from .builders import seen as a_seen

SIZE = (1920, 1080)
PLANE = LocalPlane(31.2, 121.4)
SPEED = 5.0  # metres a second, due north along east = 0


@dataclass(frozen=True)
class Stand:
    """A thing beside the street. east, north: metres. width, height: metres."""

    east: float
    north: float
    label: str = "stall"
    width: float = 1.6
    height: float = 1.8
    confidence: float = 0.7


def vehicle_at(north: float, heading: float | None = 0.0) -> Position:
    """The vehicle on its street."""
    lon, lat = PLANE.to_wgs84(np.array([0.0, north])).tolist()
    return a_position(lat, lon, heading)


def box_of(stand: Stand, north: float) -> Seen | None:
    """The stand's box from the vehicle at ``north``, cut at the picture's edges; None when out of sight."""
    view = view_of(a_mounting(), 0.0, SIZE)
    foot = np.array([[stand.east, stand.north - north]])
    reach = float(np.hypot(*foot[0]))
    x, y = to_pixels(view, foot)[0].tolist()
    if math.isnan(x) or reach > 60:
        return None
    half, height = view.focal_px * stand.width / 2 / reach, view.focal_px * stand.height / reach
    left, right, top, low = max(0.0, x - half), min(1920.0, x + half), max(0.0, y - height), min(1080.0, y)
    if right - left < 10 or low - top < 10:
        return None
    return (stand.label, (left, top, right, low), stand.confidence)


def a_vehicle(
    zones: Sequence[Zone] = (), doors: Sequence[DoorLine] = (), rules_: Sequence[Rule] | None = None
) -> VehicleScene:
    """A patrol vehicle under the default rules."""
    return VehicleScene("car-1", rules() if rules_ is None else rules_, zones, doors, a_mounting())


def drive(
    scene: VehicleScene, *stands: Stand, start_s: float = 0.0, fps: float = 5.0, metres: float = 80.0
) -> list[SceneEvent]:
    """Drive north from -30 m, looking ``fps`` times a second."""
    events: list[SceneEvent] = []
    for i in range(round(metres / SPEED * fps)):
        t, north = i / fps, -30 + i / fps * SPEED
        what = [box for stand in stands if (box := box_of(stand, north)) is not None]
        events += scene.look(at(start_s + t), i, SIZE, detections(*what), vehicle_at(north))
    return events


def ground(east: float, north: float) -> tuple[float, float]:
    """(longitude, latitude) of local metres."""
    lon, lat = PLANE.to_wgs84(np.array([east, north])).tolist()
    return lon, lat


def a_ground_zone(kind: ZoneKind, west: float, south: float, east: float, north: float, **kw: object) -> Zone:
    """A rectangle on the ground, metres in the test's plane."""
    corners = np.array([ground(west, south), ground(east, south), ground(east, north), ground(west, north)])
    return replace(a_zone(kind), space=Space.GROUND, polygon=corners, **kw)  # type: ignore[arg-type]


def off_m(violation: Violation, stand: Stand) -> float:
    """Metres between where a violation says it is and where it is."""
    assert violation.sighting.ground is not None
    lon, lat = ground(stand.east, stand.north)
    return distance_m(violation.sighting.ground, GroundPlace(lat, lon, 0.0))


def test_one_pass_makes_one_clue_at_the_right_place() -> None:
    scene, stand = a_vehicle(), Stand(5, 10)
    events = drive(scene, stand)
    (violation,) = raised(events)
    assert [event.change for event in events] == [Change.RAISED]
    assert not violation.proven
    assert violation.type == "stall"
    assert off_m(violation, stand) < 0.3
    assert violation.sighting.ground is not None
    assert violation.sighting.ground.error_m > 2.0  # the position's accuracy cannot be averaged away
    first, middle, latest = violation.key_times
    assert first == violation.start < middle < latest == violation.end
    assert violation.facts["looks_seen"] == len(violation.sighting.times)
    assert scene.finish() == []


def test_it_is_raised_at_the_end_when_the_source_ends_before_it_is_behind() -> None:
    scene = a_vehicle()
    assert drive(scene, Stand(5, 10), metres=30) == []
    assert len(raised(scene.finish())) == 1
    assert scene.wanted_times() == frozenset()


def test_two_stalls_side_by_side_are_two() -> None:
    pair = (Stand(5, 10), Stand(5, 13))
    violations = raised(drive(a_vehicle(), *pair))
    assert len(violations) == 2
    for stand in pair:
        assert min(off_m(violation, stand) for violation in violations) < 0.5


def test_positions_that_wander_still_make_one_thing() -> None:
    scene, stand = a_vehicle(), Stand(5, 10)
    random = np.random.default_rng(3)
    events: list[SceneEvent] = []
    for i in range(80):
        north = -30 + i
        what = box_of(stand, north)
        here = PLANE.to_wgs84(np.array([0.0, north]) + random.normal(0, 0.4, 2))
        position = a_position(float(here[1]), float(here[0]), float(random.normal(0, 1.0)) % 360)
        events += scene.look(at(i / 5), i, SIZE, detections(*([what] if what else [])), position)
    (violation,) = raised(events)
    assert off_m(violation, stand) < 1.0


def test_too_few_looks_or_never_sure_is_nothing() -> None:
    assert drive(a_vehicle(rules_=[a_rule(looks_per_pass=200)]), Stand(5, 10)) == []
    assert drive(a_vehicle(), Stand(5, 10, confidence=0.3)) == []
    assert drive(a_vehicle(), Stand(5, 10, label="person")) == []


def test_a_thing_hidden_for_a_while_is_judged_when_it_is_seen_again() -> None:
    scene, stand = a_vehicle(), Stand(5, 3)
    what = box_of(stand, -10)
    assert what is not None
    kept: set[object] = set()
    events: list[SceneEvent] = []
    for i in range(60):  # the vehicle waits; a bus hides the stall from the third second to the tenth
        shown = [] if 2 <= i < 20 else [what]
        now = scene.look(at(i / 2), i, SIZE, detections(*shown), vehicle_at(-10))
        kept = (kept | {at(i / 2)}) & scene.wanted_times()
        events += now
    assert events == []
    (violation,) = raised(scene.finish())
    assert set(violation.key_times) <= kept
    assert violation.facts["looks_seen"] == 42


@settings(max_examples=15, deadline=None)
@given(st.floats(3.5, 9), st.floats(3.5, 9), st.floats(4, 15), st.sampled_from([3.0, 5.0, 10.0]))
def test_every_stand_is_found_once_where_it_is(east: float, other: float, apart: float, fps: float) -> None:
    stands = (Stand(east, 5), Stand(other, 5 + apart))
    scene = a_vehicle()
    violations = raised(drive(scene, *stands, fps=fps) + scene.finish())
    assert len(violations) == 2
    for stand in stands:
        assert min(off_m(violation, stand) for violation in violations) < 0.8


def test_beyond_the_reach_is_nothing() -> None:
    scene = a_vehicle()
    assert drive(scene, Stand(40, 10)) + scene.finish() == []


def test_a_second_pass_is_another_violation_of_the_same_place() -> None:
    scene, stand = a_vehicle(), Stand(5, 10)
    (one,) = raised(drive(scene, stand))
    (two,) = raised(drive(scene, stand, start_s=900))
    assert one.key != two.key
    assert same_place(one, two)
    assert not same_place(one, replace(two, type="cross_door"))


def test_the_same_looks_give_the_same_key() -> None:
    assert raised(drive(a_vehicle(), Stand(5, 10)))[0].key == raised(drive(a_vehicle(), Stand(5, 10)))[0].key


@pytest.mark.parametrize(("hours", "count"), [(["09:00", "11:00"], 0), (["11:00", "12:00"], 1)])
def test_a_permitted_place_on_the_ground_and_its_hours(hours: list[str], count: int) -> None:
    zone = a_ground_zone(ZoneKind.PERMITTED, 2, 5, 8, 15, calendar=calendar({"hours": [hours]}))
    scene = a_vehicle([zone])
    assert len(raised(drive(scene, Stand(5, 10)))) == count
    assert scene.notes.let_off == 1 - count


@pytest.mark.parametrize(("away_m", "count"), [(1.5, 0), (6.0, 1)])
def test_a_permitted_place_within_the_error_lets_off(away_m: float, count: int) -> None:
    # The place begins so far beyond the stand; the position is known to some 2.2 m.
    zone = a_ground_zone(ZoneKind.PERMITTED, 2, 10 + away_m, 8, 20)
    scene = a_vehicle([zone])
    assert len(raised(drive(scene, Stand(5, 10)))) == count
    assert scene.notes.let_off == 1 - count


def test_goods_before_a_door_line_name_its_shop() -> None:
    near = DoorLine("shop-3", np.array([ground(7, 6), ground(7, 14)]))
    far = DoorLine("shop-4", np.array([ground(7, 14), ground(7, 22)]))
    (violation,) = raised(drive(a_vehicle(doors=[far, near]), Stand(5, 10, "shop_goods")))
    assert (violation.type, violation.shop) == ("cross_door", "shop-3")
    assert violation.facts["door_line_found"] is True
    assert violation.facts["door_distance_m"] == pytest.approx(2.0, abs=0.3)


def test_goods_without_a_door_line_near_are_still_a_clue() -> None:
    far = DoorLine("shop-4", np.array([ground(7, 40), ground(7, 50)]))
    (violation,) = raised(drive(a_vehicle(doors=[far]), Stand(5, 10, "shop_goods")))
    assert violation.shop is None
    assert violation.facts["door_line_found"] is False


def test_goods_well_inside_the_door_line_are_the_shops_own() -> None:
    # 4.5 m behind the line: more than the error of some 2.2 m, yet nearer than 3 m + the error.
    line = DoorLine("shop-3", np.array([ground(4, 2), ground(4, 18)]))
    scene = a_vehicle(doors=[line])
    assert drive(scene, Stand(8.5, 10, "shop_goods")) == []
    assert scene.notes.let_off == 1


@pytest.mark.parametrize("line", [[[121.4, 31.2]], [[121.4, 31.2]] * 2, [[31.2, 121.4], [31.3, 121.4]]])
def test_bad_door_lines_are_refused(line: list[list[float]]) -> None:
    with pytest.raises(BadZone):
        a_vehicle(doors=[DoorLine("s", np.array(line))])


def test_looks_without_a_heading_are_counted() -> None:
    scene = a_vehicle()
    scene.look(at(0), 0, SIZE, detections(), None)
    scene.look(at(1), 1, SIZE, detections(), vehicle_at(0, heading=None))
    assert scene.notes.unplaced == 2


def test_one_thing_with_two_labels_is_one_clue() -> None:
    goods = Stand(5, 10, "shop_goods", confidence=0.5)
    (violation,) = raised(drive(a_vehicle(), Stand(5, 10), goods))
    assert violation.type == "stall"


def test_cut_boxes_do_not_bend_the_place() -> None:
    # 3 m beside the vehicle: the last boxes are cut by the picture's right and lower edge.
    stand = Stand(3, 10, width=2.5)
    (violation,) = raised(drive(a_vehicle(), stand))
    assert violation.facts["cut_boxes_only"] is False
    assert off_m(violation, stand) < 0.5


def test_pictures_that_may_be_needed_are_kept_and_few() -> None:
    scene, stand = a_vehicle(), Stand(5, 10)
    kept: set[object] = set()
    for i in range(160):
        north = -30 + i / 2
        what = box_of(stand, north)
        events = scene.look(at(i / 10), i, SIZE, detections(*([what] if what else [])), vehicle_at(north))
        for event in events:
            assert set(event.violation.key_times) <= kept
        wanted = scene.wanted_times()
        assert len(wanted) <= 13
        kept = (kept | {at(i / 10)}) & wanted


def place(violation: Violation, ground_: GroundPlace | None, shop: str | None = None) -> Violation:
    """The violation moved to a ground place."""
    return replace(violation, shop=shop, sighting=replace(violation.sighting, ground=ground_))


def north_of(metres: float, error: float) -> GroundPlace:
    """A place so many metres north of the plane's origin."""
    lon, lat = ground(0, metres)
    return GroundPlace(lat, lon, error)


def test_same_place_over_devices() -> None:
    (one,) = raised(looks(a_fixed_scene(), range(301), a_seen()))
    here = place(one, north_of(0, 0.5))
    # Errors of 0.5 and 0.5 m: 3 m is the reach. Errors of 3 and 4 m: 10 m. Of 9 and 12 m: capped at 12 m.
    assert same_place(here, place(one, north_of(2.9, 0.5)))
    assert not same_place(here, place(one, north_of(3.1, 0.5)))
    assert same_place(place(one, north_of(0, 3.0)), place(one, north_of(9.9, 4.0)))
    assert not same_place(place(one, north_of(0, 3.0)), place(one, north_of(10.1, 4.0)))
    assert not same_place(place(one, north_of(0, 9.0)), place(one, north_of(12.1, 12.0)))
    # Shops decide where both are named.
    assert not same_place(place(one, north_of(0, 1), "a"), place(one, north_of(0, 1), "b"))
    assert same_place(place(one, None, "a"), place(one, north_of(0, 1), "a"))
    assert same_place(place(one, north_of(0, 1), "a"), place(one, north_of(0, 1)))
    # Without ground: the picture of one fixed camera.
    assert same_place(one, one)
    other = replace(one, sighting=replace(one.sighting, device_id="cam-2"))
    assert not same_place(one, other)


def test_a_part_of_a_thing_is_no_thing_of_its_own() -> None:
    whole, part = (100.0, 100.0, 300.0, 400.0), (110.0, 250.0, 290.0, 395.0)
    # All of the part lies in the whole, and their feet are 5 px apart, of 300: within 15 %.
    boxes = np.array([part, whole])
    assert _first_of_doubles(boxes, np.array([0.5, 0.8], np.float32)) == [1]
    # This one lies inside as well, but ends 100 px higher: it stands further away and is another thing.
    beyond = (120.0, 120.0, 200.0, 300.0)
    assert _first_of_doubles(np.array([beyond, whole]), np.array([0.5, 0.8], np.float32)) == [0, 1]


@pytest.mark.parametrize(("piles", "count"), [(3, 1), (2, 0)])
def test_a_thing_under_two_names_is_no_clue(piles: int, count: int) -> None:
    # Equally sure each time: of every four looks three or two say pile. Six tenths must say one.
    scene, events = a_vehicle(), []
    for i in range(80):
        label = "pile" if i % 4 < piles else "stall"
        what = box_of(Stand(5, 10, label), -30 + i)
        events += scene.look(at(i / 5), i, SIZE, detections(*([what] if what else [])), vehicle_at(-30.0 + i))
    assert len(raised([*events, *scene.finish()])) == count
