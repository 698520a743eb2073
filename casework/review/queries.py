"""Reading the queue and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from casework.candidates.queries import Filter, in_scope, narrowed
from casework.candidates.tables import Candidate
from casework.people.service import Person
from casework.places.tables import Squad, Street
from casework.review.order import handed_out_last
from casework.review.tables import Decision
from casework.review.transitions import waiting_states


def waiting_for(person: Person, stage: str, want: Filter) -> Select[Any]:
    """Candidates that this person may be given at this stage: whoever decided before does no legal or senior review."""
    query = narrowed(in_scope(select(Candidate), person), want).where(
        Candidate.state.in_(waiting_states(stage))
    )
    if stage == "legal":
        query = query.where(~Candidate.warning)  # what only warns never becomes a case
    if stage in ("legal", "senior"):
        mine = select(Decision.id).where(
            Decision.candidate_id == Candidate.id, Decision.account_id == person.id
        )
        query = query.where(~mine.exists())
    return query


def next_free(
    session: Session, person: Person, stage: str, want: Filter, skip: Sequence[int], now: datetime
) -> Candidate | None:
    """The oldest that nobody else holds, locked. What the person holds already comes first, unless skipped; what its
    rule puts last (``order.toml``) comes when nothing else is free.
    """
    query = waiting_for(person, stage, want)
    if skip:
        query = query.where(Candidate.id.not_in(skip))
    query = query.order_by(Candidate.id).limit(1).with_for_update(skip_locked=True, of=Candidate)
    mine = and_(Candidate.lease_by == person.id, Candidate.lease_stage == stage, Candidate.lease_until >= now)
    free = or_(Candidate.lease_until.is_(None), Candidate.lease_until < now)
    sooner = free & Candidate.rule.not_in(handed_out_last())
    for which in (mine, sooner, free):
        found: Candidate | None = session.scalar(query.where(which))
        if found is not None:
            return found
    return None


def queue_counts(session: Session, person: Person, stage: str, want: Filter, now: datetime) -> dict[str, Any]:
    """How much waits at a stage, by type, squad and street; how much of it is held."""
    base = waiting_for(person, stage, want).subquery()
    rows = session.execute(
        select(
            base.c.type, Squad.code, Street.code, func.count(), func.count().filter(base.c.lease_until > now)
        )
        .outerjoin(Squad, Squad.id == base.c.squad_id)
        .outerjoin(Street, Street.id == base.c.street_id)
        .group_by(base.c.type, Squad.code, Street.code)
    )
    counts: dict[str, Any] = {"waiting": 0, "held": 0, "by_type": {}, "by_squad": {}, "by_street": {}}
    for kind, squad, street, number, held in rows:
        counts["waiting"] += number
        counts["held"] += held
        for group, code in (("by_type", kind), ("by_squad", squad), ("by_street", street)):
            if code is not None:
                counts[group][code] = counts[group].get(code, 0) + number
    return counts


def own_day(session: Session, person: Person, stage: str, since: datetime) -> tuple[int, float | None]:
    """How many this person decided since, and the median of the seconds each took."""
    taken = list(
        session.scalars(
            select(Decision.seconds).where(
                Decision.account_id == person.id, Decision.stage == stage, Decision.decided_at >= since
            )
        )
    )
    return len(taken), median(taken) if taken else None


def decisions_on(session: Session, candidate_id: int) -> list[Decision]:
    """All decisions on a candidate, oldest first, with their people."""
    return list(
        session.scalars(
            select(Decision)
            .where(Decision.candidate_id == candidate_id)
            .options(joinedload(Decision.account))
            .order_by(Decision.id)
        )
    )


def decision_by_key(session: Session, key: str) -> Decision | None:
    """The decision that was sent with this key."""
    return session.scalar(select(Decision).where(Decision.key == key).options(joinedload(Decision.account)))


def all_decisions(session: Session) -> Iterator[Decision]:
    """Every decision, oldest first."""
    yield from session.scalars(select(Decision).order_by(Decision.id).execution_options(yield_per=500))
