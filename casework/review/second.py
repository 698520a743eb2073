"""The second look: drawing first decisions for it, and settling what two people said who did not know of each other.

Both said the same: it stands. They differ: ``disputed``, a senior sees both and decides. One was unsure: to the senior.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from casework.algorithms.shadow import CONFIRMED
from casework.candidates.queries import history_at
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.people.roles import Role
from casework.people.service import Person
from casework.people.tables import Account
from casework.review.admission import Choice
from casework.review.quality_rules import QualityRules, rules
from casework.review.quality_tables import SecondLook
from casework.review.tables import Decision

SECOND, DISPUTED = "second", "disputed"
JUDGES = frozenset({"keep", "reject"})
"""The verdicts that say yes or no."""

_draw = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Settled:
    """What a decision leads to. type: the candidate's from now on, where two had to agree on it; reason: of its
    rejection. look: what was drawn or is settled by it, see ``noted``.
    """

    state: str
    type: str
    reason: str | None
    look: SecondLook | None = None


def looked_first(person: Person) -> ColumnElement[bool]:
    """Candidates that wait for somebody else's look after this person's."""
    mine = select(SecondLook.id).where(
        SecondLook.candidate_id == Candidate.id, open_look(), SecondLook.first_by == person.id
    )
    return and_(Candidate.state == SECOND, mine.exists())


def open_look() -> ColumnElement[bool]:
    """A second look that nobody has given yet."""
    return and_(SecondLook.second_id.is_(None), SecondLook.voided_at.is_(None))


def look_at(session: Session, candidate_id: int) -> SecondLook | None:
    """The open second look of a candidate."""
    return session.scalar(select(SecondLook).where(SecondLook.candidate_id == candidate_id, open_look()))


def after_first(session: Session, person: Person, candidate: Candidate, choice: Choice, to: str) -> Settled:
    """What becomes of a candidate by a first-stage decision that alone would bring it to the state ``to``.

    Where it is drawn, nothing about the candidate tells the second person what the first said: its type stays.
    """
    kind = choice.type or candidate.type
    alone = Settled(to, kind, choice.reason if to == "rejected" else None)
    look = look_at(session, candidate.id) if candidate.state == SECOND else None
    if look is not None:
        return _settled(session, look, choice, candidate, alone)
    because = _because(session, person, candidate, choice) if choice.verdict in JUDGES else None
    if because is None:
        return alone
    void(session, candidate.id)  # of before it was merged, or withdrawn, and came back
    drawn = SecondLook(
        candidate_id=candidate.id,
        type=candidate.type,
        because=because,
        first_by=person.id,
        first_verdict=choice.verdict,
    )
    return Settled(SECOND, candidate.type, None, drawn)


def _settled(
    session: Session, look: SecondLook, choice: Choice, candidate: Candidate, alone: Settled
) -> Settled:
    first = session.get_one(Decision, look.first_id)
    if choice.verdict not in JUDGES:
        return Settled(alone.state, candidate.type, None, look)
    same_type = (first.to_type or candidate.type) == alone.type
    look.agreed = first.verdict == choice.verdict and same_type
    return (
        Settled(alone.state, alone.type, alone.reason, look)
        if look.agreed
        else Settled(DISPUTED, candidate.type, None, look)
    )


def noted(session: Session, settled: Settled, decision: Decision) -> None:
    """Tie what was drawn or settled to the decision, which has its number by now."""
    look = settled.look
    if look is None:
        return
    if settled.state == SECOND:
        look.first_id, look.drawn_at = decision.id, decision.decided_at
        session.add(look)
    else:
        look.second_id, look.second_by = decision.id, decision.account_id
        look.second_verdict, look.settled_at = decision.verdict, decision.decided_at
    session.flush()


def undone(session: Session, decision: Decision) -> None:
    """A first-stage decision was taken back: what was drawn from it is void, what it settled is open again."""
    look = session.scalar(
        select(SecondLook).where(
            or_(SecondLook.first_id == decision.id, SecondLook.second_id == decision.id),
            SecondLook.voided_at.is_(None),
        )
    )
    if look is None:
        return
    if look.first_id == decision.id:
        look.voided_at = utcnow()
    else:
        look.second_id = look.second_by = look.second_verdict = look.agreed = look.settled_at = None


def void(session: Session, candidate_id: int) -> None:
    """An open second look of the candidate will not be given any more."""
    look = look_at(session, candidate_id)
    if look is not None:
        look.voided_at = utcnow()


def _because(session: Session, person: Person, candidate: Candidate, choice: Choice) -> str | None:
    """Why a decision is drawn, none where it is not: one throw against the growing shares, so that those of ``random``
    stand for all, whatever else asks for more."""
    numbers, thrown, now = rules(), _draw(), utcnow()
    if thrown >= numbers.most_second or not _somebody_else(session, person, candidate, now):
        return None
    if thrown < numbers.second_share:
        return "random"
    low, high = numbers.low_agreement, numbers.high_stakes
    since = now - timedelta(days=low.days)
    if thrown < low.share:
        who = or_(SecondLook.first_by == person.id, SecondLook.second_by == person.id)
        if _few_agree(session, who, since, numbers):
            return "low_reviewer"
        if _few_agree(session, SecondLook.type == candidate.type, since, numbers):
            return "low_type"
    if thrown < high.share and choice.verdict == "keep" and _high_stakes(session, candidate, numbers):
        return "high_stakes"
    return None


def _somebody_else(session: Session, person: Person, candidate: Candidate, now: datetime) -> bool:
    """Whether another first reviewer who may see it is at work."""
    since = now - timedelta(days=rules().colleague_days)
    at_work = select(Decision.id).where(
        Decision.account_id == Account.id, Decision.decided_at >= since, Decision.stage == "first"
    )
    found = select(Account.id).where(
        Account.id != person.id,
        Account.active,
        Account.role == Role.REVIEWER,
        or_(Account.squad_id.is_(None), Account.squad_id == candidate.squad_id),
        at_work.exists(),
    )
    return session.scalar(found.limit(1)) is not None


def _few_agree(session: Session, which: ColumnElement[bool], since: datetime, numbers: QualityRules) -> bool:
    looked, agreed = session.execute(
        select(func.count(), func.count().filter(SecondLook.agreed.is_(True))).where(
            which, SecondLook.settled_at >= since, SecondLook.agreed.is_not(None)
        )
    ).one()
    low = numbers.low_agreement
    return bool(looked >= low.least and agreed / looked < low.below)


def _high_stakes(session: Session, candidate: Candidate, numbers: QualityRules) -> bool:
    if candidate.proof != "evidence" or candidate.warning:
        return False
    if numbers.high_stakes.special_duty and "special_duty" in candidate.facts:
        return True
    before = history_at(session, candidate)
    return sum(before.get(state, 0) for state in CONFIRMED) >= numbers.high_stakes.repeats
