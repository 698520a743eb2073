"""Changing one camera's stream: in use or not, and what a test showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.errors import Invalid
from casework.plans.tables import LookDue
from casework.streams.tables import Stream


def set_active(session: Session, actor: str, stream: Stream, code: str, active: bool, reason: str) -> None:
    """Take a camera out of use, or back into it. Out of use it is not looked at from this moment on. Raises Invalid."""
    if not reason.strip():
        raise Invalid("reason_needed", zh="请写明理由", en="say in words why")
    if stream.active == active:
        return
    stream.active = active
    if not active:
        session.execute(delete(LookDue).where(LookDue.device_id == stream.device_id))
    record(session, actor, "camera_active", f"device:{code}", {"active": active, "reason": reason.strip()})


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test showed. fault, text: why no picture came. score: 0-100, none without a picture; parts: by name."""

    at: datetime
    fault: str | None = None
    text: str | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    seconds: float | None = None
    clock_offset_s: float | None = None
    score: int | None = None
    parts: dict[str, float | None] = field(default_factory=dict)


def note_test(session: Session, stream: Stream, tested: Tested) -> None:
    """Write a test down: state and usability. A failed test leaves the last usability as it was."""
    if tested.fault is not None:
        if stream.fault is None:
            stream.since = tested.at
        stream.fault, stream.fault_text = tested.fault, tested.text
        return
    if stream.fault is not None or stream.since is None:
        stream.since = tested.at
    stream.fault = stream.fault_text = None
    stream.last_picture_at = tested.at
    stream.clock_offset_s = tested.clock_offset_s
    stream.usability, stream.usability_parts, stream.usability_at = tested.score, tested.parts, tested.at
