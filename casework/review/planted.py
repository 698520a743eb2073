"""Planted items: candidates with a known answer, mixed into the first review to see how right it is.

Handed out, kept, given back, answered and taken back like any other, but all of it is written beside the candidate,
which never changes; nothing of it counts in figures of candidates or in data sets.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates.queries import Filter, in_scope, narrowed
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.errors import Conflict
from casework.evidence.queries import items_of
from casework.people.service import Person
from casework.people.tables import Account
from casework.review.admission import Choice, check_given, step_of
from casework.review.quality_rules import rules
from casework.review.quality_tables import PlantedItem, PlantedLook
from casework.review.tables import Decision, next_decision_id
from casework.review.transitions import transition, waiting_states

_draw = random.SystemRandom().random
FIRST = "first"


def planted_for(person: Person) -> ColumnElement[bool]:
    """Candidates that are planted now and that this person never really decided on."""
    items = select(PlantedItem.candidate_id).where(PlantedItem.ended_at.is_(None))
    really = exists().where(Decision.candidate_id == Candidate.id, Decision.account_id == person.id)
    return and_(Candidate.id.in_(items), ~really.correlate(Candidate))


def offer(
    session: Session,
    person: Person,
    want: Filter,
    skip: Sequence[int],
    lease: timedelta,
    *,
    waiting: bool,
) -> tuple[Candidate, datetime] | None:
    """What the person already holds of them; else, now and then while real ones wait (``waiting``), one they never
    answered. None: hand out a real one."""
    now = utcnow()
    held = _held(session, person, want, skip, now, lease)
    if held is not None or not waiting or _draw() >= rules().planted_share:
        return held
    # Two pages of one person at once: the second waits here, and is given what the first was given.
    session.execute(select(Account.id).where(Account.id == person.id).with_for_update())
    held = _held(session, person, want, skip, now, lease)
    if held is not None:
        return held
    answered = exists().where(
        PlantedLook.candidate_id == Candidate.id,
        PlantedLook.account_id == person.id,
        or_(PlantedLook.verdict.is_not(None), PlantedLook.lease_until >= now),
    )
    chosen: Any = select(Candidate, PlantedItem)
    row = session.execute(
        narrowed(in_scope(chosen, person), want)
        .join(PlantedItem, and_(PlantedItem.candidate_id == Candidate.id, PlantedItem.ended_at.is_(None)))
        .where(planted_for(person), ~answered.correlate(Candidate), Candidate.id.not_in(skip))
        .order_by(func.random())
        .limit(1)
    ).first()
    if row is None:
        return None
    candidate, item = row
    look = _look(session, person, candidate.id) or PlantedLook(
        item_id=item.id, candidate_id=candidate.id, account_id=person.id, taken_at=now, note=""
    )
    look.lease_until = now + lease
    session.add(look)
    session.flush()
    return candidate, look.lease_until


def _held(
    session: Session, person: Person, want: Filter, skip: Sequence[int], now: datetime, lease: timedelta
) -> tuple[Candidate, datetime] | None:
    both: Any = select(Candidate, PlantedLook)
    row = session.execute(
        narrowed(in_scope(both, person), want)
        .join(PlantedLook, PlantedLook.candidate_id == Candidate.id)
        .where(_open(person), PlantedLook.lease_until >= now, Candidate.id.not_in(skip))
        .limit(1)
    ).first()
    if row is None:
        return None
    row[1].lease_until = now + lease
    return row[0], row[1].lease_until


def renew(session: Session, person: Person, candidate_id: int, lease: timedelta) -> datetime | None:
    """The lease begins anew; none: this is no planted item of theirs."""
    look = _look(session, person, candidate_id)
    if look is None:
        return None
    look.lease_until = utcnow() + lease
    return look.lease_until


def release(session: Session, person: Person, candidate_id: int) -> None:
    """Given back unanswered, if they hold it."""
    look = _look(session, person, candidate_id)
    if look is not None:
        look.lease_until = None


def answer(session: Session, person: Person, candidate: Candidate, choice: Choice) -> Decision | None:
    """Write the answer down and return what looks like the decision; none: this is a real one.

    Checked like a decision. Raises Conflict (key, lease, answered before), Invalid.
    """
    again = session.scalar(select(PlantedLook).where(PlantedLook.key == choice.key))
    if again is not None:
        if (again.candidate_id, again.account_id) != (candidate.id, person.id):
            raise Conflict(
                "key_reused", zh="该提交编号已用于另一件", en="this key was used for another decision"
            )
        return _as_decision(session, again)
    if candidate.state in waiting_states(FIRST):
        return None
    look = _look(session, person, candidate.id)
    if look is None or look.lease_until is None:
        _refuse(session, person, candidate)
        return None
    pictures = [i for i in items_of(session, candidate.id) if i.kind == "picture" and i.role != "after"]
    check_given(step_of(choice), choice, pictures)
    look.decision_id, look.key, look.decided_at = next_decision_id(session.connection()), choice.key, utcnow()
    look.verdict, look.reason, look.note = choice.verdict, choice.reason, choice.note
    look.seconds, look.shown, look.boxes, look.type = choice.seconds, choice.shown, choice.boxes, choice.type
    look.lease_until = None
    session.flush()
    _log(session, person, "planted_answered", look)
    return _as_decision(session, look)


def undo(
    session: Session, person: Person, decision_id: int, key: str, lease: timedelta
) -> tuple[Candidate, datetime] | None:
    """Take an answer back; the item is leased to the person again. None: the number is no answer of theirs."""
    look = session.scalar(
        select(PlantedLook).where(PlantedLook.decision_id == decision_id, PlantedLook.account_id == person.id)
    )
    if look is None:
        return None
    if look.undone_at is not None and look.undo_key != key:
        raise Conflict("already_undone", zh="该决定已撤销", en="this decision was taken back already")
    candidate, until = session.get_one(Candidate, look.candidate_id), utcnow() + lease
    if look.undone_at is None:
        look.undone_at, look.undo_key = utcnow(), key
        session.add(
            PlantedLook(
                item_id=look.item_id,
                candidate_id=look.candidate_id,
                account_id=person.id,
                taken_at=utcnow(),
                lease_until=until,
                note="",
            )
        )
        session.flush()
        _log(session, person, "planted_undone", look)
    return candidate, until


def answers_of(session: Session, person: Person, candidate_id: int) -> list[Decision]:
    """The person's own answers to an item, as decisions look; taken back ones left out."""
    query = _answers(person).where(PlantedLook.candidate_id == candidate_id)
    return [_as_decision(session, look) for look in session.scalars(query.order_by(PlantedLook.id)).all()]


def last_answers(session: Session, person: Person, most: int) -> list[Decision]:
    """The person's last answers, newest first, as decisions look."""
    query = _answers(person).order_by(PlantedLook.decided_at.desc()).limit(most)
    return [_as_decision(session, look) for look in session.scalars(query).all()]


def seconds_since(session: Session, person: Person, since: datetime) -> list[float]:
    """How long each answer since a moment took: they are part of the person's day."""
    query = _answers(person).where(PlantedLook.decided_at >= since)
    return [look.seconds or 0.0 for look in session.scalars(query)]


def _answers(person: Person) -> Select[PlantedLook]:
    return select(PlantedLook).where(
        PlantedLook.account_id == person.id,
        PlantedLook.decided_at.is_not(None),
        PlantedLook.undone_at.is_(None),
    )


def _open(person: Person) -> ColumnElement[bool]:
    return and_(PlantedLook.account_id == person.id, PlantedLook.decided_at.is_(None))


def _look(session: Session, person: Person, candidate_id: int) -> PlantedLook | None:
    """The unanswered one that was handed to the person."""
    return session.scalar(select(PlantedLook).where(_open(person), PlantedLook.candidate_id == candidate_id))


def _refuse(session: Session, person: Person, candidate: Candidate) -> None:
    """Who does not hold a planted item is told what they would be told of a real one."""
    query = select(Candidate.id).where(Candidate.id == candidate.id, planted_for(person))
    if session.scalar(query) is None:
        return
    said = answers_of(session, person, candidate.id)
    if not said:
        raise Conflict(
            "not_held", zh="请先领取再作决定", en="take this candidate from the queue before deciding on it"
        )
    step = transition(FIRST, said[-1].verdict)
    raise Conflict(
        "already_decided",
        zh="该疑似已由他人处理",
        en=f"this candidate is {step.to if step else FIRST} now; somebody was first",
    )


def _as_decision(session: Session, look: PlantedLook) -> Decision:
    """Never added to the session: it exists only for who answered."""
    assert look.decision_id is not None
    return Decision(
        id=look.decision_id,
        key=look.key,
        candidate_id=look.candidate_id,
        stage=FIRST,
        verdict=look.verdict,
        reason=look.reason,
        note=look.note,
        account_id=look.account_id,
        decided_at=look.decided_at,
        seconds=look.seconds,
        shown=look.shown,
        boxes=look.boxes,
        account=session.get_one(Account, look.account_id),
    )


def _log(session: Session, person: Person, act: str, look: PlantedLook) -> None:
    detail = {
        "item": look.item_id,
        "number": look.decision_id,
        "verdict": look.verdict,
        "reason": look.reason,
    }
    record(session, person.actor, act, f"candidate:{look.candidate_id}", detail)
