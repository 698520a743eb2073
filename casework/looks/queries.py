"""Finding stored looks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.devices.tables import Device
from casework.looks.tables import LookFile


def footage_with_looks(
    session: Session, since: datetime, until: datetime, device: str | None = None, after: int = 0
) -> list[int]:
    """Footage that has stored looks captured in [since, until), by id, beyond ``after``."""
    query = (
        select(LookFile.footage_id)
        .where(LookFile.last_at >= since, LookFile.first_at < until, LookFile.footage_id > after)
        .distinct()
        .order_by(LookFile.footage_id)
    )
    if device is not None:
        query = query.where(
            LookFile.device_id == select(Device.id).where(Device.code == device).scalar_subquery()
        )
    return list(session.scalars(query))


def look_files(session: Session, footage_id: int) -> list[LookFile]:
    """All files of a footage, in order: a dwell may have begun before the span that is asked for."""
    query = select(LookFile).where(LookFile.footage_id == footage_id)
    return list(session.scalars(query.order_by(LookFile.part)))
