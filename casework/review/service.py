"""Taking a candidate, keeping it, deciding, giving it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates.life import locked
from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.cases.service import open_case
from casework.cases.tables import Case
from casework.db import utcnow
from casework.errors import Conflict
from casework.evidence.queries import items_of
from casework.people.service import Person
from casework.review import planted, queries, second
from casework.review.admission import Choice, admitted, check_held, check_stage
from casework.review.tables import Decision
from casework.review.transitions import waiting_states

__all__ = ["LEASE", "Choice", "check_stage", "decide", "lease", "release", "renew", "take_next", "written"]

LEASE = timedelta(minutes=5)


def take_next(
    session: Session, person: Person, stage: str, want: Filter, skip: Sequence[int] = ()
) -> tuple[Candidate | None, datetime | None]:
    """Lease the next candidate to this person: nobody else is given it until they decide or the time is over."""
    check_stage(person, stage)
    now = utcnow()
    queries.hurry(session, now)
    candidate = queries.next_free(session, person, stage, want, skip, now)
    if stage == planted.FIRST:
        known = planted.offer(session, person, want, skip, LEASE, waiting=candidate is not None)
        if known is not None:
            return known
    if candidate is None:
        return None, None
    lease(candidate, person, stage, now)
    session.flush()
    return candidate, candidate.lease_until


def lease(candidate: Candidate, person: Person, stage: str, now: datetime) -> datetime:
    """It is this person's until the time that is returned."""
    until = now + LEASE
    candidate.lease_by, candidate.lease_stage, candidate.lease_until = person.id, stage, until
    return until


def renew(session: Session, person: Person, candidate_id: int) -> datetime:
    """The person is still at it: the lease begins anew. Raises NotFound, Conflict (decided, or another's by now)."""
    candidate = locked(session, person, candidate_id)
    known = planted.renew(session, person, candidate_id, LEASE)
    if known is not None:
        return known
    stage = candidate.lease_stage or candidate.queue or "first"
    check_held(person, candidate, stage, waiting_states(stage))
    return lease(candidate, person, stage, utcnow())


def release(session: Session, person: Person, candidate_id: int) -> None:
    """Give a candidate back undecided. Nothing happens when it is not this person's."""
    candidate = locked(session, person, candidate_id)
    planted.release(session, person, candidate_id)
    if candidate.lease_by == person.id:
        freed(candidate)


def decide(
    session: Session, person: Person, candidate_id: int, choice: Choice
) -> tuple[Decision, Candidate, Case | None]:
    """Write a decision. The same key again gives the decision that it made before.

    Raises Refused (role, or the same person at two stages), Conflict (state, or another's lease), Invalid (reason,
    boxes, type, or the pictures were not looked at).
    """
    check_stage(person, choice.stage)
    candidate = locked(session, person, candidate_id)
    again = queries.decision_by_key(session, choice.key)
    if again is not None:
        check_same(again, person, candidate_id)
        return again, candidate, _case_of(session, candidate_id)
    known = planted.answer(session, person, candidate, choice) if choice.stage == planted.FIRST else None
    if known is not None:
        return known, candidate, None
    pictures = [item for item in items_of(session, candidate_id) if item.kind == "picture"]
    had_a_say = candidate_id in queries.had_a_say(session, person, choice.stage, [candidate_id])
    step = admitted(person, candidate, choice, pictures, had_a_say=had_a_say)
    decision = written(session, person, candidate, choice, step.to)
    case = open_case(session, person, candidate) if candidate.state == "filed" else None
    return decision, candidate, case


def check_same(again: Decision, person: Person, candidate_id: int) -> None:
    """A key that came before came from the same person about the same candidate. Raises Conflict."""
    if (again.candidate_id, again.account_id) != (candidate_id, person.id):
        raise Conflict("key_reused", zh="该提交编号已用于另一件", en="this key was used for another decision")


def written(
    session: Session, person: Person, candidate: Candidate, choice: Choice, to: str, undoes: int | None = None
) -> Decision:
    """The decision with what it does to the candidate, and the audit log last. It was admitted before."""
    retyped = choice.type if choice.type not in (None, candidate.type) else None
    if choice.stage == planted.FIRST and undoes is None:
        settled = second.after_first(session, person, candidate, choice, to)
    else:
        reason = choice.reason if to == "rejected" else None
        settled = second.Settled(to, retyped or candidate.type, reason)
    decision = Decision(
        key=choice.key,
        candidate_id=candidate.id,
        stage=choice.stage,
        verdict=choice.verdict,
        reason=choice.reason,
        note=choice.note,
        account_id=person.id,
        decided_at=utcnow(),
        seconds=choice.seconds,
        shown=choice.shown,
        boxes=choice.boxes,
        undoes=undoes,
        batch=choice.batch,
        from_state=candidate.state,
        to_state=settled.state,
        from_type=candidate.type if retyped else None,
        to_type=retyped,
    )
    session.add(decision)
    candidate.state, candidate.type, candidate.reason = settled.state, settled.type, settled.reason
    freed(candidate)
    session.flush()
    second.noted(session, settled, decision)
    record(session, person.actor, "decision", f"candidate:{candidate.id}", decision.content())
    return decision


def freed(candidate: Candidate) -> None:
    """Nobody holds it any more."""
    candidate.lease_by = candidate.lease_stage = candidate.lease_until = None


def _case_of(session: Session, candidate_id: int) -> Case | None:
    return session.scalar(select(Case).where(Case.candidate_id == candidate_id))
