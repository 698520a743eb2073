"""Taking a candidate, deciding, giving it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates.queries import Filter, in_scope
from casework.candidates.tables import Candidate
from casework.cases.service import open_case
from casework.cases.tables import Case
from casework.db import utcnow
from casework.errors import Conflict, Invalid, Refused, not_found
from casework.evidence.queries import items_of
from casework.people.roles import may
from casework.people.service import Person
from casework.review import queries
from casework.review.tables import Decision
from casework.review.transitions import Transition, transition
from casework.words import codes

LEASE = timedelta(minutes=5)
STAGE_ACT = {"first": "review", "senior": "senior", "legal": "legal"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided. shown: pictures that were on screen, [{"picture": id, "ms": n}].

    boxes: corrected ones, see ``Decision``.
    """

    stage: str
    verdict: str
    key: str
    reason: str | None = None
    note: str = ""
    seconds: float = 0.0
    shown: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[dict[str, Any]] | None = None


def check_stage(person: Person, stage: str) -> None:
    """Whether this person works at this stage. Raises Refused."""
    if stage not in STAGE_ACT or not may(person.role, STAGE_ACT[stage]):
        raise Refused(
            "not_your_stage", zh="您的角色不能做这一步审核", en=f"a {person.role} does not do {stage} review"
        )


def take_next(
    session: Session, person: Person, stage: str, want: Filter, skip: Sequence[int] = ()
) -> tuple[Candidate | None, datetime | None]:
    """Lease the next candidate to this person: nobody else is given it until they decide or the time is over."""
    check_stage(person, stage)
    now = utcnow()
    candidate = queries.next_free(session, person, stage, want, skip, now)
    if candidate is None:
        return None, None
    candidate.lease_by, candidate.lease_stage, candidate.lease_until = person.id, stage, now + LEASE
    session.flush()
    return candidate, candidate.lease_until


def release(session: Session, person: Person, candidate_id: int) -> None:
    """Give a candidate back undecided. Nothing happens when it is not this person's."""
    candidate = _locked(session, person, candidate_id)
    if candidate.lease_by == person.id:
        _free(candidate)


def decide(
    session: Session, person: Person, candidate_id: int, choice: Choice
) -> tuple[Decision, Candidate, Case | None]:
    """Write a decision. The same key again gives the decision that it made before.

    Raises Refused (role, or the same person at two stages), Conflict (state, or another's lease), Invalid (reason).
    """
    check_stage(person, choice.stage)
    candidate = _locked(session, person, candidate_id)
    again = queries.decision_by_key(session, choice.key)
    if again is not None:
        if (again.candidate_id, again.account_id) != (candidate_id, person.id):
            raise Conflict(
                "key_reused", zh="该提交编号已用于另一件", en="this key was used for another decision"
            )
        return again, candidate, _case_of(session, candidate_id)
    step = _allowed(session, person, candidate, choice)
    _check_boxes(session, candidate_id, choice)
    decision = Decision(
        key=choice.key,
        candidate_id=candidate_id,
        stage=choice.stage,
        verdict=choice.verdict,
        reason=choice.reason,
        note=choice.note,
        account_id=person.id,
        decided_at=utcnow(),
        seconds=choice.seconds,
        shown=choice.shown,
        boxes=choice.boxes,
    )
    session.add(decision)
    candidate.state = step.to
    candidate.reason = choice.reason if step.to == "rejected" else None
    _free(candidate)
    session.flush()
    record(session, person.actor, "decision", f"candidate:{candidate_id}", decision.content())
    case = open_case(session, person, candidate) if step.to == "filed" else None
    return decision, candidate, case


def _allowed(session: Session, person: Person, candidate: Candidate, choice: Choice) -> Transition:
    step = transition(choice.stage, choice.verdict)
    if step is None:
        raise Invalid(
            "bad_verdict",
            zh=f"{choice.stage} 没有 {choice.verdict} 这一结论",
            en=f"{choice.stage} review has no verdict {choice.verdict}",
        )
    if candidate.state not in step.sources:
        raise Conflict(
            "already_decided",
            zh="该疑似已由他人处理",
            en=f"this candidate is {candidate.state} now; somebody was first",
        )
    if choice.stage == "legal" and candidate.warning:
        raise Conflict(
            "warning_only",
            zh="规则试行期的预警不转案",
            en="this is a warning of a rule on trial: it never becomes a case",
        )
    now = utcnow()
    mine = candidate.lease_by == person.id and candidate.lease_stage == choice.stage
    if not mine and candidate.lease_until is not None and candidate.lease_until > now:
        raise Conflict("held_by_other", zh="该疑似正由他人审核", en="somebody else holds this candidate")
    if not mine:
        raise Conflict(
            "not_held", zh="请先领取再作决定", en="take this candidate from the queue before deciding on it"
        )
    if choice.stage in ("legal", "senior") and any(
        d.account_id == person.id for d in queries.decisions_on(session, candidate.id)
    ):
        raise Refused(
            "same_person",
            zh="一审人员不得对同一件做二审",
            en="who reviewed it may not review it again at the next stage",
        )
    if "reason" in step.needs and choice.reason not in codes("reasons"):
        raise Invalid("reason_needed", zh="请选择一项剔除原因", en="give one of the fixed reasons")
    if "reason" not in step.needs and choice.reason is not None:
        raise Invalid(
            "reason_unwanted", zh="该结论不带剔除原因", en="this verdict takes no reason of rejection"
        )
    if "note" in step.needs and not choice.note.strip():
        raise Invalid("note_needed", zh="请写明退回理由", en="say in words why it is returned")
    return step


def _check_boxes(session: Session, candidate_id: int, choice: Choice) -> None:
    """Corrected boxes lie on this candidate's own pictures, each picture once."""
    named = [entry["picture"] for entry in choice.boxes or ()]
    own = {item.id for item in items_of(session, candidate_id) if item.kind == "picture"} if named else set()
    if not own.issuperset(named) or len(set(named)) != len(named):
        raise Invalid(
            "bad_boxes",
            zh="更正框所在图片不属于该疑似，或重复",
            en="corrected boxes name a picture that is not this candidate's, or one twice",
        )
    if not all(_is_box(b["xyxy"]) for entry in choice.boxes or () for b in entry["boxes"]):
        raise Invalid(
            "bad_boxes",
            zh="更正框须为 0–1 的左、上、右、下，且左小于右、上小于下",
            en="a corrected box is left, top, right, bottom, 0-1, left before right, top above bottom",
        )


def _is_box(xyxy: Sequence[float]) -> bool:
    left, top, right, bottom = xyxy
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def _locked(session: Session, person: Person, candidate_id: int) -> Candidate:
    query = in_scope(select(Candidate).where(Candidate.id == candidate_id), person)
    candidate: Candidate | None = session.scalar(query.with_for_update(of=Candidate))
    if candidate is None:
        raise not_found("candidate", "疑似", candidate_id)
    return candidate


def _case_of(session: Session, candidate_id: int) -> Case | None:
    return session.scalar(select(Case).where(Case.candidate_id == candidate_id))


def _free(candidate: Candidate) -> None:
    candidate.lease_by = candidate.lease_stage = candidate.lease_until = None
