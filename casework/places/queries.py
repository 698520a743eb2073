"""Reading places, and finding which of them a point belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from shapely.geometry import LineString, Point, shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.places.tables import Shop, Squad, Street, ZoneVersion
from detector.scene import zones as scene_zones
from detector.scene.model import DoorLine, Space, Zone, ZoneKind

STREET_REACH_M = 40.0
_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Belongs:
    """Where a point belongs, as far as known."""

    squad_id: int | None
    street_id: int | None


def squads(session: Session) -> list[Squad]:
    """By code."""
    return list(session.scalars(select(Squad).order_by(Squad.code)))


def streets(session: Session) -> list[Street]:
    """By code."""
    return list(session.scalars(select(Street).order_by(Street.code)))


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


def zones_of(session: Session, device_id: int | None, at: datetime | None = None) -> list[ZoneVersion]:
    """Zones on a device's picture (or on the ground: none) that hold now, or held ``at`` a moment."""
    query = select(ZoneVersion).where(ZoneVersion.device_id == device_id)
    if at is None:
        query = query.where(ZoneVersion.replaced_at.is_(None))
    else:
        query = query.where(
            ZoneVersion.made_at <= at, ZoneVersion.replaced_at.is_(None) | (ZoneVersion.replaced_at > at)
        )
    return list(session.scalars(query.order_by(ZoneVersion.code)))


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
            "calendar": row.calendar,
        }
    )


def permitted_at(session: Session, latitude: float, longitude: float, at: datetime) -> str | None:
    """The permitted place on the ground that holds the point while its calendar holds: its name, else its code."""
    rows = [row for row in zones_of(session, None) if row.kind == ZoneKind.PERMITTED]
    zones = scene_zones.ZoneSet([scene_zone(row) for row in rows], Space.GROUND)
    active = zones.active(at)
    found = next((rows[i] for i in zones.at_point(longitude, latitude) if active[i]), None)
    return (found.name or found.code) if found else None


def door_lines(session: Session) -> list[DoorLine]:
    """Every shop's door line."""
    return [DoorLine(shop.code, np.asarray(shop.door_line, np.float64)) for shop in shops(session)]
