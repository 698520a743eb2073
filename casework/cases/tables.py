"""Cases and their events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.candidates.tables import Candidate
from casework.db import Base


class Case(Base):
    """A case. opened_at: when legal review accepted it. filed_at: 立案. Money in whole yuan."""

    __tablename__ = "case_file"
    __table_args__ = (
        Index("ix_case_opened", "opened_at"),
        Index("ix_case_filed", "filed_at"),
        Index("ix_case_closed", "closed_at"),
        Index("ix_case_decided", "decided_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), unique=True)
    type: Mapped[str]
    squad_id: Mapped[int | None] = mapped_column(ForeignKey("squad.id"), index=True)
    state: Mapped[str]
    mode: Mapped[str]  # evidence, or clue: everything is taken again on site
    party: Mapped[str | None]
    procedure: Mapped[str | None]  # simple, ordinary
    fine_yuan: Mapped[int | None]
    opened_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    candidate: Mapped[Candidate] = relationship(lazy="raise")
    events: Mapped[list[CaseEvent]] = relationship(lazy="raise", order_by="CaseEvent.id")


class CaseEvent(Base):
    """One step of a case. Append-only and chained per case; ``key`` counts once."""

    __tablename__ = "case_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    seq: Mapped[int]
    key: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    reason: Mapped[str]
    data: Mapped[dict[str, Any]]
    prev_hash: Mapped[str]
    hash: Mapped[str]

    def content(self) -> dict[str, Any]:
        """What the hash covers."""
        return {
            "case": self.case_id,
            "seq": self.seq,
            "key": self.key,
            "at": self.at.isoformat(),
            "account": self.account_id,
            "by": self.by_name,
            "from": self.from_state,
            "to": self.to_state,
            "reason": self.reason,
            "data": self.data,
        }
