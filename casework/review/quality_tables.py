"""Second looks, planted items with their answers, and whose figures were seen. What is written here is completed later
(a second look is settled, an answer given); the decisions themselves are in ``tables.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class SecondLook(Base):
    """A first decision that was drawn for a second look by somebody else who does not know of it.

    because: random, low_reviewer, low_type or high_stakes (``quality.toml``). agreed: whether both came to the same;
    none while nobody looked, and where the second was unsure. voided_at: the first was undone, or the candidate went
    another way before anybody looked. Times UTC.
    """

    __tablename__ = "second_look"
    __table_args__ = (
        Index("ix_second_look_first_by", "first_by", "settled_at"),
        Index("ix_second_look_second_by", "second_by", "settled_at"),
        Index("ix_second_look_type", "type", "settled_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    type: Mapped[str]
    because: Mapped[str]
    drawn_at: Mapped[datetime]
    first_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), unique=True)
    first_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    first_verdict: Mapped[str]  # keep, reject
    second_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    second_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    second_verdict: Mapped[str | None]  # keep, reject, escalate
    agreed: Mapped[bool | None]
    settled_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class PlantedItem(Base):
    """A candidate with a known answer, mixed into the first review. verdict: keep or reject, with its reason."""

    __tablename__ = "planted_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    verdict: Mapped[str]
    reason: Mapped[str | None]
    note: Mapped[str]
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PlantedLook(Base):
    """A planted item handed to one person, and the answer: with all that a decision has, and no effect on anything.

    decision_id: the number that the person knows the answer by, from the same row of numbers as real decisions.
    undone_at: the person took it back. lease_until: of one that waits for its answer.
    """

    __tablename__ = "planted_look"
    __table_args__ = (Index("ix_planted_look_account", "account_id", "decided_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("planted_item.id"), index=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    taken_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    decision_id: Mapped[int | None] = mapped_column(unique=True)
    key: Mapped[str | None] = mapped_column(unique=True)
    verdict: Mapped[str | None]
    reason: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    type: Mapped[str | None]  # as the person corrected it
    decided_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    shown: Mapped[list[Any] | None]
    boxes: Mapped[list[Any] | None]
    undo_key: Mapped[str | None] = mapped_column(unique=True)
    undone_at: Mapped[datetime | None]


class QualitySeen(Base):
    """A reviewer looked at the figures of their own decisions of a span (UTC, half-open; until: at most then)."""

    __tablename__ = "quality_seen"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    seen_at: Mapped[datetime]
