"""What workers do: looks a minute, lateness, faults, what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.plans.tables import LookDue, WorkerMinute

RECENT = timedelta(minutes=10)
HOUR = timedelta(minutes=60)
FORGOTTEN = timedelta(hours=12)
"""A worker that wrote nothing for so long is not listed."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker. last_at: its last minute. looks_per_minute, late_*: over its last ten minutes.

    holds: looks that it has leased now.
    """

    name: str
    last_at: datetime
    looks_per_minute: float
    faults: int
    missed: int
    late_mean_s: float
    late_most_s: float
    holds: int


@dataclass(frozen=True, slots=True)
class Minute:
    """All workers' looks in one minute (its beginning, UTC)."""

    minute: datetime
    looks: int
    faults: int
    missed: int


def workers(session: Session, now: datetime) -> list[Worker]:
    """By name."""
    holds: dict[str, int] = {}
    for name, count in session.execute(
        select(LookDue.worker, func.count()).where(LookDue.lease_until > now).group_by(LookDue.worker)
    ):
        holds[name or ""] = count
    last: dict[str, datetime] = {}
    for name, at in session.execute(
        select(WorkerMinute.worker, func.max(WorkerMinute.minute))
        .where(WorkerMinute.minute > now - FORGOTTEN)
        .group_by(WorkerMinute.worker)
    ):
        last[name] = at
    since = now - RECENT
    sums = {
        row.worker: row
        for row in session.execute(
            select(
                WorkerMinute.worker,
                func.count().label("minutes"),
                func.sum(WorkerMinute.looks).label("looks"),
                func.sum(WorkerMinute.faults).label("faults"),
                func.sum(WorkerMinute.missed).label("missed"),
                func.sum(WorkerMinute.late_sum_s).label("late"),
                func.max(WorkerMinute.late_most_s).label("most"),
            )
            .where(WorkerMinute.minute > since)
            .group_by(WorkerMinute.worker)
        )
    }
    found = []
    for name in sorted({*last, *holds}):
        row = sums.get(name)
        asked = row.looks + row.faults if row else 0
        found.append(
            Worker(
                name,
                last.get(name, now),
                round(row.looks / row.minutes, 1) if row else 0.0,
                row.faults if row else 0,
                row.missed if row else 0,
                round(row.late / asked, 1) if row and asked else 0.0,
                round(row.most, 1) if row else 0.0,
                holds.get(name, 0),
            )
        )
    return found


def last_hour(session: Session, now: datetime) -> list[Minute]:
    """The last sixty minutes, the present one included; those without a look too."""
    begin = now.replace(second=0, microsecond=0) - HOUR + timedelta(minutes=1)
    rows = {
        minute: (looks, faults, missed)
        for minute, looks, faults, missed in session.execute(
            select(
                WorkerMinute.minute,
                func.sum(WorkerMinute.looks),
                func.sum(WorkerMinute.faults),
                func.sum(WorkerMinute.missed),
            )
            .where(WorkerMinute.minute >= begin)
            .group_by(WorkerMinute.minute)
        )
    }
    minutes = [begin + timedelta(minutes=n) for n in range(60)]
    return [Minute(minute, *rows.get(minute, (0, 0, 0))) for minute in minutes]
