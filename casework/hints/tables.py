"""What people decided on hints. Append-only: a trigger refuses update and delete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.candidates.tables import Candidate
from casework.db import Base
from casework.devices.tables import Device


class HintDecision(Base):
    """One answer. candidate_id: the oldest candidate at the place that the hint was about; none: the whole camera."""

    __tablename__ = "hint_decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    type: Mapped[str]
    candidate_id: Mapped[int | None] = mapped_column(ForeignKey("candidate.id"))
    verdict: Mapped[str]  # accept, dismiss
    cure: Mapped[str]  # ignore_zone, fixture, threshold
    reason: Mapped[str]
    counts: Mapped[dict[str, Any]]  # what the hint said then
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str]
    decided_at: Mapped[datetime]
    device: Mapped[Device] = relationship(lazy="raise")
    candidate: Mapped[Candidate | None] = relationship(lazy="raise")
