"""Decisions. Append-only: a trigger refuses update and delete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.people.tables import Account


class Decision(Base):
    """One person's decision on one candidate. ``key``: chosen by the sender; the same key counts once.

    boxes: what the person corrected, none when nothing was: [{"picture": evidence item, "boxes": [{"label":
    class, "xyxy": [4 values 0-1]}]}]; an empty list of boxes says that nothing of the kind is on that picture.
    """

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_account", "account_id", "decided_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    stage: Mapped[str]  # first, senior, legal
    verdict: Mapped[str]  # keep, reject, escalate / accept, return
    reason: Mapped[str | None]
    note: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime]
    seconds: Mapped[float]
    shown: Mapped[list[Any]]
    boxes: Mapped[list[Any] | None]
    account: Mapped[Account] = relationship(lazy="raise")

    def content(self) -> dict[str, Any]:
        """What the audit log keeps of it, so that a changed decision is found."""
        return {
            "id": self.id,
            "key": self.key,
            "candidate": self.candidate_id,
            "stage": self.stage,
            "verdict": self.verdict,
            "reason": self.reason,
            "note": self.note,
            "account": self.account_id,
            "at": self.decided_at.isoformat(),
            "seconds": self.seconds,
            "shown": self.shown,
            # Left out where there is none, as in the log of the time before there were any.
            **({"boxes": self.boxes} if self.boxes is not None else {}),
        }
