"""Reading live days and their looks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.algorithms.tables import Assignment
from casework.audit.tables import AuditEvent
from casework.candidates.tables import Candidate, CandidateSighting
from casework.devices.tables import Device
from casework.footage.tables import Footage
from casework.live.codec import from_bytes
from casework.live.tables import LiveDay, LiveLook
from casework.plans.tables import LookDue
from detector.detections import Detections

OF_DEVICE = (
    "zones_set",
    "picture_set",
    "device_added",
    "device_changed",
    "device_group",
    "camera_condition_ended",
)
OF_ALL = ("rules_added", "cameras_imported")
OF_CANDIDATE = ("watch_asked",)
"""Acts after which a camera, every camera, or the camera that raised a candidate has to ask what holds now."""


@dataclass(frozen=True, slots=True)
class StoredLook:
    """One look as it was judged. number: in its footage. shift: of the picture off the reference, shares."""

    number: int
    captured_at: datetime
    time_source: str
    size: tuple[int, int]
    shift: tuple[float, float]
    seen: Detections


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the changes that people made were read."""

    audit: int = 0
    assignment: int = 0
    assignment_ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What was changed since a mark. everything: any camera may be meant; else only the devices with these codes."""

    mark: Mark
    codes: frozenset[str]
    everything: bool


def changes(session: Session, since: Mark) -> Changes:
    """What people changed after ``since`` of what cameras are judged by."""
    newest, ended = session.execute(select(func.max(Assignment.id), func.max(Assignment.ended_at))).one()
    acts = session.execute(
        select(AuditEvent.seq, AuditEvent.action, AuditEvent.subject)
        .where(AuditEvent.seq > since.audit, AuditEvent.action.in_((*OF_DEVICE, *OF_ALL, *OF_CANDIDATE)))
        .order_by(AuditEvent.seq)
    ).all()
    now = Mark(acts[-1].seq if acts else since.audit, newest or 0, ended)
    named = [act.subject.removeprefix("device:") for act in acts if act.subject.startswith("device:")]
    same = (now.assignment, now.assignment_ended) == (since.assignment, since.assignment_ended)
    everything = not same or any(act.action in OF_ALL or ":" not in act.subject for act in acts)
    about = [int(a.subject.removeprefix("candidate:")) for a in acts if a.action in OF_CANDIDATE]
    if about:
        query = select(Device.code).join(Candidate, Candidate.device_id == Device.id)
        named += session.scalars(query.where(Candidate.id.in_(about)))
    return Changes(now, frozenset(named), everything)


def current_days(session: Session, device_ids: Collection[int], day: date) -> dict[int, LiveDay]:
    """Device -> the part of its day that goes on, with its footage. One query."""
    rows = session.scalars(
        select(LiveDay)
        .where(LiveDay.device_id.in_(device_ids), LiveDay.day == day, LiveDay.replaced_at.is_(None))
        .options(joinedload(LiveDay.footage))
    )
    return {row.device_id: row for row in rows}


def look_counts(session: Session, footage_ids: Collection[int]) -> dict[int, int]:
    """Footage -> how many looks were written down so far, of days and parts that go on."""
    rows = session.execute(
        select(Footage.id, Footage.frames)
        .join(LiveDay, LiveDay.footage_id == Footage.id)
        .where(Footage.id.in_(footage_ids), LiveDay.replaced_at.is_(None), LiveDay.closed_at.is_(None))
    )
    return {row.id: row.frames for row in rows}


def looks_of(session: Session, day: LiveDay, since: int = 0) -> list[StoredLook]:
    """The judged looks of a day that is not closed, in the order in which they were judged, from a number on."""
    rows = session.scalars(
        select(LiveLook)
        .where(LiveLook.footage_id == day.footage_id, LiveLook.number >= since)
        .order_by(LiveLook.number)
    )
    return [
        StoredLook(
            row.number,
            row.captured_at,
            row.time_source,
            (row.width, row.height),
            (row.shift_x, row.shift_y),
            from_bytes(row.data, (row.width, row.height), day.names, day.model_id),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, order=True)
class LookTime:
    """A judged look without its boxes. width, height: of its picture, px."""

    number: int
    captured_at: datetime
    width: int
    height: int


def look_times(session: Session, footage_id: int) -> list[LookTime]:
    """The judged looks of a day that is not closed."""
    rows = session.execute(
        select(LiveLook.number, LiveLook.captured_at, LiveLook.width, LiveLook.height)
        .where(LiveLook.footage_id == footage_id)
        .order_by(LiveLook.number)
    )
    return [LookTime(*row) for row in rows]


def raised_spans(session: Session, footage_id: int) -> list[tuple[datetime, datetime]]:
    """From when to when each thing stood that was raised from a footage."""
    query = select(CandidateSighting.first_at, CandidateSighting.last_at)
    rows = session.execute(query.where(CandidateSighting.footage_id == footage_id))
    return [(row.first_at, row.last_at) for row in rows]


def device_of(session: Session, device_id: int) -> Device:
    """The device with all that judging asks."""
    return devices_of(session, [device_id])[device_id]


def devices_of(session: Session, device_ids: Collection[int]) -> dict[int, Device]:
    """The same for many. Squads and streets, with their lines, are read once each and not with every device."""
    whole = (selectinload(Device.squad), selectinload(Device.street), selectinload(Device.approvals))
    rows = session.scalars(select(Device).where(Device.id.in_(device_ids)).options(*whole))
    return {row.id: row for row in rows}


def held(session: Session, tokens: dict[int, str]) -> frozenset[int]:
    """The devices whose look is still held by the token (device -> token). Locks their rows, in order."""
    rows = session.execute(
        select(LookDue.device_id, LookDue.token)
        .where(LookDue.device_id.in_(tokens))
        .order_by(LookDue.device_id)
        .with_for_update()
    )
    return frozenset(device_id for device_id, token in rows if token == tokens[device_id])


def workers_with_leases(session: Session) -> Sequence[str]:
    """Who holds looks now, or held them when it was killed."""
    found = session.scalars(select(LookDue.worker).where(LookDue.worker.is_not(None)).distinct())
    return [name for name in found if name is not None]


def day_to_close(
    session: Session, today: date, shard: tuple[int, int] | None = None, skip: Collection[int] = ()
) -> LiveDay | None:
    """A day that is over, or a part that was replaced; with its footage.

    today: a day that still goes on, Asia/Shanghai. shard: as for due looks. skip: footage that could not be closed.
    """
    query = select(LiveDay).where(
        LiveDay.closed_at.is_(None),
        or_(LiveDay.day < today, LiveDay.replaced_at.is_not(None)),
        LiveDay.footage_id.not_in(skip),
    )
    if shard is not None:
        query = query.where(LiveDay.device_id % shard[1] == shard[0])
    return session.scalar(query.options(joinedload(LiveDay.footage)).order_by(LiveDay.footage_id).limit(1))


def open_day(session: Session, footage_id: int) -> LiveDay | None:
    """The day if it is not closed, locked."""
    return session.scalar(
        select(LiveDay).where(LiveDay.footage_id == footage_id, LiveDay.closed_at.is_(None)).with_for_update()
    )
