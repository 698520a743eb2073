"""The audit log's table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class AuditEvent(Base):
    """One act. Never updated or deleted (a trigger refuses it)."""

    __tablename__ = "audit_event"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]  # account:NAME, device:CODE, system
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)  # candidate:12, case:3, account:4 ...
    detail: Mapped[dict[str, Any]]
    prev_hash: Mapped[str]
    hash: Mapped[str]

    def content(self) -> dict[str, Any]:
        """What the hash covers."""
        return audit_content(self.seq, self.at, self.actor, self.action, self.subject, self.detail)


def audit_content(
    seq: int, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> dict[str, Any]:
    """What the hash of an audit event covers."""
    return {
        "seq": seq,
        "at": at.isoformat(),
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": detail,
    }
