"""Reading places, and finding which of them a point belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from shapely.geometry import LineString, Point, shape
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.devices.tables import Device
from casework.errors import not_found
from casework.places import calendars
from casework.places.tables import DOOR_LINE, Shop, Squad, Street, ZoneRevision, ZoneVersion
from detector.scene import zones as scene_zones
from detector.scene.model import DoorLine, Space, Zone, ZoneKind
from detector.scene.street_lines import StreetLine

STREET_REACH_M = 40.0
_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Belongs:
    """Where a point belongs, as far as known."""

    squad_id: int | None
    street_id: int | None


@dataclass(frozen=True, slots=True)
class PictureLine:
    """A shop's door line on a device's picture. points: [x, y] ..., 0-1, origin top left."""

    code: str
    shop: str | None
    points: list[Any]


def squads(session: Session) -> list[Squad]:
    """By code."""
    return list(session.scalars(select(Squad).order_by(Squad.code)))


def streets(session: Session) -> list[Street]:
    """By code."""
    return list(session.scalars(select(Street).order_by(Street.code)))


def street_lines(session: Session) -> list[StreetLine]:
    """Every street's middle line, as a vehicle's places are drawn to it."""
    return [
        StreetLine(street.code, np.asarray(street.line["coordinates"], np.float64)[:, :2])
        for street in streets(session)
    ]


def shops(session: Session) -> list[Shop]:
    """By code."""
    return list(session.scalars(select(Shop).order_by(Shop.code)))


def shop_by_code(session: Session, code: str | None) -> Shop | None:
    """The shop, none when there is no such code."""
    return session.scalar(select(Shop).where(Shop.code == code)) if code else None


def belongs(session: Session, latitude: float, longitude: float) -> Belongs:
    """The squad whose boundary holds the point; the nearest street within reach, of that squad if it has one.

    Distances on a local plane: metres east and north, right to a few millimetres over the reach.
    """
    point = Point(longitude, latitude)
    squad = next((s for s in squads(session) if shape(s.boundary).covers(point)), None)
    stretch = np.array([_M_PER_DEGREE * np.cos(np.radians(latitude)), _M_PER_DEGREE])
    here = Point(point.x * stretch[0], point.y * stretch[1])
    near: list[tuple[bool, float, Street]] = []
    for street in streets(session):
        line = LineString(np.asarray(street.line["coordinates"], float)[:, :2] * stretch)
        away = line.distance(here)
        if away <= STREET_REACH_M:
            near.append((squad is not None and street.squad_id != squad.id, away, street))
    nearest = min(near, key=lambda n: n[:2])[2] if near else None
    return Belongs(
        squad.id if squad else nearest.squad_id if nearest else None, nearest.id if nearest else None
    )


GROUND = "ground"


def scope_of(device: Device | None) -> str:
    """What a revision is of: a device's picture, or the ground."""
    return f"device:{device.code}" if device else GROUND


def shapes_of(session: Session, device_id: int | None, at: datetime | None = None) -> list[ZoneVersion]:
    """Zones and door lines on a device's picture (or on the ground: none) that hold now, or held ``at`` a moment."""
    query = select(ZoneVersion).where(ZoneVersion.device_id == device_id)
    if at is None:
        query = query.where(ZoneVersion.replaced_at.is_(None))
    else:
        query = query.where(
            ZoneVersion.made_at <= at, ZoneVersion.replaced_at.is_(None) | (ZoneVersion.replaced_at > at)
        )
    return list(session.scalars(query.order_by(ZoneVersion.code)))


def shapes_on(session: Session, device_ids: Collection[int]) -> dict[int, list[ZoneVersion]]:
    """Device -> what ``shapes_of`` tells of it now. One query, however many devices."""
    found: dict[int, list[ZoneVersion]] = {device_id: [] for device_id in device_ids}
    query = select(ZoneVersion).where(
        ZoneVersion.device_id.in_(device_ids), ZoneVersion.replaced_at.is_(None)
    )
    for row in session.scalars(query.order_by(ZoneVersion.code)):
        if row.device_id is not None:
            found[row.device_id].append(row)
    return found


def ground_mark(session: Session) -> tuple[int, int]:
    """Another one whenever zones on the ground were changed: how many hold now, and the sum of their numbers."""
    query = select(func.count(), func.coalesce(func.sum(ZoneVersion.id), 0))
    count, total = session.execute(
        query.where(ZoneVersion.device_id.is_(None), ZoneVersion.replaced_at.is_(None))
    ).one()
    return int(count), int(total)


def zones_of(session: Session, device_id: int | None, at: datetime | None = None) -> list[ZoneVersion]:
    """The zones among ``shapes_of``: what the rules judge by."""
    return [row for row in shapes_of(session, device_id, at) if row.kind != DOOR_LINE]


def on_picture(rows: Sequence[ZoneVersion]) -> tuple[list[ZoneVersion], list[PictureLine]]:
    """Zones and door lines drawn on a device's picture, of ``shapes_of``: no rule judges by the lines."""
    lines = [PictureLine(row.code, row.shop_code, row.polygon) for row in rows if row.kind == DOOR_LINE]
    return [row for row in rows if row.kind != DOOR_LINE], lines


def revisions(session: Session, scope: str) -> list[ZoneRevision]:
    """All savings of a scope, newest first."""
    query = select(ZoneRevision).where(ZoneRevision.scope == scope).order_by(ZoneRevision.number.desc())
    return list(session.scalars(query))


def latest_revision(session: Session, scope: str) -> ZoneRevision | None:
    """The newest saving; none when nobody saved."""
    query = select(ZoneRevision).where(ZoneRevision.scope == scope).order_by(ZoneRevision.number.desc())
    return session.scalar(query.limit(1))


def revision(session: Session, scope: str, number: int) -> ZoneRevision:
    """One saving. Raises NotFound."""
    row = session.scalar(
        select(ZoneRevision).where(ZoneRevision.scope == scope, ZoneRevision.number == number)
    )
    if row is None:
        raise not_found("version of these zones", "区域版本", number)
    return row


def scene_zone(row: ZoneVersion) -> Zone:
    """The row as the rules see it."""
    return scene_zones.from_dict(
        {
            "code": row.code,
            "version": row.version,
            "kind": row.kind,
            "polygon": row.polygon,
            "space": (Space.GROUND if row.device_id is None else Space.IMAGE).value,
            "shop": row.shop_code,
            "calendar": calendars.effective(row.calendar, row.properties),
        }
    )


def permitted_at(
    session: Session, latitude: float, longitude: float, at: datetime, drawn: datetime | None = None
) -> str | None:
    """The permitted place on the ground that holds the point while its calendar holds: its name, else its code.

    drawn: by the places as they were drawn at that moment; none: as they are now.
    """
    rows = [row for row in zones_of(session, None, drawn) if row.kind == ZoneKind.PERMITTED]
    zones = scene_zones.ZoneSet([scene_zone(row) for row in rows], Space.GROUND)
    active = zones.active(at)
    found = next((rows[i] for i in zones.at_point(longitude, latitude) if active[i]), None)
    return (found.name or found.code) if found else None


def surveyed_line(shop: str, line: list[Any]) -> dict[str, Any]:
    """A shop's surveyed door line as a shape that nobody has moved yet."""
    return {"code": f"D-{shop}", "kind": DOOR_LINE, "polygon": line, "shop": shop}


def drawn_door_lines(session: Session) -> dict[str, list[Any]]:
    """Shop code -> its door line on the ground: as drawn last, else as surveyed. (longitude, latitude) points."""
    lines = {shop.code: shop.door_line for shop in shops(session)}
    drawn = {r.shop_code: r.polygon for r in shapes_of(session, None) if r.kind == DOOR_LINE and r.shop_code}
    return lines | {shop: line for shop, line in drawn.items() if shop in lines}


def door_lines(session: Session) -> list[DoorLine]:
    """Every shop's door line."""
    return [DoorLine(code, np.asarray(line, np.float64)) for code, line in drawn_door_lines(session).items()]
