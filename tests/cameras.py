"""Cameras with streams and plans, in one line each. Addresses lead nowhere: port 9 is closed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import insert, literal, select

from casework.db import Session
from casework.devices.tables import Approval, Device
from casework.plans.tables import Plan
from casework.streams.sealing import sealer_of
from casework.streams.tables import Stream
from casework.words import words
from tests import builders as b


def a_camera(session: Session, code: str, **changes: Any) -> Device:
    """A fixed camera with a snapshot address. changes: of ``a_stream``, or group, squad, street, approved."""
    of_device = {name: changes.pop(name) for name in ("squad", "street", "approved") if name in changes}
    device = b.a_device(session, code, camera_group=changes.pop("group", None), **of_device)
    a_stream(session, device, **changes)
    return device


def a_stream(session: Session, device: Device, **changes: Any) -> Stream:
    """The stream of a camera that is there. password: sealed. The rest: columns of Stream."""
    password = changes.pop("password", None)
    values: dict[str, Any] = {
        "kind": "snapshot",
        "url": f"http://127.0.0.1:9/{device.code}.jpg",
        "transport": "tcp",
    }
    if password is not None:
        values["password_sealed"] = sealer_of(session).seal(password, device.code)
    row = Stream(**{**values, "device_id": device.id, "made_at": b.START, "active": True, **changes})
    session.add(row)
    session.flush()
    return row


def cameras(session: Session, count: int) -> None:
    """Many, all at once: K-00001, K-00002 ..."""
    base: dict[str, Any] = {"kind": "fixed", "name_en": "", "active": True, "made_at": b.START}
    codes = [f"K-{n:05}" for n in range(1, count + 1)]
    session.execute(insert(Device), [{**base, "code": code, "name": f"{code} 号机"} for code in codes])
    ids = session.execute(select(Device.id, Device.code).where(Device.code.startswith("K-")))
    stream = {"kind": "snapshot", "transport": "tcp", "active": True, "made_at": b.START, "quiet_looks": 0}
    session.execute(
        insert(Stream),
        [{**stream, "device_id": number, "url": f"http://127.0.0.1:9/{code}.jpg"} for number, code in ids],
    )


def standing_cameras(session: Session, count: int) -> None:
    """Many on the map, without streams, all approvals held: D-00001 ... in rows of 130 from west to east, 0.0002
    degrees apart, from 31.3 N 121.5 E on. Every tenth stands in 武定路, the others in 愚园路.
    """
    rows = [
        {
            "code": f"D-{n + 1:05}", "kind": "fixed", "name_en": "", "active": True, "made_at": b.START,
            "name": f"{'武定' if n % 10 == 9 else '愚园'}路 {n + 1} 号机",
            "latitude": 31.3 + (n // 130) * 0.0002, "longitude": 121.5 + (n % 130) * 0.0002,
        }
        for n in range(count)
    ]  # fmt: skip
    session.execute(insert(Device), rows)
    into = ["device_id", "kind", "valid_from", "valid_to", "document", "person"]
    for word in words("approvals"):
        held = (word.code, date(2026, 1, 1), date(2026, 12, 31), "文", "某某")
        each = select(Device.id, *(literal(value) for value in held)).where(Device.code.startswith("D-"))
        session.execute(insert(Approval).from_select(into, each))


def a_plan(session: Session, code: str = "P-1", **changes: Any) -> Plan:
    """A plan for the whole district that holds always, unless told otherwise."""
    values: dict[str, Any] = {
        "version": 1,
        "name": f"预案 {code}",
        "targets": {"district": True},
        "interval_s": 300.0,
        "types": [],
        "weight": 1.0,
        "special": [],
        "active": True,
        "reason": "",
        "made_by": "system",
        "by_name": "system",
        "made_at": b.START,
    }
    plan = Plan(code=code, **{**values, **changes})
    session.add(plan)
    session.flush()
    return plan
