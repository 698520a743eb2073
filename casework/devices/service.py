"""Making devices, giving keys, asking whether a device's record is evidence."""

from __future__ import annotations

import math
import secrets
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import utcnow
from casework.devices.tables import Approval, Device
from casework.errors import Conflict, Invalid, not_found
from casework.people.service import hash_token
from casework.places.tables import Squad, Street
from casework.words import words
from detector.errors import BadMounting
from detector.scene.model import DeviceKind, Mounting
from ingest.frame import Position, PositionSource

SHANGHAI = ZoneInfo("Asia/Shanghai")
SURVEY_ACCURACY_M = 0.5  # a surveyed camera's place; unverified, a bureau's survey sheet says


def add_device(session: Session, actor: str, data: dict[str, Any]) -> Device:
    """Make a device from data as in the district's devices.json. Raises Invalid, Conflict, NotFound."""
    code = str(data["code"])
    if data.get("kind") not in {k.value for k in DeviceKind}:
        raise Invalid(
            "bad_device",
            zh=f"设备 {code}：类型只能是 fixed 或 vehicle",
            en=f"device {code}: kind is fixed or vehicle",
        )
    if session.scalar(select(Device.id).where(Device.code == code)):
        raise Conflict("device_exists", zh=f"设备 {code} 已登记", en=f"device {code} is there already")
    squad = _by_code(session, Squad, data.get("squad"), "squad", "中队")
    street = _by_code(session, Street, data.get("street"), "street", "路段")
    mounting = data.get("mounting")
    if mounting is not None:
        mounting = mounting_from(mounting).as_data()
    device = Device(
        code=code,
        kind=data["kind"],
        name=data.get("name") or code,
        name_en=data.get("name_en") or code,
        squad_id=squad.id if squad else None,
        street_id=street.id if street else None,
        latitude=data.get("latitude"),
        longitude=data.get("longitude"),
        heading=data.get("heading_deg"),
        mounting=mounting,
        camera_group=data.get("group"),
        made_at=utcnow(),
    )
    for approval in data.get("approvals", []):
        device.approvals.append(
            Approval(
                kind=approval["kind"],
                valid_from=date.fromisoformat(approval["valid_from"]),
                valid_to=date.fromisoformat(approval["valid_to"]),
                document=approval["document"],
                person=approval["person"],
            )
        )
    session.add(device)
    session.flush()
    record(session, actor, "device_added", f"device:{code}", {"kind": device.kind})
    return device


def give_key(session: Session, actor: str, device: Device) -> str:
    """A new secret for the device's uploads; the one before stops working. Shown once, only its hash is kept."""
    key = f"jx_{secrets.token_urlsafe(32)}"
    device.key_hash = hash_token(key)
    record(session, actor, "device_key", f"device:{device.code}")
    return key


def set_group(session: Session, actor: str, device: Device, group: str | None) -> None:
    """Put a camera into a group of cameras that share an algorithm, or into none."""
    device.camera_group = group or None
    record(session, actor, "device_group", f"device:{device.code}", {"group": device.camera_group})


def missing_approvals(device: Device, at: datetime) -> list[str]:
    """The kinds of approval that did not hold at a moment, in the order of the words file. Empty: all hold."""
    day = at.astimezone(SHANGHAI).date()
    held = {a.kind for a in device.approvals if a.valid_from <= day <= a.valid_to}
    return [word.code for word in words("approvals") if word.code not in held]


def mounting_from(data: dict[str, Any]) -> Mounting:
    """The mounting in device data; focal_px (with width) may stand for hfov_deg. Raises Invalid."""
    given: dict[str, Any] = {}
    try:
        given = {name: float(value) for name, value in data.items() if value is not None}
        focal_px = given.pop("focal_px", None)
        if focal_px is not None and "hfov_deg" not in given:
            given["hfov_deg"] = math.degrees(2 * math.atan2(given["width"], 2 * focal_px))
        sides = {side: int(given.pop(side)) for side in ("width", "height") if side in given}
        return Mounting(**given, **sides)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        named = ", ".join(sorted({f.name for f in fields(Mounting) if f.default is MISSING} - set(given)))
        raise Invalid(
            "bad_mounting",
            zh=f"安装参数有误：{named or error} 缺失、未知或不是数字",
            en=f"mounting: {named or error} is missing, unknown or no number",
        ) from error
    except BadMounting as error:
        raise Invalid(
            "bad_mounting",
            zh=f"安装参数超出范围（高度 0.05–60 米、视场角 5–170 度、俯角 -45–90 度，须拍到 100 米内地面）：{error}",
            en=str(error),
        ) from error


def fixed_position(device: Device) -> Position | None:
    """Where a fixed camera stands and looks, if it was surveyed."""
    if device.latitude is None or device.longitude is None:
        return None
    return Position(
        device.latitude, device.longitude, device.heading, 0.0, SURVEY_ACCURACY_M, PositionSource.FIXED
    )


def _by_code(session: Session, table: Any, code: str | None, name: str, name_zh: str) -> Any:
    if code is None:
        return None
    row = session.scalar(select(table).where(table.code == code))
    if row is None:
        raise not_found(name, name_zh, code)
    return row
