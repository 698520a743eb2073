"""Draws, samples and their labels.

A sample's picture is kept until the bureau's retention removes it: it shows a public street on which nothing was
found, is no evidence, and serves the estimate only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.devices.tables import Device
from casework.people.tables import Account


class SampleDraw(Base):
    """What was drawn from one footage. looks: those without a candidate, of which the samples are some."""

    __tablename__ = "sample_draw"
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    model_id: Mapped[str]
    looks: Mapped[int]


class LookSample(Base):
    """One look that was drawn. turn: its place in the random order of labelling, 0-1."""

    __tablename__ = "look_sample"
    __table_args__ = (UniqueConstraint("footage_id", "captured_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    model_id: Mapped[str]
    captured_at: Mapped[datetime]
    picture: Mapped[str]  # SHA-256 in the evidence store
    media_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    turn: Mapped[float]
    lease_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    lease_until: Mapped[datetime | None]
    device: Mapped[Device] = relationship(lazy="raise")


class SampleLabel(Base):
    """What a person saw on a sample: nothing missed, or things with type and box. Append-only, one for a sample.

    missed: [{"type": "stall", "xyxy": [4 values 0-1]}].
    """

    __tablename__ = "sample_label"
    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("look_sample.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    labelled_at: Mapped[datetime]
    missed: Mapped[list[Any]]
    note: Mapped[str]
    account: Mapped[Account] = relationship(lazy="raise")
