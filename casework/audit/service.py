"""Writing to the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from casework.audit.tables import AuditEvent, audit_content
from casework.chain import entry_hash
from casework.counters import lock_head
from casework.db import utcnow

CHAIN = "audit"


def record(
    session: Session, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    """Add one act to the log, in the transaction of the act itself.

    Call it last in a transaction: it locks the head of the chain until the commit.
    """
    head = lock_head(session, CHAIN)
    seq, at, detail = head.seq + 1, utcnow(), detail or {}
    digest = entry_hash(head.hash, audit_content(seq, at, actor, action, subject, detail))
    session.add(
        AuditEvent(
            seq=seq,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=detail,
            prev_hash=head.hash,
            hash=digest,
        )
    )
    head.seq, head.hash = seq, digest
    session.flush()
