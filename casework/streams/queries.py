"""Reading one camera's stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.devices.tables import Device
from casework.errors import not_found
from casework.plans.tables import LookDue, Plan
from casework.streams.tables import Stream

_WHOLE = (
    joinedload(Stream.device).joinedload(Device.squad),
    joinedload(Stream.device).joinedload(Device.street),
    joinedload(Stream.device).selectinload(Device.approvals),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A stream with its device (squad, street, approvals loaded), its due look and the plan of that."""

    stream: Stream
    due: LookDue | None
    plan: Plan | None


def sources(session: Session, ids: Sequence[int]) -> dict[int, Source]:
    """Device number -> source. A few statements, however many."""
    rows = session.execute(
        select(Stream, LookDue, Plan)
        .outerjoin(LookDue, LookDue.device_id == Stream.device_id)
        .outerjoin(Plan, Plan.id == LookDue.plan_id)
        .where(Stream.device_id.in_(ids))
        .options(*_WHOLE)
    )
    return {stream.device_id: Source(stream, due, plan) for stream, due, plan in rows}


def source(session: Session, code: str) -> Source:
    """The camera with its stream. Raises NotFound."""
    number = session.scalar(
        select(Device.id).join(Stream, Stream.device_id == Device.id).where(Device.code == code)
    )
    if number is None:
        raise not_found("street camera", "街面摄像机", code)
    return sources(session, [number])[number]
