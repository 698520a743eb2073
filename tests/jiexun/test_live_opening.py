"""Opening live cameras: read ahead for many by the same statements, to the same end as one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from sqlalchemy import event

from casework.db import Database, utcnow
from casework.devices.pictures import add_picture
from casework.devices.queries import device_by_code
from casework.devices.tables import Device
from casework.live.queries import Changes, Mark
from casework.live.rehearsal import many_cameras
from casework.places.service import set_zones
from casework.places.tables import ZoneVersion
from casework.plans.model import Due
from casework.plans.schedule import lease_due, refresh
from detector.backends.scripted import ScriptedDetector
from ingest.streams.model import StreamAddress, StreamKind
from jiexun.house import House, open_house
from jiexun.live.camera import LiveCamera, Site
from jiexun.live.looker import Lookers
from jiexun.live.opening import Opening
from jiexun.live.references import References
from jiexun.live.seers import Seers
from jiexun.live.spool import Spool
from jiexun.pipeline.judging import Exempt
from jiexun.settings import load
from jiexun.warehouse import Detectors
from tests.jiexun.painted import NAMES, Thing, picture
from tests.jiexun.test_classfree import blind

AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def jpeg() -> bytes:
    done, data = cv2.imencode(".jpg", picture([Thing("stall", (40, 140, 100, 200), 0, 1)], 0))
    assert done
    return data.tobytes()


def opening_of(house: House) -> Opening:
    spool = Spool(house.settings.spool_dir)
    return Opening(house, spool, References(house.store, spool.root / "references"))


def seers() -> Seers:
    return Seers(Detectors(ScriptedDetector(blind, NAMES)))


def due(house: House, code: str, token: str = "t") -> Due:
    with house.database.read() as session:
        device_id = device_by_code(session, code).id
    address = StreamAddress(StreamKind.FOLDER, "file:///nowhere")
    return Due(device_id, code, AT, 20.0, 1, (), None, None, token, address, None, None)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_forty_cameras_are_read_by_the_statements_of_one(tmp_path: Path) -> None:
    with open_house(settings=load(tmp_path / "home")) as house:
        shown = house.store.put(jpeg())
        now = utcnow()
        with house.database.write() as session:
            many_cameras(
                session, 41, 300.0, lambda n: f"http://127.0.0.1:9/{n}", lambda n: (shown, 320, 240), now
            )
            refresh(session, now)
            dues = lease_due(session, now + timedelta(seconds=301), 41, "w")
        opening, looking = opening_of(house), seers()
        with statements(house.database) as for_one:
            opening.read_ahead(dues[:1])
        opening_again = opening_of(house)
        with statements(house.database) as for_all:
            opening_again.read_ahead(dues[1:])
        assert len(for_one) == len(for_all) <= 14
        with statements(house.database) as sent:
            cameras = [opening_again.open(looking, one, now, None) for one in dues[1:]]
        assert sent == []
        assert [c.site.device.id for c in cameras] == [one.device_id for one in dues[1:]]
        assert len({c.site.stamp for c in cameras}) == 40  # each has a zone of its own


def told(site: Site) -> Any:
    """What a device is judged by, without when it was read."""
    zones = [(z.code, z.version, z.polygon.tolist()) for z in site.around.zones]
    rules = [(since, row.version) for since, row in site.around.later]
    return (
        site.device.code,
        site.stamp,
        zones,
        site.around.rules.version,
        rules,
        site.names,
        site.around.look_every_s,
    )


def test_what_is_read_ahead_is_what_one_alone_reads(house: House) -> None:
    with house.database.write() as session:
        add_picture(session, house.store, "test", device_by_code(session, "C-2"), jpeg_of_size(640, 480))
    dues = [due(house, code) for code in ("C-1", "C-2", "C-3")]
    ahead, alone = opening_of(house), opening_of(house)
    ahead.read_ahead(dues)
    now = utcnow()
    both = [[told(o.open(seers(), d, now, None).site) for d in dues] for o in (ahead, alone)]
    assert both[0] == both[1]
    assert [len(one[2]) for one in both[0]] == [2, 2, 0]
    ahead.read_ahead(dues)
    ahead.forget(dues[0].device_id)  # its picture did not come
    with statements(house.database) as sent:
        ahead.open(seers(), dues[0], now, None)
    assert sent != []


def jpeg_of_size(width: int, height: int) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.resize(picture([], 0), (width, height)))
    assert done
    return data.tobytes()


def redraw(house: House, code: str) -> None:
    zone = {"code": f"{code}-new", "kind": "pavement", "polygon": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}
    with house.database.write() as session:
        set_zones(session, "test", device_by_code(session, code), [zone])


def codes(camera: LiveCamera) -> list[str]:
    return [zone.code for zone in camera.site.around.zones]


@pytest.mark.parametrize("everything", [False, True])
def test_what_was_changed_after_it_was_read_is_read_again(house: House, everything: bool) -> None:
    opening, looking, one = opening_of(house), seers(), due(house, "C-1")
    opening.read_ahead([one])
    redraw(house, "C-1")
    opening.changed(everything)
    assert codes(opening.open(looking, one, utcnow(), None)) == ["C-1-new"]


def test_what_another_lease_or_another_day_asks_is_read_again(house: House) -> None:
    opening, looking, one = opening_of(house), seers(), due(house, "C-1")
    opening.read_ahead([one])
    redraw(house, "C-1")
    assert codes(opening.open(looking, replace(one, token="later"), utcnow(), None)) == ["C-1-new"]
    opening.read_ahead([one])
    camera = opening.open(looking, one, AT, None)  # a picture of another day came
    assert camera.day == AT.date()


def test_a_camera_that_goes_on_is_not_read_ahead(house: House, tmp_path: Path) -> None:
    one, now = due(house, "C-1"), utcnow()
    known = {one.device_id: opening_of(house).open(seers(), one, now, None)}
    lookers = Lookers(
        house,
        Spool(tmp_path / "spool"),
        lambda: Detectors(ScriptedDetector(blind, NAMES)),
        known,
        lambda o: None,
        lambda e: None,
    )
    with statements(house.database) as sent:
        lookers.expect([one])
    assert sent == []
    lookers.changed(Changes(Mark(), frozenset({"C-1"}), False))
    with statements(house.database) as sent:
        lookers.expect([one])
    assert sent != []


def test_only_places_within_sight_of_a_surveyed_camera_let_off() -> None:
    """At 39.9 degrees north 500 m are 0.004492 degrees of latitude, and 0.005855 of longitude (500 / 111320 / cos)."""

    def place(code: str, kind: str, west: float, south: float) -> ZoneVersion:
        corners = [[west, south], [west + 0.001, south], [west + 0.001, south + 0.001], [west, south + 0.001]]
        return ZoneVersion(code=code, version=1, kind=kind, polygon=corners, properties={}, calendar=None)

    ground = [
        place("here", "permitted", 116.3995, 39.8995),
        place("east", "permitted", 116.4058, 39.9),  # 0.0058 off
        place("too far east", "permitted", 116.4059, 39.9),
        place("north", "ignored", 116.4, 39.9044),
        place("too far north", "ignored", 116.4, 39.9046),
        place("pavement", "pavement", 116.3995, 39.8995),
    ]
    exempt = Exempt(ground)
    camera = Device(code="C", kind="fixed", latitude=39.9, longitude=116.4)
    assert [zone.code for zone in exempt.within_sight(camera)] == ["here", "east", "north"]
    assert exempt.within_sight(Device(code="C", kind="fixed", latitude=None, longitude=None)) == []
    assert Exempt([]).within_sight(camera) == []
