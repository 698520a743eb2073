"""Decisions. Append-only: a trigger refuses update and delete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.counters import Counter
from casework.db import Base
from casework.people.tables import Account

LATER = ("boxes", "undoes", "batch", "from_state", "to_state", "from_type", "to_type")
"""Columns that decisions did not always have."""


def next_decision_id(connection: Connection) -> int:
    """The next number of a decision. Answers to planted items take theirs from the same row, so that nobody can tell
    them apart by it. SQLite, which would give a number twice, counts in ``counter``.
    """
    if connection.dialect.name == "postgresql":
        found = connection.scalar(text("SELECT nextval(pg_get_serial_sequence('decision', 'id'))"))
    else:
        found = connection.scalar(
            update(Counter)
            .where(Counter.name == "decision_id")
            .values(value=Counter.value + 1)
            .returning(Counter.value)
        )
    return int(found or 0)


class Decision(Base):
    """One person's decision on one candidate. ``key``: chosen by the sender; the same key counts once.

    boxes: what the person corrected, none when nothing was: [{"picture": evidence item, "boxes": [{"label":
    class, "xyxy": [4 values 0-1]}]}]; an empty list of boxes says that nothing of the kind is on that picture.
    undoes: the decision that this one, with the verdict ``undo``, takes back; neither counts any more. batch: the
    same for decisions made together on a group. from_state, to_state: the candidate's before and after (none: from
    before these were kept); from_type, to_type: where the type was corrected, or put back.
    """

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_account", "account_id", "decided_at"),)
    id: Mapped[int] = mapped_column(
        primary_key=True, default=lambda context: next_decision_id(context.connection)
    )
    key: Mapped[str] = mapped_column(unique=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    stage: Mapped[str]  # first, senior, legal
    verdict: Mapped[str]  # keep, reject, escalate / accept, return / undo
    reason: Mapped[str | None]
    note: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime]
    seconds: Mapped[float]
    shown: Mapped[list[Any]]
    boxes: Mapped[list[Any] | None]
    undoes: Mapped[int | None] = mapped_column(index=True, unique=True)
    batch: Mapped[str | None]
    from_state: Mapped[str | None]
    to_state: Mapped[str | None]
    from_type: Mapped[str | None]
    to_type: Mapped[str | None]
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
            **{name: value for name in LATER if (value := getattr(self, name)) is not None},
        }
