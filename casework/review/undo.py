"""Taking back one's own decisions, as long as nobody has gone on from them.

A decision is never changed: another one, with the verdict ``undo``, says that it no longer counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from casework.candidates.life import locked
from casework.candidates.queries import BRIEF
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.errors import CaseworkError, Conflict, Refused, not_found
from casework.people.service import Person
from casework.review import planted, queries, second
from casework.review.admission import Choice, check_stage
from casework.review.queries import UNDO, counted
from casework.review.service import LEASE, check_same, lease, written
from casework.review.tables import Decision

LAST = 20
"""So many of one's own decisions may be taken back; those made together on a group are one."""
MOST_TOGETHER = 200
STAGES = ("first", "senior")


@dataclass(frozen=True, slots=True)
class Recent:
    """One of the person's last decisions. count: how many were made with it. because: why it is not undoable."""

    decision: Decision
    candidate: Candidate
    count: int
    because: CaseworkError | None


def undo(
    session: Session, person: Person, decision_id: int, key: str, *, whole: bool = False
) -> tuple[Candidate, datetime, str]:
    """The candidate is as before the decision, and leased to the person again; returns it with the lease's end and
    its stage. whole: and all others of the group that can be. The same key again changes nothing.

    Raises NotFound, Refused (another's decision, or one of legal review), Conflict (``why_not``, or the key).
    """
    known = planted.undo(session, person, decision_id, key, LEASE)
    if known is not None:
        return *known, planted.FIRST
    about = session.get(Decision, decision_id)
    if about is None or about.verdict == UNDO:
        raise not_found("decision", "审核决定", decision_id)
    if about.account_id != person.id:
        raise Refused("not_yours", zh="只能撤销自己的决定", en="only one's own decisions are taken back")
    check_stage(person, about.stage)
    candidate = locked(session, person, about.candidate_id)
    again = queries.decision_by_key(session, key)
    if again is not None:
        check_same(again, person, candidate.id)
        return candidate, candidate.lease_until or utcnow(), about.stage
    because = _why_not(session, person, about, candidate)
    if because is not None:
        raise because
    until = _undone(session, person, about, candidate, key)
    if whole and about.batch is not None:
        query = select(Decision).where(
            Decision.batch == about.batch, Decision.account_id == person.id, counted()
        )
        for other in session.scalars(query.order_by(Decision.id)).all():
            row = locked(session, person, other.candidate_id)
            if why_not(person, other, row, _last_on(session, [row.id]), recent=True) is None:
                _undone(session, person, other, row, f"{key}:{other.candidate_id}")
    return candidate, until, about.stage


def _undone(session: Session, person: Person, about: Decision, candidate: Candidate, key: str) -> datetime:
    assert about.from_state is not None
    back = Choice(about.stage, UNDO, key, type=about.from_type, batch=about.batch)
    written(session, person, candidate, back, about.from_state, undoes=about.id)
    second.undone(session, about)
    until = lease(candidate, person, about.stage, utcnow())
    session.flush()
    return until


def _why_not(session: Session, person: Person, about: Decision, candidate: Candidate) -> CaseworkError | None:
    mine = _last_acts(session, person)
    recent = any(about.id == d.id or (d.batch is not None and d.batch == about.batch) for d in mine)
    return why_not(person, about, candidate, _last_on(session, [candidate.id]), recent=recent)


def why_not(
    person: Person, about: Decision, candidate: Candidate, last: dict[int, int], *, recent: bool
) -> CaseworkError | None:
    """Why a decision can no longer be taken back; none: it can. last: of each the last that counts."""
    if about.stage not in STAGES or about.from_state is None:
        return Refused(
            "not_undoable", zh="法制审核的决定不能撤销", en="decisions of legal review are not taken back"
        )
    if last.get(candidate.id) is None or last[candidate.id] < about.id:
        return Conflict("already_undone", zh="该决定已撤销", en="this decision was taken back already")
    if last[candidate.id] != about.id or candidate.state != about.to_state:
        return Conflict(
            "gone_on",
            zh="该疑似已进入下一步处理，不能撤销",
            en="the candidate has gone on since; it stays decided",
        )
    held = candidate.lease_until is not None and candidate.lease_until > utcnow()
    if held and candidate.lease_by != person.id:
        return Conflict(
            "held_by_next", zh="下一步审核人员正在审核，不能撤销", en="the next stage is looking at it now"
        )
    if not recent:
        return Conflict(
            "too_old",
            zh=f"只能撤销最近 {LAST} 项决定",
            en=f"only the last {LAST} decisions can be taken back",
        )
    return None


def recent(session: Session, person: Person, stage: str) -> list[Recent]:
    """The person's last decisions at a stage, newest first; those made together as one, with the last of them."""
    check_stage(person, stage)
    rows = [d for d in _last_acts(session, person) if d.stage == stage]
    known = planted.last_answers(session, person, LAST) if stage == planted.FIRST else []
    rows = sorted([*rows, *known], key=lambda d: d.id, reverse=True)[:LAST]
    ids = [d.candidate_id for d in rows]
    query = select(Candidate).where(Candidate.id.in_(ids)).options(*BRIEF)
    candidates = {c.id: c for c in session.scalars(query)}
    last = _last_on(session, ids)
    sizes = _sizes(session, [d.batch for d in rows if d.batch is not None])
    return [
        Recent(
            d,
            about,
            sizes.get(d.batch, 1),
            None if d in known else why_not(person, d, about, last, recent=True),
        )
        for d in rows
        for about in [candidates[d.candidate_id]]
    ]


def _last_acts(session: Session, person: Person) -> list[Decision]:
    """Of what counts, newest first; of decisions made together the last."""
    query = select(Decision.id, Decision.batch).where(
        Decision.account_id == person.id, Decision.stage.in_(STAGES), counted()
    )
    newest: dict[str, int] = {}
    for most in (3 * LAST, MOST_TOGETHER * LAST):  # rarely more than a few were made together
        newest = {}
        for number, batch in session.execute(
            query.order_by(Decision.decided_at.desc(), Decision.id.desc()).limit(most)
        ):
            newest.setdefault(batch or str(number), number)
        if len(newest) >= LAST:
            break
    ids = sorted(newest.values())[-LAST:]
    rows = select(Decision).where(Decision.id.in_(ids)).options(joinedload(Decision.account))
    return list(session.scalars(rows.order_by(Decision.id.desc())))


def _last_on(session: Session, candidate_ids: Sequence[int]) -> dict[int, int]:
    """Candidate -> the last decision on it that counts."""
    rows = session.execute(
        select(Decision.candidate_id, func.max(Decision.id))
        .where(Decision.candidate_id.in_(candidate_ids), counted())
        .group_by(Decision.candidate_id)
    )
    return dict(rows.all())


def _sizes(session: Session, batches: Sequence[str]) -> dict[str | None, int]:
    rows = session.execute(
        select(Decision.batch, func.count())
        .where(Decision.batch.in_(batches), counted())
        .group_by(Decision.batch)
    )
    return dict(rows.all())
