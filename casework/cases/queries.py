"""Reading cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.candidates.queries import BRIEF
from casework.candidates.tables import Candidate
from casework.cases.tables import Case, CaseEvent
from casework.errors import not_found
from casework.people.service import Person
from casework.places.tables import Squad, Street
from casework.words import words

_BRIEF = joinedload(Case.candidate).options(*BRIEF)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list of cases is narrowed to. since, until: opened, half-open."""

    squad: str | None = None
    street: str | None = None
    type: str | None = None
    state: str | None = None
    stage: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def in_scope(query: Select[Any], person: Person) -> Select[Any]:
    """Only the person's squad, if they have one."""
    return query if person.squad_id is None else query.where(Case.squad_id == person.squad_id)


def case(session: Session, person: Person, case_id: int) -> Case:
    """The case with candidate and events. Raises NotFound, outside the squad too."""
    row: Case | None = session.scalar(
        in_scope(select(Case).where(Case.id == case_id), person).options(_BRIEF, selectinload(Case.events))
    )
    if row is None:
        raise not_found("case", "案件", case_id)
    return row


def cases_of(session: Session, candidate_ids: list[int]) -> dict[int, tuple[int, str]]:
    """Candidate -> (id, number) of its case. One query for a page of candidates."""
    rows = session.execute(
        select(Case.candidate_id, Case.id, Case.number).where(Case.candidate_id.in_(candidate_ids))
    )
    return {candidate_id: (case_id, number) for candidate_id, case_id, number in rows}


def page_of_cases(
    session: Session, person: Person, want: CaseFilter, page: int, size: int
) -> tuple[list[Case], int]:
    """Newest first."""
    query = in_scope(select(Case).join(Case.candidate), person)
    if want.squad:
        query = query.where(
            Case.squad_id == select(Squad.id).where(Squad.code == want.squad).scalar_subquery()
        )
    if want.street:
        query = query.where(
            Candidate.street_id == select(Street.id).where(Street.code == want.street).scalar_subquery()
        )
    if want.type:
        query = query.where(Case.type == want.type)
    if want.state:
        query = query.where(Case.state == want.state)
    if want.stage:
        query = query.where(Case.state.in_([w.code for w in words("case_states") if w.stage == want.stage]))
    if want.since:
        query = query.where(Case.opened_at >= want.since)
    if want.until:
        query = query.where(Case.opened_at < want.until)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.options(_BRIEF).order_by(Case.opened_at.desc(), Case.id.desc())
    return list(session.scalars(rows.offset((page - 1) * size).limit(size))), total


def event_by_key(session: Session, key: str) -> CaseEvent | None:
    """The step that was sent with this key."""
    return session.scalar(select(CaseEvent).where(CaseEvent.key == key))


def chain_entries(session: Session, case_id: int) -> Iterator[tuple[int, str, str, object]]:
    """For casework.chain.breaks, in order."""
    for row in session.scalars(select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.seq)):
        yield row.seq, row.prev_hash, row.hash, row.content()
