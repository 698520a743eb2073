"""Alarms: what about cameras, vehicles and workers needs a person now, since when. Computed, never stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from casework.devices.service import SHANGHAI, missing_approvals
from casework.devices.tables import Device
from casework.footage.tables import Footage
from casework.plans import queries as plans
from casework.plans.tables import LookDue, WorkerMinute
from casework.rules.queries import rules_at
from casework.streams.board import Glance, is_approved, is_late, is_silent
from casework.streams.limits import ALARMS, LIMITS
from detector.scene.rules_data import in_force, parse

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """A device that an alarm is about. fault: code of what is wrong, value: seconds off, where these say more."""

    code: str
    name: str
    since: datetime | None
    fault: str | None = None
    value: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """One kind of alarm with its devices. since: of the one that lasts longest. subjects: the first SHOWN of count.

    value: of what is not about single devices (looks that wait, the stretch of intervals).
    """

    kind: str
    count: int
    since: datetime | None
    subjects: tuple[Subject, ...] = ()
    value: float | None = None


def alarms(session: Session, rows: Sequence[Glance], now: datetime) -> list[Alarm]:
    """All that hold now, the gravest first. rows: every camera (``casework.streams.board.glances``)."""
    tolerance = drift_limit(session, now)
    found = {
        "stopped": _stopped(session, rows, now),
        "silent": _silent(session, rows, now),
        "late": _of(
            "late",
            [r for r in rows if holds(r, "late", now, tolerance)],
            lambda r: Subject(r.code, r.name, r.due_at),
        ),
        "drifting": _of(
            "drifting",
            [r for r in rows if holds(r, "drifting", now, tolerance)],
            lambda r: Subject(r.code, r.name, None, value=r.clock_offset_s),
        ),
        "unapproved": _unapproved(session, rows, now),
        "short": _short(session),
    }
    if found["stopped"] is not None:
        found["late"] = None  # of course they are, and the cure is another one
    return [alarm for kind in ALARMS if (alarm := found[kind]) is not None]


def holds(row: Glance, kind: str, now: datetime, tolerance_s: float) -> bool:
    """Whether an alarm about single cameras holds for one."""
    if not row.active:
        return False
    if kind == "silent":
        return is_silent(row, now)
    if kind == "late":
        late = row.due_at is not None and row.interval_s is not None
        return late and is_late(row.due_at, row.interval_s, now)  # type: ignore[arg-type]
    if kind == "drifting":
        return row.clock_offset_s is not None and abs(row.clock_offset_s) > tolerance_s
    return kind == "unapproved" and not is_approved(row)


def drift_limit(session: Session, now: datetime) -> float:
    """Seconds that a clock may be off: the tightest tolerance of the rules in force."""
    rules = in_force(parse(rules_at(session, now).text, None), now.astimezone(SHANGHAI).date())
    return min((rule.clock_tolerance_s for rule in rules), default=LIMITS.drift_s)


def _of(kind: str, rows: Sequence[Glance], subject: Callable[[Glance], Subject]) -> Alarm | None:
    return _alarm(kind, [subject(row) for row in rows])


def _alarm(kind: str, subjects: Sequence[Subject]) -> Alarm | None:
    if not subjects:
        return None
    known = [s for s in subjects if s.since is not None]
    ordered = sorted(known, key=lambda s: (s.since, s.code)) + [s for s in subjects if s.since is None]
    return Alarm(kind, len(subjects), ordered[0].since, tuple(ordered[:SHOWN]))


def _silent(session: Session, rows: Sequence[Glance], now: datetime) -> Alarm | None:
    cameras = [
        Subject(r.code, r.name, r.last_picture_at or r.since, fault=r.fault)
        for r in rows
        if is_silent(r, now)
    ]
    limit = now - timedelta(seconds=LIMITS.vehicle_silent_s)
    last = func.max(Footage.received_at)
    vehicles = session.execute(
        select(Device.code, Device.name, last)
        .outerjoin(Footage, Footage.device_id == Device.id)
        .where(Device.kind == "vehicle", Device.active, Device.key_hash.is_not(None), Device.made_at < limit)
        .group_by(Device.id, Device.code, Device.name)
        .having((last < limit) | last.is_(None))
    )
    return _alarm("silent", [*cameras, *(Subject(code, name, since) for code, name, since in vehicles)])


def _unapproved(session: Session, rows: Sequence[Glance], now: datetime) -> Alarm | None:
    """since: the day after the last of what is missing ended; none where it never was granted."""
    today = now.astimezone(SHANGHAI).date()
    wanted = [row.id for row in rows if row.active and not is_approved(row)]
    first = session.scalars(
        select(Device)
        .where((Device.id.in_(wanted[:SHOWN])) | ((Device.kind == "vehicle") & Device.active))
        .options(selectinload(Device.approvals))
        .order_by(Device.code)
    )
    subjects = []
    for device in first:
        missing = missing_approvals(device, now)
        ended = [a.valid_to for a in device.approvals if a.kind in missing and a.valid_to < today]
        at = (
            datetime.combine(max(ended) + timedelta(days=1), datetime.min.time(), SHANGHAI) if ended else None
        )
        if missing:
            subjects.append(Subject(device.code, device.name, at, missing=tuple(missing)))
    alarm = _alarm("unapproved", subjects)
    more = max(0, len(wanted) - SHOWN)
    return Alarm(alarm.kind, alarm.count + more, alarm.since, alarm.subjects) if alarm else None


def _stopped(session: Session, rows: Sequence[Glance], now: datetime) -> Alarm | None:
    limit = now - timedelta(seconds=LIMITS.worker_quiet_s)
    waiting = [row.due_at for row in rows if row.active and row.due_at is not None and row.due_at < limit]
    last = session.scalar(select(func.max(WorkerMinute.minute)))
    # A minute's row is written to until the minute is over.
    if not waiting or (last is not None and last + timedelta(minutes=1) > limit):
        return None
    held = session.scalar(select(func.count()).where(LookDue.lease_until > now)) or 0
    if held:
        return None
    return Alarm(
        "stopped", len(waiting), max(min(waiting), last) if last else min(waiting), value=len(waiting)
    )


def _short(session: Session) -> Alarm | None:
    load = plans.whole_load(session)
    if load.limit is None or load.wanted <= load.limit:
        return None
    return Alarm("short", 1, None, value=round(load.wanted / load.limit, 2))
