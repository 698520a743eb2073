"""Reading devices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil, log2

from sqlalchemy import ColumnElement, Integer, cast, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.devices.tables import CameraCondition, Device
from casework.errors import not_found
from casework.places.tables import Squad, Street

_WHOLE = (joinedload(Device.squad), joinedload(Device.street), selectinload(Device.approvals))
_TROUBLED = exists().where(CameraCondition.device_id == Device.id, CameraCondition.until.is_(None))


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of devices is narrowed to; none: all. text: in code, names or street. squad: its code.

    troubled: only those whose picture is at fault now.
    """

    text: str | None = None
    kind: str | None = None
    squad: str | None = None
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the map, degrees WGS-84: west < east, south < north."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """Devices that stand near each other: how many, and the mean of their places, degrees WGS-84."""

    count: int
    latitude: float
    longitude: float


def device_by_code(session: Session, code: str) -> Device:
    """The device with squad, street and approvals. Raises NotFound."""
    device = session.scalar(select(Device).where(Device.code == code).options(*_WHOLE))
    if device is None:
        raise not_found("device", "设备", code)
    return device


def devices(session: Session) -> list[Device]:
    """All, by code."""
    return list(session.scalars(select(Device).options(*_WHOLE).order_by(Device.code)))


def page_of_devices(session: Session, want: Filter, page: int, size: int) -> tuple[list[Device], int]:
    """One page of those that a filter lets through, and how many these are: at fault first, then by code."""
    let_through: list[ColumnElement[bool]] = []
    if text := (want.text or "").strip():
        street = or_(*(name.icontains(text, autoescape=True) for name in (Street.name, Street.name_en)))
        let_through.append(or_(_called(text), Device.street.has(street)))
    if want.kind:
        let_through.append(Device.kind == want.kind)
    if want.squad:
        let_through.append(Device.squad.has(Squad.code == want.squad))
    if want.troubled:
        let_through.append(_TROUBLED)
    total = session.scalar(select(func.count(Device.id)).where(*let_through)) or 0
    rows = select(Device).where(*let_through).options(*_WHOLE).order_by(_TROUBLED.desc(), Device.code)
    return list(session.scalars(rows.offset((page - 1) * size).limit(size))), total


def devices_called(session: Session, text: str, kind: str | None, most: int) -> list[Device]:
    """Those with the text in code or name, for choosing one: the one of exactly this code first, then by code."""
    query = select(Device).where(_called(text)).order_by(Device.code != text, Device.code).limit(most)
    return list(session.scalars(query if kind is None else query.where(Device.kind == kind)))


def _called(text: str) -> ColumnElement[bool]:
    return or_(
        *(part.icontains(text, autoescape=True) for part in (Device.code, Device.name, Device.name_en))
    )


def codes_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Device id -> its code."""
    return dict(session.execute(select(Device.id, Device.code).where(Device.id.in_(ids))).all())


def within(
    session: Session, window: Window, most: int, cells: int
) -> tuple[list[Device], list[Cluster], int]:
    """Devices whose place lies in the window, and how many: each by code, or clusters when they are more than ``most``.

    Clusters lie on a grid that holds still while the window is moved: between half of ``cells`` and ``cells`` of its
    squares fit along the window's longer side. Two statements.
    """
    inside = (
        Device.longitude.between(window.west, window.east),
        Device.latitude.between(window.south, window.north),
    )
    total = session.scalar(select(func.count(Device.id)).where(*inside)) or 0
    if total <= most:
        return list(session.scalars(select(Device).where(*inside).order_by(Device.code))), [], total
    span = max(window.east - window.west, window.north - window.south, 1e-6)
    step = 2.0 ** ceil(log2(span / cells))
    cell = [cast(degrees / step, Integer) for degrees in (Device.latitude, Device.longitude)]
    means = func.count(Device.id), func.avg(Device.latitude), func.avg(Device.longitude)
    rows = session.execute(select(*means).where(*inside).group_by(*cell).order_by(*cell))
    return [], [Cluster(*row) for row in rows], total


def device_by_key(session: Session, key_hash: str) -> Device | None:
    """The active device whose key it is."""
    return session.scalar(select(Device).where(Device.key_hash == key_hash, Device.active))


def is_registered(session: Session, code: str) -> bool:
    """Whether a device has this code."""
    return session.scalar(select(Device.id).where(Device.code == code)) is not None


def camera_groups(session: Session) -> list[str]:
    """The groups that cameras are in, by name."""
    groups = session.scalars(select(Device.camera_group).distinct().order_by(Device.camera_group))
    return [group for group in groups if group]
