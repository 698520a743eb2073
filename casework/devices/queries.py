"""Reading devices."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.devices.tables import Device
from casework.errors import not_found

_WHOLE = (joinedload(Device.squad), joinedload(Device.street), selectinload(Device.approvals))


def device_by_code(session: Session, code: str) -> Device:
    """The device with squad, street and approvals. Raises NotFound."""
    device = session.scalar(select(Device).where(Device.code == code).options(*_WHOLE))
    if device is None:
        raise not_found("device", "设备", code)
    return device


def devices(session: Session) -> list[Device]:
    """All, by code."""
    return list(session.scalars(select(Device).options(*_WHOLE).order_by(Device.code)))


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
