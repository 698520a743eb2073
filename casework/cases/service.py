"""Opening a case and taking its steps, through the table of allowed ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates.tables import Candidate
from casework.cases import queries
from casework.cases.tables import Case, CaseEvent
from casework.cases.transitions import Step, next_steps
from casework.chain import entry_hash
from casework.counters import lock_head, next_number
from casework.db import utcnow
from casework.errors import Conflict, Invalid, Refused, not_found
from casework.people.service import Person
from casework.watches.service import watch
from casework.words import word

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that somebody takes. key: the same one counts once."""

    to: str
    reason: str
    key: str
    party: str | None = None
    fine_yuan: int | None = None
    procedure: str | None = None

    def given(self) -> dict[str, Any]:
        """The values that were given."""
        values = {"party": self.party, "fine_yuan": self.fine_yuan, "procedure": self.procedure}
        return {name: value for name, value in values.items() if value is not None}


def open_case(session: Session, person: Person, candidate: Candidate) -> Case:
    """A case from a candidate that legal review accepted. Numbered per year (Asia/Shanghai) without gaps."""
    now = utcnow()
    year = now.astimezone(SHANGHAI).year
    case = Case(
        number=f"非现〔{year}〕第{next_number(session, f'case:{year}'):05d}号",
        candidate_id=candidate.id,
        type=candidate.type,
        squad_id=candidate.squad_id,
        state="opened",
        mode=candidate.proof,
        opened_at=now,
    )
    session.add(case)
    session.flush()
    taken = Taken("opened", "法制审核通过", f"open:{case.id}")
    _write(session, person, case, None, taken, now)
    record(
        session,
        person.actor,
        "case_opened",
        f"case:{case.id}",
        {"number": case.number, "candidate": candidate.id},
    )
    return case


def take_step(session: Session, person: Person, case_id: int, taken: Taken) -> Case:
    """Take a lawful next step. Raises Refused (role), Conflict (state), Invalid (what must be given)."""
    query = queries.in_scope(select(Case).where(Case.id == case_id), person)
    case: Case | None = session.scalar(query.with_for_update(of=Case))
    if case is None:
        raise not_found("case", "案件", case_id)
    again = queries.event_by_key(session, taken.key)
    if again is not None:
        if again.case_id != case_id or again.account_id != person.id:
            raise Conflict(
                "key_reused", zh="该提交编号已用于另一步骤", en="this key was used for another step"
            )
        return case
    step = _allowed(person, case, taken)
    before, now = case.state, utcnow()
    case.state = step.to
    for name in step.needs:
        setattr(case, name, taken.given()[name])
    if step.to == "filed":
        case.filed_at = now
    if step.to == "decided":
        case.decided_at = now
    if step.closes:
        case.closed_at = now
    _write(session, person, case, before, taken, now)
    record(
        session,
        person.actor,
        "case_step",
        f"case:{case.id}",
        {"from": before, "to": step.to, "reason": taken.reason, **taken.given()},
    )
    if step.watch_days is not None:
        watch(session, person, case.candidate_id, now, now + timedelta(days=step.watch_days))
    return case


def _allowed(person: Person, case: Case, taken: Taken) -> Step:
    here, there = word("case_states", case.state), word("case_states", taken.to)
    step = next((s for s in next_steps(case.state, case.mode) if s.to == taken.to), None)
    if step is None:
        raise Conflict(
            "not_allowed",
            zh=f"案件处于“{here.zh}”，不能进入“{there.zh}”",
            en=f"a case that is '{here.en}' cannot go to '{there.en}' in {case.mode} mode",
        )
    if person.role not in step.roles:
        raise Refused(
            "not_your_step",
            zh=f"“{there.zh}”须由其他角色办理",
            en=f"'{there.en}' is taken by {', '.join(sorted(step.roles))}",
        )
    given = taken.given()
    lacking = [name for name in step.needs if given.get(name) in (None, "")]
    if lacking:
        raise Invalid(
            "values_needed",
            zh=f"还需填写：{'、'.join(lacking)}",
            en=f"still to be given: {', '.join(lacking)}",
        )
    unwanted = [name for name in given if name not in step.needs]
    if unwanted:
        raise Invalid(
            "values_unwanted",
            zh=f"此步骤不填写：{'、'.join(unwanted)}",
            en=f"this step takes no {', '.join(unwanted)}",
        )
    if not taken.reason.strip():
        raise Invalid("reason_needed", zh="请写明理由", en="give a reason")
    return step


def _write(
    session: Session, person: Person, case: Case, before: str | None, taken: Taken, now: datetime
) -> None:
    head = lock_head(session, f"case:{case.id}")
    event = CaseEvent(
        case_id=case.id,
        seq=head.seq + 1,
        key=taken.key,
        at=now,
        account_id=person.id,
        by_name=person.display_name,
        from_state=before,
        to_state=taken.to,
        reason=taken.reason,
        data=taken.given(),
        prev_hash=head.hash,
        hash="",
    )
    event.hash = entry_hash(head.hash, event.content())
    head.seq, head.hash = event.seq, event.hash
    session.add(event)
    session.flush()
