"""Where stored detections lie."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class LookFile(Base):
    """The looks of one footage in one hour (UTC) of capture time, in one file of the looks' own store.

    part: 1, 2, 3 ... in the order in which they were looked at, also where a clock was set back.
    judged_at: when they were judged; the zones and rules of then are those of ``zones_of(..., judged_at)``.
    look_every_s: between two looks by the plan that they were judged under; 0: not known.
    """

    __tablename__ = "look_file"
    __table_args__ = (
        UniqueConstraint("footage_id", "part"),
        Index("ix_look_file_span", "last_at", "device_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    part: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    looks: Mapped[int]
    boxes: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    model_id: Mapped[str]
    judged_at: Mapped[datetime]
    look_every_s: Mapped[float] = mapped_column(default=0.0)
