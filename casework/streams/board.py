"""All street cameras at a glance: one lean row each, for lists, counts and alarms. A few statements, however many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.devices.service import SHANGHAI
from casework.devices.tables import Approval, Device
from casework.places.tables import Squad
from casework.plans.tables import LookDue, Plan
from casework.streams.limits import LIMITS
from casework.streams.tables import Stream, StreamDay
from casework.words import words

STATES = ("ok", "fault", "late", "waiting", "unplanned", "off")


class Glance(NamedTuple):
    """A camera with its stream and its due look. Times aware UTC; last_picture_at: when it came, by our clock.

    lasting: its fault lasts longer than the limit. approved: kinds of approval that hold today.
    """

    id: int
    code: str
    name: str
    group: str | None
    squad: str | None
    gb_code: str | None
    owner: str | None
    active: bool
    last_picture_at: datetime | None
    fault: str | None
    since: datetime | None
    clock_offset_s: float | None
    usability: int | None
    plan: str | None
    interval_s: float | None
    due_at: datetime | None
    approved: int
    state: str


def glances(session: Session, now: datetime, device_id: int | None = None) -> list[Glance]:
    """All, by code; or the one of a device."""
    day = now.astimezone(SHANGHAI).date()
    held: dict[int, int] = {}
    for number, count in session.execute(
        select(Approval.device_id, func.count(Approval.kind.distinct()))
        .where(Approval.valid_from <= day, Approval.valid_to >= day)
        .group_by(Approval.device_id)
    ):
        held[number] = count
    query = (
        select(
            Device.id, Device.code, Device.name, Device.camera_group, Squad.code, Stream.gb_code, Stream.owner,
            Stream.active, Stream.last_picture_at, Stream.fault, Stream.since, Stream.clock_offset_s,
            Stream.usability, Plan.code, LookDue.interval_s, LookDue.due_at,
        )
        .join(Stream, Stream.device_id == Device.id)
        .outerjoin(Squad, Squad.id == Device.squad_id)
        .outerjoin(LookDue, LookDue.device_id == Device.id)
        .outerjoin(Plan, Plan.id == LookDue.plan_id)
        .order_by(Device.code)
    )  # fmt: skip
    rows = session.execute(query if device_id is None else query.where(Device.id == device_id))
    return [Glance._make((*row, held.get(row[0], 0), _state(row, now))) for row in rows]


def _state(row: Any, now: datetime) -> str:
    if not row.active:
        return "off"
    if row.due_at is None:
        return "unplanned"
    if row.fault is not None:
        return "fault"
    if is_late(row.due_at, row.interval_s, now):
        return "late"
    return "ok" if row.last_picture_at is not None else "waiting"


def is_late(due_at: datetime, interval_s: float, now: datetime) -> bool:
    """Whether a due look waits too long."""
    return now - due_at > timedelta(seconds=max(LIMITS.late_least_s, LIMITS.late_share * interval_s))


def is_silent(row: Glance, now: datetime) -> bool:
    """Whether a camera that is asked for pictures has given none for too long."""
    if row.fault is None or row.interval_s is None or not row.active:
        return False
    from_on = row.last_picture_at or row.since
    limit = max(LIMITS.silent_least_s, LIMITS.silent_intervals * row.interval_s)
    return from_on is not None and now - from_on > timedelta(seconds=limit)


def is_approved(row: Glance) -> bool:
    """Whether every kind of approval holds today."""
    return row.approved >= len(words("approvals"))


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of cameras is narrowed to; none: all. text: in code, name, GB code, owner. alarm: see alarms.py."""

    text: str | None = None
    state: str | None = None
    group: str | None = None
    squad: str | None = None
    plan: str | None = None
    fault: str | None = None
    alarm: str | None = None
    unusable_below: int | None = None
    order: str = "code"


def narrowed(rows: Sequence[Glance], want: Filter, alarmed: Callable[[Glance, str], bool]) -> list[Glance]:
    """The rows that a filter lets through, in its order."""
    text = (want.text or "").strip().lower()
    found = [
        row
        for row in rows
        if (
            not text
            or any(text in (part or "").lower() for part in (row.code, row.name, row.gb_code, row.owner))
        )
        and want.state in (None, row.state)
        and want.group in (None, row.group)
        and want.squad in (None, row.squad)
        and want.plan in (None, row.plan)
        and want.fault in (None, row.fault)
        and (want.alarm is None or alarmed(row, want.alarm))
        and (
            want.unusable_below is None or (row.usability is not None and row.usability < want.unusable_below)
        )
    ]
    return sorted(found, key=_ORDERS[want.order])


_LAST = datetime.max.replace(tzinfo=SHANGHAI)
_ORDERS: dict[str, Callable[[Glance], tuple[object, ...]]] = {
    "code": lambda row: (row.code,),
    "oldest": lambda row: (row.last_picture_at is not None, row.last_picture_at or _LAST, row.code),
    "usability": lambda row: (row.usability is None, row.usability or 0, row.code),
}
ORDERS = tuple(_ORDERS)


def uptime(session: Session, ids: Sequence[int], now: datetime, days: int = 7) -> dict[int, tuple[int, int]]:
    """Camera number -> looks asked for and pictures got in the last days."""
    first = (now - timedelta(days=days - 1)).astimezone(SHANGHAI).date()
    rows = session.execute(
        select(StreamDay.device_id, func.sum(StreamDay.asked), func.sum(StreamDay.got))
        .where(StreamDay.device_id.in_(ids), StreamDay.day >= first)
        .group_by(StreamDay.device_id)
    )
    return {number: (int(asked), int(got)) for number, asked, got in rows}
