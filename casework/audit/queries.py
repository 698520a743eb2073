"""Reading the audit log."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.tables import AuditEvent


def page_of_events(session: Session, page: int, size: int) -> tuple[list[AuditEvent], int]:
    """Newest first."""
    total = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
    rows = session.scalars(
        select(AuditEvent).order_by(AuditEvent.seq.desc()).offset((page - 1) * size).limit(size)
    )
    return list(rows), total


def chain_entries(session: Session) -> Iterator[tuple[int, str, str, object]]:
    """For casework.chain.breaks, in order."""
    for event in session.scalars(
        select(AuditEvent).order_by(AuditEvent.seq).execution_options(yield_per=500)
    ):
        yield event.seq, event.prev_hash, event.hash, event.content()
