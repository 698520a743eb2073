"""Reading the queue and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, null, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from casework.candidates.queries import Filter, named_parts
from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.people.service import Person
from casework.places.tables import Squad, Street
from casework.review import planted, second
from casework.review.order import order
from casework.review.tables import Decision

UNDO = "undo"
"""The verdict of a decision that takes another back."""
MOST_HURRIED = 20
NARROWEST = ("device_id", "street_id", "squad_id", "model_id", "type")
"""What a queue is narrowed to, the fewest candidates first."""


def counted() -> ColumnElement[bool]:
    """A decision that counts: neither undone nor an undoing. All that counts decisions asks this."""
    undo = aliased(Decision)
    return and_(Decision.verdict != UNDO, ~select(undo.id).where(undo.undoes == Decision.id).exists())


def waiting_for(person: Person, stage: str, want: Filter) -> Select[Any]:
    """Candidates that this person may be given at this stage: whoever decided before does no legal or senior review."""
    query = select(Candidate).where(Candidate.queue == stage)
    parts = named_parts(want)
    if person.squad_id is not None:
        parts.setdefault("squad_id", person.squad_id)
        query = query.where(func.coalesce(Candidate.squad_id, null()) == person.squad_id)
    # SQLite keeps no figures of what is rare. It reads by the index of the narrowest; the others are hidden from it.
    for number, name in enumerate(name for name in NARROWEST if name in parts):
        column = getattr(Candidate, name)
        query = query.where((func.coalesce(column, null()) if number else column) == parts[name])
    return query.where(~decided_by(person, stage))


def decided_by(person: Person, stage: str) -> ColumnElement[bool]:
    """Whether the person may no longer look at a candidate anew at a stage. An undone decision keeps from legal review
    too: they have had their say; their own senior one they may make again. At the first, only while it waits for
    somebody else's second look."""
    if stage == planted.FIRST:
        return second.looked_first(person)
    mine = select(Decision.id).where(Decision.candidate_id == Candidate.id, Decision.account_id == person.id)
    return (mine if stage == "legal" else mine.where(counted())).exists()


def next_free(
    session: Session, person: Person, stage: str, want: Filter, skip: Sequence[int], now: datetime
) -> Candidate | None:
    """The first by the queue's order that nobody else holds, locked. What the person holds already comes first,
    unless skipped. Two queries, each one look into one index."""
    query = waiting_for(person, stage, want).order_by(Candidate.rank, Candidate.id).limit(1)
    if skip:
        query = query.where(Candidate.id.not_in(skip))
    query = query.with_for_update(skip_locked=True, of=Candidate)
    for which in (held_by(person, stage, now), free(now)):
        found: Candidate | None = session.scalar(query.where(which))
        if found is not None:
            return found
    return None


def hurry(session: Session, now: datetime) -> None:
    """Candidates whose deadline has come near move forward; a few at a time, as every taking asks for it."""
    due = (
        select(Candidate.id).where(Candidate.hurry_at < now).order_by(Candidate.hurry_at).limit(MOST_HURRIED)
    )
    sooner = Candidate.rank - order().weights["deadline"]
    session.execute(
        update(Candidate)
        .where(Candidate.id.in_(due.with_for_update(skip_locked=True)))
        .values(rank=sooner, hurried=True, hurry_at=None)
        .execution_options(synchronize_session=False)
    )


def had_a_say(session: Session, person: Person, stage: str, candidate_ids: Sequence[int]) -> set[int]:
    """Those of the candidates that the person may not look at anew at the stage."""
    query = select(Candidate.id).where(Candidate.id.in_(candidate_ids), decided_by(person, stage))
    return set(session.scalars(query))


def held_by(person: Person, stage: str, now: datetime) -> ColumnElement[bool]:
    """What the person holds at a stage."""
    return and_(Candidate.lease_by == person.id, Candidate.lease_stage == stage, Candidate.lease_until >= now)


def free(now: datetime) -> ColumnElement[bool]:
    """What nobody holds."""
    return or_(Candidate.lease_until.is_(None), Candidate.lease_until < now)


def queue_counts(session: Session, person: Person, stage: str, want: Filter, now: datetime) -> dict[str, Any]:
    """How much waits at a stage, by type, squad and street; how much of it is held. Reads all of it: see ``counts``."""
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
                Decision.account_id == person.id,
                Decision.stage == stage,
                Decision.decided_at >= since,
                counted(),
            )
        )
    )
    if stage == planted.FIRST:
        taken += planted.seconds_since(session, person, since)
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


def decisions_by_key(session: Session, keys: Sequence[str]) -> dict[str, Decision]:
    """The decisions that were sent with these keys."""
    return {d.key: d for d in session.scalars(select(Decision).where(Decision.key.in_(keys)))}


def device_of(session: Session, candidate: Candidate) -> Device:
    """Whose record it rests on."""
    return session.get_one(Device, candidate.device_id)


def all_decisions(session: Session) -> Iterator[Decision]:
    """Every decision, oldest first."""
    yield from session.scalars(select(Decision).order_by(Decision.id).execution_options(yield_per=500))
