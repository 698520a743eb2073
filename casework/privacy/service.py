"""Leave to see an item of evidence clear: asked for with a reason, recorded, for a short while."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import utcnow
from casework.errors import Invalid, Refused
from casework.evidence.tables import EvidenceItem
from casework.people.roles import may
from casework.people.service import Person
from casework.privacy import queries
from casework.privacy.tables import ClearGrant

WHILE = timedelta(minutes=10)
LEAST_REASON, MOST_REASON = 4, 500


def unblur(session: Session, person: Person, item: EvidenceItem, reason: str) -> ClearGrant:
    """Leave for this person and item from now on, written to the audit log with the reason. Raises Refused, Invalid.

    Asking again records again and begins a new while.
    """
    if not may(person.role, "unblur"):
        raise Refused(
            "not_your_role",
            zh="您的角色无权查看未遮挡画面",
            en=f"a {person.role} may not see pictures unblurred (unblur)",
        )
    said = reason.strip()
    if not LEAST_REASON <= len(said) <= MOST_REASON:
        raise Invalid(
            "reason_needed",
            zh=f"请写明查看未遮挡画面的理由（{LEAST_REASON}–{MOST_REASON} 个字）",
            en=f"say why it must be seen unblurred, in {LEAST_REASON} to {MOST_REASON} characters",
        )
    now = utcnow()
    row = ClearGrant(account_id=person.id, item_id=item.id, reason=said, granted_at=now, until=now + WHILE)
    session.add(row)
    session.flush()
    record(
        session,
        person.actor,
        "unblur",
        f"evidence:{item.id}",
        {
            "candidate": item.candidate_id,
            "sha256": item.sha256,
            "reason": said,
            "until": row.until.isoformat(),
        },
    )
    return row


def check_leave(session: Session, person: Person, item: EvidenceItem) -> None:
    """Raises Refused, saying how leave is got, when this person has none for this item now."""
    if may(person.role, "unblur") and queries.grant_of(session, person.id, item.id, utcnow()) is not None:
        return
    minutes = WHILE.seconds // 60
    raise Refused(
        "unblur_first",
        zh=f"查看未遮挡画面须先填写理由（点“查看清晰画面”）；理由将记入审计日志，{minutes} 分钟内有效",
        en=f"ask for it with a reason first (POST /api/evidence/{item.id}/unblur): it is written to the audit log and "
        f"holds for {minutes} minutes",
    )
