"""What one device raised in a span of time is withdrawn together, or restored: its zones or its picture were wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates import life
from casework.candidates.acts import UNCOUNTED, act
from casework.candidates.queries import BRIEF, devices_that_saw, in_scope
from casework.candidates.tables import Candidate
from casework.counters import lock_counter
from casework.devices.tables import Device
from casework.errors import Conflict, Invalid
from casework.people.service import Person

MOST = 500
"""Candidates in one go."""
LONGEST = timedelta(days=366)
SpanAct = Literal["withdraw", "restore"]


@dataclass(frozen=True, slots=True)
class Span:
    """since, until: aware, half-open; a candidate is in it that was first seen in it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates of a device's span. open: that the act would change, oldest first, as lists show them.

    held: that somebody reviews at this moment; shared: that another device saw too, whose zones may be right;
    decided: on which people have decided. None of these is changed.
    """

    open: list[Candidate] = field(default_factory=list)
    held: int = 0
    shared: int = 0
    decided: int = 0


def look(session: Session, person: Person, device: Device, span: Span, name: SpanAct) -> Found:
    """What the act would change. Raises Invalid (span; more than ``MOST``)."""
    if not span.since < span.until <= span.since + LONGEST:
        raise Invalid(
            "bad_span",
            zh="结束时间须晚于开始时间，且不超过一年",
            en="until must be later than since, by a year at most",
        )
    mine = in_scope(select(Candidate), person).where(
        Candidate.device_id == device.id, Candidate.first_at >= span.since, Candidate.first_at < span.until
    )
    sources = act(name).sources
    rows = list(
        session.scalars(
            mine.where(Candidate.state.in_(sources))
            .options(*BRIEF)
            .order_by(Candidate.first_at, Candidate.id)
            .limit(MOST + 1)
        )
    )
    if len(rows) > MOST:
        raise Invalid(
            "span_too_long",
            zh=f"这段时间有 {MOST} 件以上，请分段处理",
            en=f"more than {MOST} candidates lie in this span; take a shorter one",
        )
    seen = devices_that_saw(session, rows)
    alone = [row for row in rows if seen[row.id] <= {device.id}]
    free = [row for row in alone if not life.held_by_other(row, person)]
    decided = mine.where(Candidate.state.not_in((*act("withdraw").sources, *UNCOUNTED)))
    count = session.scalar(select(func.count()).select_from(decided.subquery())) or 0
    return Found(free, len(alone) - len(free), len(rows) - len(alone), count)


def change(
    session: Session, person: Person, device: Device, span: Span, name: SpanAct, reason: str, count: int
) -> list[int]:
    """Withdraw or restore all that ``look`` finds open; returns the ids, oldest first.

    count: how many the person was shown. Raises Invalid, Conflict (it is another number by now, or none).
    """
    lock_counter(session, "raising")  # a sighting must not join what is just being withdrawn
    found = look(session, person, device, span, name).open
    if not found or len(found) != count:
        raise Conflict(
            "changed_meanwhile",
            zh=f"这段时间可处理的疑似现为 {len(found)} 件，与您看到的 {count} 件不同，请重新查看",
            en=f"{len(found)} candidates could be changed by now, not the {count} that you saw; look again",
        )
    one = life.withdraw if name == "withdraw" else life.restore
    ids = [one(session, person, row.id, reason).id for row in found]
    detail = {
        "since": span.since.isoformat(),
        "until": span.until.isoformat(),
        "count": len(ids),
        "reason": reason,
    }
    record(session, person.actor, f"span_{name}", f"device:{device.code}", detail)
    return ids
