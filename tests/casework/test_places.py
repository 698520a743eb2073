"""Where a point belongs, and zones with their versions."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from casework.audit.tables import AuditEvent
from casework.db import Database, Session
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.places import queries
from casework.places.service import set_zones
from casework.places.tables import ZoneVersion
from detector.scene.model import Space, ZoneKind
from tests import builders as b

SQUARE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.1, 0.9]]


# Squad and street of a point ---------------------------------------------------------------------------


@pytest.fixture
def district(sqlite: Database) -> Database:
    """Squads A and B side by side, meeting at 121.41 E. A has a street along the middle (ST-A) and one 60 m
    north of it (ST-N); B has one that goes on where ST-A ends."""
    with sqlite.write() as session:
        a, other = b.a_squad(session, "SQ-A"), b.a_squad(session, "SQ-B", column=1)
        b.a_street(session, a, "ST-A")
        north = b.LATITUDE + 60 * b.METRE_NORTH
        b.a_street(session, a, "ST-N", [(121.39, north), (121.41, north)])
        b.a_street(session, other, "ST-B", [(121.41, b.LATITUDE), (121.43, b.LATITUDE)])
    return sqlite


@pytest.mark.parametrize(
    ("north_m", "longitude", "squad", "street"),
    [
        (0, 121.40, "SQ-A", "ST-A"),
        (25, 121.40, "SQ-A", "ST-A"),  # 25 m from ST-A, 35 m from ST-N
        (35, 121.40, "SQ-A", "ST-N"),  # 35 m from ST-A, 25 m from ST-N
        (-39, 121.40, "SQ-A", "ST-A"),  # within the reach of 40 m
        (-41, 121.40, "SQ-A", None),  # beyond it
        (0, 121.42, "SQ-B", "ST-B"),
        # 10 m inside A (0.0001 degrees = 9.5 m): ST-B's end is nearer than nothing, but ST-A is of the squad.
        (20, 121.4099, "SQ-A", "ST-A"),
        (0, 121.50, None, None),  # outside every squad, no street near
        (0, 121.4301, "SQ-B", "ST-B"),  # outside, 10 m beyond ST-B's end: that street, and by it its squad
    ],
)
def test_squad_and_street_of_a_point(
    district: Database, north_m: float, longitude: float, squad: str | None, street: str | None
) -> None:
    with district.read() as session:
        squads = {s.id: s.code for s in queries.squads(session)}
        streets = {s.id: s.code for s in queries.streets(session)}
        found = queries.belongs(session, b.LATITUDE + north_m * b.METRE_NORTH, longitude)
    assert (squads.get(found.squad_id or 0), streets.get(found.street_id or 0)) == (squad, street)


def test_a_street_of_the_own_squad_goes_before_a_nearer_one_of_another(sqlite: Database) -> None:
    """A point in A, 5 m from B's street and 30 m from A's: A's."""
    with sqlite.write() as session:
        a, other = b.a_squad(session, "SQ-A"), b.a_squad(session, "SQ-B", column=1)
        b.a_street(session, other, "ST-B", [(121.39, 31.2), (121.41, 31.2)])
        north = 31.2 + 35 * b.METRE_NORTH
        own = b.a_street(session, a, "ST-A", [(121.39, north), (121.41, north)])
        found = queries.belongs(session, 31.2 + 5 * b.METRE_NORTH, 121.40)
        assert (found.squad_id, found.street_id) == (a.id, own.id)


# Zones ---------------------------------------------------------------------------------------------


def _zone(code: str = "Z1", **changes: Any) -> dict[str, Any]:
    return {"code": code, "kind": "pavement", "polygon": SQUARE, **changes}


def _set(database: Database, zones: list[dict[str, Any]], device: str | None = "CAM-1") -> dict[str, int]:
    """Set zones; returns code -> version of those that hold now."""
    with database.write() as session:
        rows = set_zones(session, "account:li", _device(session, device), zones)
        return {row.code: row.version for row in rows}


def _device(session: Session, code: str | None) -> Device | None:
    return session.scalars(select(Device).where(Device.code == code)).one() if code else None


@pytest.fixture
def camera(database: Database) -> Database:
    """A database with two cameras and a shop."""
    with database.write() as session:
        b.a_device(session, "CAM-1")
        b.a_device(session, "CAM-2")
        b.a_shop(session, b.a_street(session, b.a_squad(session)), "SH-1")
    return database


def test_first_zones_are_version_one(camera: Database) -> None:
    assert _set(camera, [_zone("Z1"), _zone("Z2")]) == {"Z1": 1, "Z2": 1}


def test_unchanged_zones_keep_their_version_and_row(camera: Database) -> None:
    _set(camera, [_zone("Z1", calendar={"hours": [["07:00", "22:00"]]}, shop="SH-1")])
    with camera.read() as session:
        before = [(z.id, z.made_at) for z in session.scalars(select(ZoneVersion))]
    again = _zone("Z1", calendar={"hours": [["07:00", "22:00"]]}, shop="SH-1")
    assert _set(camera, [again]) == {"Z1": 1}
    with camera.read() as session:
        assert [(z.id, z.made_at) for z in session.scalars(select(ZoneVersion))] == before


@pytest.mark.parametrize(
    "change",
    [
        {"polygon": [*SQUARE[:3], [0.1, 0.8]]},
        {"kind": "ignored"},
        {"shop": "SH-1"},
        {"calendar": {"weekdays": [1, 2]}},
    ],
    ids=["polygon", "kind", "shop", "calendar"],
)
def test_a_changed_zone_gets_the_next_version(camera: Database, change: dict[str, Any]) -> None:
    _set(camera, [_zone("Z1"), _zone("Z2")])
    assert _set(camera, [_zone("Z1", **change), _zone("Z2")]) == {"Z1": 2, "Z2": 1}
    with camera.read() as session:
        old = session.scalars(
            select(ZoneVersion).where(ZoneVersion.code == "Z1", ZoneVersion.version == 1)
        ).one()
        new = session.scalars(
            select(ZoneVersion).where(ZoneVersion.code == "Z1", ZoneVersion.version == 2)
        ).one()
    assert old.polygon == SQUARE  # the old one stays as it was
    assert old.replaced_at == new.made_at
    assert (new.replaced_at, new.made_by) == (None, "account:li")


def test_a_missing_zone_ends_and_its_code_counts_on(camera: Database) -> None:
    _set(camera, [_zone("Z1"), _zone("Z2")])
    assert _set(camera, [_zone("Z2")]) == {"Z2": 1}
    assert _set(camera, [_zone("Z1"), _zone("Z2")]) == {"Z1": 2, "Z2": 1}
    assert _set(camera, []) == {}


def test_a_moment_in_between_has_the_zones_of_then(camera: Database) -> None:
    _set(camera, [_zone("Z1")])
    _set(camera, [_zone("Z1", kind="ignored")])
    with camera.read() as session:
        first, second = session.scalars(select(ZoneVersion).order_by(ZoneVersion.version)).all()
        device = first.device_id
        at_first = queries.zones_of(session, device, first.made_at)
        at_second = queries.zones_of(session, device, second.made_at)
    assert [z.version for z in at_first] == [1]
    assert [z.version for z in at_second] == [2]  # at the moment of change the new one holds, and it alone


def test_two_cameras_may_use_one_code(camera: Database) -> None:
    assert _set(camera, [_zone("Z1")], "CAM-1") == {"Z1": 1}
    second = _set(camera, [_zone("Z1")], "CAM-2")
    changed = _set(camera, [_zone("Z1", kind="ignored")], "CAM-1")
    again = _set(camera, [_zone("Z1", kind="ignored")], "CAM-2")
    # (code, version) names one polygon for ever, so the versions of one code never repeat over cameras.
    assert len({1, second["Z1"], changed["Z1"], again["Z1"]}) == 4
    assert changed["Z1"] > 1
    assert again["Z1"] > second["Z1"]


def test_zones_on_the_ground_are_in_degrees_and_apart(camera: Database) -> None:
    ground = [[121.40, 31.20], [121.41, 31.20], [121.41, 31.21]]
    _set(camera, [_zone("Z1")])
    assert _set(camera, [_zone("P1", kind="permitted", polygon=ground, name="夜市")], None) == {"P1": 1}
    with camera.read() as session:
        scene = queries.scene_zone(queries.zones_of(session, None)[0])
        image = queries.scene_zone(queries.zones_of(session, _device(session, "CAM-1").id)[0])  # type: ignore[union-attr]
    assert (scene.space, scene.kind, scene.polygon.tolist()) == (Space.GROUND, ZoneKind.PERMITTED, ground)
    assert (image.space, image.kind, image.polygon.tolist()) == (Space.IMAGE, ZoneKind.PAVEMENT, SQUARE)


@pytest.mark.parametrize(
    "bad",
    [
        {"polygon": SQUARE[:2]},
        {"polygon": [[0.1, 0.5], [1.1, 0.5], [0.9, 0.9]]},
        {"polygon": [[-0.01, 0.5], [0.9, 0.5], [0.9, 0.9]]},
        {"polygon": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]},  # crosses itself
        {"polygon": [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]},  # on one line
        {"polygon": [[0.1, 0.1, 0.1], [0.5, 0.5, 0.5], [0.9, 0.1, 0.1]]},
        {"polygon": [[0.1, "a"], [0.5, 0.5], [0.9, 0.1]]},
        {"polygon": None},
        {"kind": "garden"},
        {"shop": "SH-9"},
        {"calendar": {"weekdays": [8]}},
        {"calendar": {"hours": [["25:00", "26:00"]]}},
    ],
)
def test_one_bad_zone_refuses_all_and_is_named(camera: Database, bad: dict[str, Any]) -> None:
    _set(camera, [_zone("Z1"), _zone("Z2")])
    with camera.read() as session:
        log = len(session.scalars(select(AuditEvent)).all())
    with pytest.raises(Invalid) as caught:
        _set(camera, [_zone("Z1", kind="ignored"), _zone("BAD-1", **bad)])
    assert caught.value.code == "bad_zone"
    assert "BAD-1" in caught.value.zh
    assert "BAD-1" in caught.value.en
    with camera.read() as session:
        rows = session.scalars(select(ZoneVersion).order_by(ZoneVersion.code)).all()
        assert [(z.code, z.version, z.kind, z.replaced_at) for z in rows] == [
            ("Z1", 1, "pavement", None),
            ("Z2", 1, "pavement", None),
        ]
        assert len(session.scalars(select(AuditEvent)).all()) == log


def test_two_zones_of_one_code_are_refused(camera: Database) -> None:
    with pytest.raises(Invalid) as caught:
        _set(camera, [_zone("Z1"), _zone("Z1", kind="ignored")])
    assert caught.value.code == "bad_zone"
