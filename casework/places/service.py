"""Changing places: zones get a new version, the old one stays as it was."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import canonical, utcnow
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.places import queries
from casework.places.tables import ZoneVersion
from detector.errors import BadZone
from detector.scene.model import Space
from detector.scene.zones import from_dict

ZoneData = dict[str, Any]
"""code, kind, polygon [[x, y] ...], shop (code or none), calendar (see detector.scene.calendar), and for
permitted places name and further properties."""


def set_zones(
    session: Session, actor: str, device: Device | None, zones: list[ZoneData]
) -> list[ZoneVersion]:
    """Make ``zones`` the zones of a device's picture, or of the ground (device none).

    Unchanged ones keep their version; changed ones get the next of their code, which two cameras may share;
    missing ones end. All or nothing.
    Raises Invalid with the zone's code when a polygon, calendar or shop cannot be used.
    """
    space = Space.IMAGE if device is not None else Space.GROUND
    codes = [str(z.get("code")) for z in zones]
    if len(set(codes)) != len(codes):
        raise Invalid("bad_zone", zh="区域编号重复", en="two zones have the same code")
    shops = {s.code for s in queries.shops(session)}
    for data in zones:
        _check(data, space, shops)
    now = utcnow()
    device_id = device.id if device else None
    held = {row.code: row for row in queries.zones_of(session, device_id)}
    changed: list[str] = []
    for data in zones:
        old = held.pop(data["code"], None)
        if old is not None and canonical(_as_data(old)) == canonical(_normal(data)):
            continue
        if old is not None:
            old.replaced_at = now
        changed.append(data["code"])
        normal = _normal(data)
        session.add(
            ZoneVersion(
                code=data["code"],
                version=_last_version(session, data["code"]) + 1,
                kind=normal["kind"],
                device_id=device_id,
                polygon=normal["polygon"],
                shop_code=normal["shop"],
                calendar=normal["calendar"],
                name=normal["name"],
                properties=normal["properties"],
                made_by=actor,
                made_at=now,
            )
        )
    for gone in held.values():
        gone.replaced_at = now
    session.flush()
    if changed or held:
        subject = f"device:{device.code}" if device else "ground"
        record(session, actor, "zones_set", subject, {"set": sorted(changed), "ended": sorted(held)})
    return queries.zones_of(session, device_id)


def _check(data: ZoneData, space: Space, shops: set[str]) -> None:
    try:
        from_dict(
            {
                "space": space.value,
                **{k: data.get(k) for k in ("code", "kind", "polygon", "shop", "calendar")},
            }
        )
    except BadZone as error:
        code = data.get("code")
        raise Invalid(
            "bad_zone",
            zh=f"区域 {code} 无法使用：{error}",
            en=f"zone {code} cannot be used: {error}",
        ) from error
    if data.get("shop") and data["shop"] not in shops:
        raise Invalid(
            "bad_zone",
            zh=f"区域 {data['code']}：没有商户 {data['shop']}",
            en=f"zone {data['code']}: no shop {data['shop']}",
        )


def _normal(data: ZoneData) -> ZoneData:
    return {
        "code": data["code"],
        "kind": str(data["kind"]),
        "polygon": [[float(x), float(y)] for x, y in data["polygon"]],
        "shop": data.get("shop"),
        "calendar": data.get("calendar"),
        "name": data.get("name"),
        "properties": data.get("properties") or {},
    }


def _as_data(row: ZoneVersion) -> ZoneData:
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
