"""Answering a hint: recorded, and nothing else. What it proposes is carried out by a person where it belongs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.counters import lock_counter
from casework.db import utcnow
from casework.errors import Invalid
from casework.hints import queries
from casework.hints.tables import HintDecision
from casework.people.service import Person

VERDICTS = frozenset({"accept", "dismiss"})


def decide(
    session: Session, person: Person, key: str, verdict: str, cure: str | None, reason: str
) -> HintDecision:
    """Accept or dismiss a hint; another cure than the proposed one may be taken. Raises Invalid, NotFound."""
    lock_counter(session, "hints")
    if verdict not in VERDICTS:
        raise Invalid("bad_verdict", zh="结论只能是 accept 或 dismiss", en="a verdict is accept or dismiss")
    if not reason.strip():
        raise Invalid("reason_needed", zh="请写明理由", en="give a reason")
    hint = queries.hint(session, person, key, utcnow())
    chosen = cure or hint.cure
    known = [code for code, _at, _reasons in queries.limits().cures]
    if chosen not in known:
        raise Invalid(
            "no_cure", zh=f"没有处理方式 {chosen}", en=f"no cure {chosen}; one of {', '.join(known)}"
        )
    row = HintDecision(
        device_id=hint.device.id,
        type=hint.type,
        candidate_id=hint.candidates[0] if hint.at == "place" else None,
        verdict=verdict,
        cure=chosen,
        reason=reason,
        counts=hint.counts(),
        account_id=person.id,
        by_name=person.display_name,
        decided_at=utcnow(),
        device=hint.device,
    )
    session.add(row)
    session.flush()
    record(
        session,
        person.actor,
        "hint_decided",
        f"device:{hint.device.code}",
        {"key": key, "verdict": verdict, "cure": chosen, "reason": reason, **hint.counts()},
    )
    return row
