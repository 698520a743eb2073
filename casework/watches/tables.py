"""Watches and their results."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.candidates.tables import Candidate
from casework.db import Base


class Watch(Base):
    """A candidate's place is looked at again from ``since`` (when it was to be corrected) to before ``until``.

    state: waiting, corrected, not_corrected; a watch that is still waiting after ``until`` was not seen.
    seen, looks: of the looks that showed the place, how many saw such a thing there. before, after: pictures.
    """

    __tablename__ = "watch"
    __table_args__ = (Index("ix_watch_waiting", "state", "until"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    by_name: Mapped[str]
    made_at: Mapped[datetime]
    state: Mapped[str]
    before_id: Mapped[int | None] = mapped_column(ForeignKey("evidence_item.id"))
    after_id: Mapped[int | None] = mapped_column(ForeignKey("evidence_item.id"))
    footage_id: Mapped[int | None] = mapped_column(ForeignKey("footage.id"))
    seen_at: Mapped[datetime | None]  # capture time of the picture after
    looks: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    candidate: Mapped[Candidate] = relationship(lazy="raise")
