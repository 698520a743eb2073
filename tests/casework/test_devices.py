"""Devices: what they are made from, keys, and the days on which an approval holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from casework.db import Database
from casework.devices import queries, service
from casework.devices.tables import Device
from casework.errors import Conflict, Invalid, NotFound
from casework.people.service import hash_token
from ingest.frame import PositionSource
from tests import builders as b

ALL = ["legal_review", "technical_review", "standard", "marked", "published", "maintained", "clock_sync"]


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        # Valid 2026-03-01 to 2026-03-31, both included, as days in Shanghai (UTC + 8).
        (datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC), False),  # Feb 28 23:59:59 there
        (datetime(2026, 2, 28, 16, 0, 0, tzinfo=UTC), True),  # Mar 1 00:00:00
        (datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC), True),  # Mar 31 23:59:59
        (datetime(2026, 3, 31, 16, 0, 0, tzinfo=UTC), False),  # Apr 1 00:00:00
    ],
)
def test_an_approval_holds_for_whole_days_in_shanghai(moment: datetime, holds: bool) -> None:
    device = Device(approvals=b.approvals(date(2026, 3, 1), date(2026, 3, 31)))
    assert service.missing_approvals(device, moment) == ([] if holds else ALL)


def test_each_kind_of_approval_is_asked_for() -> None:
    for kind in ALL:
        assert service.missing_approvals(Device(approvals=b.approvals(without=[kind])), b.START) == [kind]
    assert service.missing_approvals(Device(approvals=[]), b.START) == ALL


def test_a_renewed_approval_holds_over_both_spans() -> None:
    device = Device(
        approvals=[
            *b.approvals(date(2026, 1, 1), date(2026, 6, 30)),
            *b.approvals(date(2026, 7, 1), date(2026, 12, 31), without=["marked"]),
        ]
    )
    assert service.missing_approvals(device, datetime(2026, 6, 30, 4, tzinfo=UTC)) == []
    assert service.missing_approvals(device, datetime(2026, 7, 1, 4, tzinfo=UTC)) == ["marked"]


def _data(**changes: Any) -> dict[str, Any]:
    return {"code": "CAM-9", "kind": "fixed", "squad": "SQ-A", **changes}


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"kind": "drone"}, Invalid, "bad_device"),
        ({"squad": "SQ-X"}, NotFound, "not_found"),
        ({"street": "ST-X"}, NotFound, "not_found"),
        ({"code": "CAM-1"}, Conflict, "device_exists"),
        ({"mounting": {}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "height_m": "high"}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "height_m": 0}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "hfov_deg": 180}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "pitch_deg": float("nan")}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "pitch_deg": -44}}, Invalid, "bad_mounting"),  # it looks at the sky
        ({"mounting": {**b.MOUNTING, "k1": -2}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "width": 1920}}, Invalid, "bad_mounting"),
        ({"mounting": {**b.MOUNTING, "tilt": 3}}, Invalid, "bad_mounting"),
    ],
)
def test_what_makes_no_device(
    sqlite: Database, changes: dict[str, Any], error: type[Exception], code: str
) -> None:
    with sqlite.write() as session:
        b.a_device(session, "CAM-1", squad=b.a_squad(session))
    with pytest.raises(error) as caught, sqlite.write() as session:
        service.add_device(session, "system", _data(**changes))
    assert caught.value.code == code  # type: ignore[attr-defined]
    with sqlite.read() as session:
        assert [d.code for d in queries.devices(session)] == ["CAM-1"]


def test_a_device_as_the_district_file_says(database: Database) -> None:
    approval = {
        "kind": "marked",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "document": "d",
        "person": "p",
    }
    with database.write() as session:
        b.a_squad(session)
        service.add_device(
            session, "system", _data(latitude=31.2, longitude=121.4, heading_deg=90, approvals=[approval])
        )
    with database.read() as session:
        device = queries.device_by_code(session, "CAM-9")
    assert device.squad is not None
    assert (device.squad.code, device.name, device.heading) == ("SQ-A", "CAM-9", 90)
    assert [(a.kind, a.valid_from, a.valid_to) for a in device.approvals] == [
        ("marked", date(2026, 1, 1), date(2026, 12, 31))
    ]
    position = service.fixed_position(device)
    assert position is not None
    assert (position.latitude, position.longitude, position.heading) == (31.2, 121.4, 90)
    assert position.source is PositionSource.FIXED


def test_a_new_key_ends_the_old_one_and_is_kept_as_a_hash(database: Database) -> None:
    with database.write() as session:
        device = b.a_device(session)
        first = service.give_key(session, "system", device)
        second = service.give_key(session, "system", device)
    assert first != second
    assert second.startswith("jx_")
    with database.read() as session:
        assert queries.device_by_key(session, hash_token(first)) is None
        found = queries.device_by_key(session, hash_token(second))
        assert found is not None
        assert found.code == "CAM-1"
        assert session.scalars(select(Device.key_hash)).one() == hash_token(second)


def test_the_key_of_a_device_out_of_service_opens_nothing(database: Database) -> None:
    with database.write() as session:
        device = b.a_device(session)
        key = service.give_key(session, "system", device)
        device.active = False
    with database.read() as session:
        assert queries.device_by_key(session, hash_token(key)) is None


def test_unknown_device(sqlite: Database) -> None:
    with sqlite.read() as session:
        assert not queries.is_registered(session, "CAM-1")
        with pytest.raises(NotFound, match="CAM-1"):
            queries.device_by_code(session, "CAM-1")


def test_a_mounting_by_focal_length_and_with_a_lens(sqlite: Database) -> None:
    given = {k: v for k, v in b.MOUNTING.items() if k != "hfov_deg"}
    with sqlite.write() as session:
        b.a_squad(session)
        data = {**given, "focal_px": 960, "width": 1920, "height": 1080, "k1": -0.05}
        kept = service.add_device(session, "system", _data(mounting=data)).mounting
    assert kept is not None
    assert kept["hfov_deg"] == pytest.approx(90.0)  # half of 1920 px at 960 px: 45 degrees
    assert (kept["k1"], kept["width"], kept["height"]) == (-0.05, 1920, 1080)
    assert service.mounting_from(kept).k1 == -0.05
