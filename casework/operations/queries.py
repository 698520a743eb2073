"""States of everything that waits or works, read from the database: of all servers and workers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.candidates.tables import Candidate
from casework.footage.tables import Footage, Upload
from casework.plans import workers
from casework.streams import alarms, board


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by state, kind or worker. latest_s: how late the latest due look is, seconds. looks: judged so far, of
    all footage. per_minute: looks a minute over ten minutes, by worker.
    """

    cameras: dict[str, int]
    due: int
    latest_s: float
    per_minute: dict[str, float]
    held: dict[str, int]
    alarms: dict[str, int]
    footage: dict[str, int]
    candidates: dict[str, int]
    uploads_open: int
    looks: int


def figures(session: Session, now: datetime) -> Figures:
    """All of them at one moment, in a fixed number of statements."""
    rows = board.glances(session, now)
    due = [row.due_at for row in rows if row.due_at is not None and row.due_at <= now]
    at_work = workers.workers(session, now)
    growing = select(func.count()).select_from(Upload).where(Upload.result.is_(None))
    return Figures(
        cameras=dict.fromkeys(board.STATES, 0) | Counter(row.state for row in rows),
        due=len(due),
        latest_s=max(((now - at).total_seconds() for at in due), default=0.0),
        per_minute={w.name: w.looks_per_minute for w in at_work},
        held={w.name: w.holds for w in at_work},
        alarms={alarm.kind: alarm.count for alarm in alarms.alarms(session, rows, now)},
        footage=_counted(session, Footage.state, Footage.kind == "file"),
        candidates=_counted(session, Candidate.state),
        uploads_open=session.scalar(growing) or 0,
        looks=int(session.scalar(select(func.sum(Footage.looks))) or 0),
    )


def _counted(session: Session, column: Any, *where: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*where).group_by(column)
    return {state: int(n) for state, n in session.execute(query)}
