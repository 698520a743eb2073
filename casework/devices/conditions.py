"""What is wrong with fixed cameras' pictures: noted when it begins, ended when it is over or a person mends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.audit.service import record
from casework.db import utcnow
from casework.devices.tables import CameraCondition, Device
from casework.errors import not_found
from casework.people.service import Person
from detector.care.model import Finding

SYSTEM = "system"


def open_conditions(session: Session, devices: Sequence[Device]) -> dict[int, CameraCondition]:
    """Device id -> what is wrong with it now. One query, however many devices."""
    rows = session.scalars(
        select(CameraCondition)
        .where(CameraCondition.device_id.in_([d.id for d in devices]), CameraCondition.until.is_(None))
        .order_by(CameraCondition.id)
    )
    return {row.device_id: row for row in rows}


def to_be_told(session: Session, person: Person) -> list[tuple[Device, CameraCondition]]:
    """Cameras in use whose zones are suspended now, of the person's squad if they have one; longest first."""
    query = (
        select(Device, CameraCondition)
        .join(CameraCondition, CameraCondition.device_id == Device.id)
        .where(CameraCondition.until.is_(None), Device.active)
        .options(joinedload(Device.squad))
        .order_by(CameraCondition.since, CameraCondition.id)
    )
    if person.squad_id is not None:
        query = query.where(Device.squad_id == person.squad_id)
    return [(device, row) for device, row in session.execute(query)]


def condition_of(session: Session, device: Device, condition_id: int) -> CameraCondition:
    """One condition of a device. Raises NotFound."""
    row = session.get(CameraCondition, condition_id)
    if row is None or row.device_id != device.id:
        raise not_found("condition of this camera", "本机的画面异常", condition_id)
    return row


def conditions_of(session: Session, device: Device, most: int = 20) -> list[CameraCondition]:
    """What was wrong with a device, newest first."""
    return list(
        session.scalars(
            select(CameraCondition)
            .where(CameraCondition.device_id == device.id)
            .order_by(CameraCondition.id.desc())
            .limit(most)
        )
    )


def begin(
    session: Session, device: Device, finding: Finding, since: datetime, sha256: str, footage_id: int | None
) -> CameraCondition:
    """Note a condition, from a capture time on; one of another kind ends with it. sha256: of a stored picture."""
    before = open_conditions(session, [device]).get(device.id)
    if before is not None and before.kind == finding.condition.value:
        return before
    if before is not None:
        _end(session, device, before, max(since, before.since), SYSTEM)
    row = CameraCondition(
        device_id=device.id,
        footage_id=footage_id,
        kind=finding.condition.value,
        measure=finding.measure,
        value=round(finding.value, 4),
        limit_value=finding.limit,
        sha256=sha256,
        since=since,
        noted_at=utcnow(),
    )
    session.add(row)
    session.flush()
    detail = {"kind": row.kind, "measure": row.measure, "value": row.value, "sha256": sha256}
    record(session, SYSTEM, "camera_condition", f"device:{device.code}", detail)
    return row


def end(session: Session, device: Device, at: datetime, by: str = SYSTEM) -> None:
    """What is wrong now is over; nothing happens where nothing is, or where it began later than ``at``."""
    row = open_conditions(session, [device]).get(device.id)
    if row is not None and at >= row.since:
        _end(session, device, row, at, by)


def _end(session: Session, device: Device, row: CameraCondition, at: datetime, by: str) -> None:
    row.until, row.ended_by = at, by
    session.flush()
    record(session, by, "camera_condition_ended", f"device:{device.code}", {"kind": row.kind})
