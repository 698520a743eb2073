"""What a first reviewer sees of a candidate, so that a second look is blind and a planted item looks like any other.

A reviewer sees the world in which only own first decisions exist: what waits for a second look is open to all but who
decided first, to whom it is what they made of it; a planted item is open until they answered it. Of the first stage
they see their own decisions only. Everybody else sees what is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, or_, select
from sqlalchemy.orm import Session

from casework.candidates.queries import BRIEF, Filter, in_scope, narrowed
from casework.candidates.tables import Candidate
from casework.people.roles import Role
from casework.people.service import Person
from casework.review import queries
from casework.review.planted import answers_of, planted_for
from casework.review.quality_tables import PlantedItem, PlantedLook, SecondLook
from casework.review.second import DISPUTED, SECOND
from casework.review.tables import Decision
from casework.review.transitions import transitions, waiting_states


@dataclass(frozen=True, slots=True)
class Seen:
    """How a candidate looks to a reviewer where it is not what it is. reason: of the rejection they made of it.
    planted: nothing that came after the first review is shown."""

    state: str
    reason: str | None
    planted: bool


def blind(person: Person) -> bool:
    """Whether this person sees candidates masked."""
    return person.role == Role.REVIEWER


def state_after(person: Person, decision: Decision, state: str) -> str:
    """The state that a candidate has for who just decided on it."""
    return _STATES.get(decision.verdict, state) if blind(person) and decision.stage == "first" else state


def seen_as(session: Session, person: Person, ids: Sequence[int]) -> dict[int, Seen]:
    """Candidate id -> how it looks, of those that look other to this person than they are. Two queries at most."""
    if not blind(person) or not ids:
        return {}
    rows = session.execute(
        select(Candidate.id, _seen_state(person), planted_for(person)).where(
            Candidate.id.in_(ids), _masked(person)
        )
    ).all()
    if not rows:
        return {}
    own = {
        d.candidate_id: d
        for d in session.scalars(
            select(Decision)
            .where(
                Decision.candidate_id.in_([id_ for id_, _, _ in rows]),
                Decision.account_id == person.id,
                queries.counted(),
            )
            .order_by(Decision.id)
        )
    } | {
        answer.candidate_id: answer
        for id_, _, planted in rows
        if planted
        for answer in answers_of(session, person, id_)
    }
    return {
        id_: Seen(state, own[id_].reason if state == "rejected" and id_ in own else None, planted)
        for id_, state, planted in rows
    }


def decisions_seen(session: Session, person: Person, candidate_id: int, seen: Seen | None) -> list[Decision]:
    """The decisions on a candidate that this person may know of, oldest first, with their people."""
    if seen is not None and seen.planted:
        return answers_of(session, person, candidate_id)
    found = queries.decisions_on(session, candidate_id)
    if not blind(person):
        return found
    return [d for d in found if d.stage != "first" or d.account_id == person.id]


def unnamed(person: Person, candidate: Candidate, decision: Decision) -> bool:
    """Whether it is not said who decided: a senior weighs what was said, not who said it, until they have decided."""
    return (
        person.role == Role.LEADER
        and decision.stage == "first"
        and candidate.state in waiting_states("senior")
    )


def page_of_candidates(
    session: Session, person: Person, want: Filter, page: int, size: int
) -> tuple[list[Candidate], int]:
    """A page of a list, newest first, and how many there are; by the states that the person sees."""
    query: Any = narrowed(in_scope(select(Candidate), person), want)
    if blind(person) and want.state:
        hidden = or_(Candidate.state.in_((SECOND, DISPUTED)), Candidate.id.in_(_planted_ids()))
        rest = narrowed(in_scope(select(Candidate), person), replace(want, state=None))
        query = rest.where(
            or_(Candidate.state == want.state, hidden),
            case((_masked(person), _seen_state(person)), else_=Candidate.state) == want.state,
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.options(*BRIEF).order_by(Candidate.first_at.desc(), Candidate.id.desc())
    return list(session.scalars(rows.offset((page - 1) * size).limit(size))), total


_STATES = {t.verdict: t.to for t in transitions() if t.stage == "first"}


def _masked(person: Person) -> ColumnElement[bool]:
    return or_(Candidate.state.in_((SECOND, DISPUTED)), planted_for(person))


def _planted_ids() -> Any:
    return select(PlantedItem.candidate_id).where(PlantedItem.ended_at.is_(None))


def _seen_state(person: Person) -> ColumnElement[str]:
    """The state that a masked candidate has for this person."""
    said = (
        select(
            case(
                (SecondLook.first_by == person.id, SecondLook.first_verdict),
                (SecondLook.second_by == person.id, SecondLook.second_verdict),
            )
        )
        .where(SecondLook.candidate_id == Candidate.id, SecondLook.voided_at.is_(None))
        .order_by(SecondLook.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    answered = (
        select(PlantedLook.verdict)
        .where(
            PlantedLook.candidate_id == Candidate.id,
            PlantedLook.account_id == person.id,
            PlantedLook.verdict.is_not(None),
            PlantedLook.undone_at.is_(None),
        )
        .order_by(PlantedLook.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case(
        (planted_for(person), case(_STATES, value=answered, else_="open")),
        (Candidate.state == SECOND, case(_STATES, value=said, else_="open")),
        else_=case(_STATES, value=said, else_=literal("escalated")),
    )
