"""How it goes (运行状况): sources, workers, the last hour, and what needs a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api.access import Ctx, Needs
from api.problems import speaks_english
from api.routes.cameras import counts_of
from api.schemas import cameras as c
from casework.db import Session, utcnow
from casework.people.service import Person
from casework.plans import queries as plans
from casework.plans import workers
from casework.plans.workers import Worker
from casework.streams import alarms, board
from casework.streams.alarms import Alarm
from casework.streams.limits import ALARMS, LIMITS

router = APIRouter(tags=["operations"])
Reader = Annotated[Person, Depends(Needs("devices"))]
LAST_MINUTES = 5


@router.get("/operations", operation_id="operations")
def operations(ctx: Ctx, person: Reader, request: Request) -> c.OperationsOut:
    """Everything of the page at once."""
    with ctx.database.read() as session:
        return _now(session, utcnow(), speaks_english(request))


def _now(session: Session, now: datetime, english: bool) -> c.OperationsOut:
    rows = board.glances(session, now)
    due = [row.due_at for row in rows if row.due_at is not None and row.due_at <= now]
    minutes = workers.last_hour(session, now)
    whole = minutes[-1 - LAST_MINUTES : -1]  # the present minute is not over
    return c.OperationsOut(
        at=now,
        counts=counts_of(rows),
        due=len(due),
        latest_s=max(((now - at).total_seconds() for at in due), default=0.0),
        asked_per_minute=round(plans.whole_load(session).given / 60, 1),
        looks_per_minute=round(sum(m.looks for m in whole) / LAST_MINUTES, 1),
        last_picture_at=max((r.last_picture_at for r in rows if r.last_picture_at), default=None),
        minutes=[c.MinuteOut.model_validate(m) for m in minutes],
        workers=[_worker(w, now) for w in workers.workers(session, now)],
        alarms=[_alarm(a, english) for a in alarms.alarms(session, rows, now)],
    )


def _worker(worker: Worker, now: datetime) -> c.WorkerOut:
    # A minute's row is written to until the minute is over.
    quiet = now - worker.last_at - timedelta(minutes=1) > timedelta(seconds=LIMITS.worker_quiet_s)
    return c.WorkerOut(
        name=worker.name,
        last_at=worker.last_at,
        working=worker.holds > 0 or not quiet,
        looks_per_minute=worker.looks_per_minute,
        faults=worker.faults,
        missed=worker.missed,
        late_mean_s=worker.late_mean_s,
        late_most_s=worker.late_most_s,
        holds=worker.holds,
    )


def _alarm(alarm: Alarm, english: bool) -> c.AlarmOut:
    said = ALARMS[alarm.kind]
    return c.AlarmOut(
        kind=alarm.kind,
        title=said.en if english else said.zh,
        what_to_do=said.do_en if english else said.do_zh,
        count=alarm.count,
        since=alarm.since,
        subjects=[
            c.SubjectOut(
                code=s.code, name=s.name, since=s.since, fault=s.fault, value=s.value, missing=list(s.missing)
            )
            for s in alarm.subjects
        ],
        value=alarm.value,
    )
