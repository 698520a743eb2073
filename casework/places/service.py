"""Changing places: every saving is a revision, changed zones get a new version, the old ones stay as they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.counters import lock_counter
from casework.db import canonical, utcnow
from casework.devices.tables import Device
from casework.errors import Conflict
from casework.places import queries
from casework.places.checks import check_all
from casework.places.tables import DOOR_LINE, ZoneRevision, ZoneVersion
from detector.scene import calendar as calendars
from detector.scene.model import Space

ZoneData = dict[str, Any]
"""code, kind, polygon [[x, y] ...] (a line for DOOR_LINE), shop (code or none), calendar (see
detector.scene.calendar), name, and properties: kind of place, trades, valid_from, valid_to and what else is known."""

DECIMALS = {Space.IMAGE: 6, Space.GROUND: 8}
"""Of coordinates: far less than a pixel, and about a millimetre."""


@dataclass(frozen=True, slots=True)
class Saving:
    """Who saves and why. base: the revision that was edited; another one since then is a conflict."""

    actor: str
    name: str
    reason: str = ""
    base: int | None = None


def set_zones(
    session: Session, actor: str, device: Device | None, zones: list[ZoneData], reason: str = ""
) -> list[ZoneVersion]:
    """``save`` for what comes from files: whatever was there before. Returns the zones that hold."""
    save(session, Saving(actor, actor, reason), device, zones)
    return queries.zones_of(session, device.id if device else None)


def save(session: Session, by: Saving, device: Device | None, zones: list[ZoneData]) -> int:
    """Make ``zones`` the zones and door lines of a device's picture, or of the ground (device none).

    Unchanged ones keep their version; changed ones get the next of their code, which two cameras may share;
    missing ones end. A door line on the ground that is as surveyed is not written. All or nothing; saving what
    is there already changes nothing. Returns the revision's number.
    Raises Invalid with the zone's code, and Conflict when somebody saved since ``by.base``.
    """
    space = Space.IMAGE if device is not None else Space.GROUND
    surveyed = {s.code: s.door_line for s in queries.shops(session)}
    check_all(zones, space, surveyed.keys())
    scope = queries.scope_of(device)
    counter = lock_counter(session, f"zones:{scope}")
    if by.base is not None and by.base != counter.value:
        raise _somebody_else(session, scope, by.base, counter.value)
    now = utcnow()
    held = {row.code: row for row in queries.shapes_of(session, device.id if device else None)}
    changed: list[str] = []
    for data in zones:
        normal = _normal(data, space)
        old = held.pop(data["code"], None)
        if old is None and device is None and _as_surveyed(normal, surveyed):
            continue
        if old is not None and canonical(_normal(as_data(old), space)) == canonical(normal):
            continue
        if old is not None:
            old.replaced_at = now
        changed.append(data["code"])
        session.add(_row(session, normal, device, by.actor, now))
    for gone in held.values():
        gone.replaced_at = now
    if changed or held:
        counter.value += 1
        changes = {"set": sorted(changed), "ended": sorted(held)}
        session.add(
            ZoneRevision(
                scope=scope,
                number=counter.value,
                made_by=by.actor,
                by_name=by.name,
                made_at=now,
                reason=by.reason,
                changes=changes,
            )
        )
        session.flush()
        record(
            session, by.actor, "zones_set", scope, {**changes, "revision": counter.value, "reason": by.reason}
        )
    return counter.value


def _row(session: Session, data: ZoneData, device: Device | None, actor: str, now: datetime) -> ZoneVersion:
    return ZoneVersion(
        code=data["code"],
        version=_last_version(session, data["code"]) + 1,
        kind=data["kind"],
        device_id=device.id if device else None,
        polygon=data["polygon"],
        shop_code=data["shop"],
        calendar=data["calendar"],
        name=data["name"],
        properties=data["properties"],
        made_by=actor,
        made_at=now,
    )


def _somebody_else(session: Session, scope: str, base: int, now: int) -> Conflict:
    last = queries.revision(session, scope, now)
    return Conflict(
        "zones_changed",
        zh=f"{last.by_name} 在您编辑期间已保存第 {now} 版（您依据的是第 {base} 版），您的修改尚未保存。"
        "请先导出或记下您的修改，载入最新版后再改",
        en=f"{last.by_name} saved version {now} while you were editing version {base}; nothing of yours was "
        "saved. Export or note your changes, load the newest version, and make them there",
    )


def _as_surveyed(data: ZoneData, surveyed: dict[str, list[Any]]) -> bool:
    if data["kind"] != DOOR_LINE:
        return False
    line = queries.surveyed_line(data["shop"], surveyed[data["shop"]])
    return canonical(_normal(line, Space.GROUND)) == canonical(data)


def _normal(data: ZoneData, space: Space) -> ZoneData:
    """One spelling for equal zones: rounded corners, calendar without what does not limit."""
    places = DECIMALS[space]
    calendar = calendars.to_dict(calendars.from_dict(data.get("calendar") or {}))
    properties = {k: v for k, v in (data.get("properties") or {}).items() if v not in (None, "", [])}
    return {
        "code": data["code"],
        "kind": str(data["kind"]),
        "polygon": [[round(float(x), places), round(float(y), places)] for x, y in data["polygon"]],
        "shop": data.get("shop") or None,
        "calendar": calendar or None,
        "name": data.get("name") or None,
        "properties": properties,
    }


def as_data(row: ZoneVersion) -> ZoneData:
    """A row as ``save`` takes it."""
    return {
        "code": row.code,
        "kind": row.kind,
        "polygon": row.polygon,
        "shop": row.shop_code,
        "calendar": row.calendar,
        "name": row.name,
        "properties": row.properties,
    }


def _last_version(session: Session, code: str) -> int:
    return session.scalar(select(func.max(ZoneVersion.version)).where(ZoneVersion.code == code)) or 0
