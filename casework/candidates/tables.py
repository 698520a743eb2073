"""Candidates, the sightings that they are made of, and what happened to them besides decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.devices.tables import Device
from casework.places.tables import Shop, Squad, Street


class Candidate(Base):
    """One possible violation. Places WGS-84; durations in seconds of capture time."""

    __tablename__ = "candidate"
    __table_args__ = (
        Index("ix_candidate_queue", "state", "id"),
        Index("ix_candidate_standing", "type", "standing"),
        Index("ix_candidate_month", "first_at", "squad_id", "type"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    state: Mapped[str]
    proof: Mapped[str]  # evidence or clue
    squad_id: Mapped[int | None] = mapped_column(ForeignKey("squad.id"))
    street_id: Mapped[int | None] = mapped_column(ForeignKey("street.id"))
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shop.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    place_error_m: Mapped[float | None]
    image_place: Mapped[list[Any]]  # (4,) box 0-1 on the picture of ``device``
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    observed_s: Mapped[float]
    inferred_s: Mapped[float]
    confidence: Mapped[float]
    standing: Mapped[bool]  # not yet observed to be gone
    rule: Mapped[str]
    rule_version: Mapped[int]
    model_id: Mapped[str]
    facts: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    reason: Mapped[str | None]  # of the rejection
    warning: Mapped[bool] = mapped_column(default=False)  # of a rule's warning phase: never a case
    rule_set: Mapped[int | None]  # version of the rule set; none: from before there were any
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("candidate.id"), index=True)
    lease_stage: Mapped[str | None]
    lease_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    lease_until: Mapped[datetime | None]
    squad: Mapped[Squad | None] = relationship(lazy="raise")
    street: Mapped[Street | None] = relationship(lazy="raise")
    shop: Mapped[Shop | None] = relationship(lazy="raise")
    device: Mapped[Device] = relationship(lazy="raise")
    sightings: Mapped[list[CandidateSighting]] = relationship(
        lazy="raise",
        order_by="CandidateSighting.first_at",
        foreign_keys="CandidateSighting.candidate_id",
    )


class CandidateSighting(Base):
    """One stay at the place, seen by one device in one go. ``key``: the violation's, so that it counts once."""

    __tablename__ = "candidate_sighting"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), index=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    observed_s: Mapped[float]
    inferred_s: Mapped[float]
    looks: Mapped[int]
    ended: Mapped[bool] = mapped_column(default=False)
    moved_from: Mapped[int | None] = mapped_column(ForeignKey("candidate.id"), index=True)  # by a split
    device: Mapped[Device] = relationship(lazy="raise")


class CandidateEvent(Base):
    """A merge, split, withdrawal or return (see ``life.toml``). Append-only: a trigger refuses update and delete.

    other_id: the other candidate of a merge or split. data: sightings that moved.
    """

    __tablename__ = "candidate_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    at: Mapped[datetime]
    act: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    other_id: Mapped[int | None] = mapped_column(ForeignKey("candidate.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str]
    reason: Mapped[str]
    data: Mapped[dict[str, Any]]

    def content(self) -> dict[str, Any]:
        """What the audit log keeps of it."""
        return {
            "id": self.id,
            "candidate": self.candidate_id,
            "at": self.at.isoformat(),
            "act": self.act,
            "from": self.from_state,
            "to": self.to_state,
            "other": self.other_id,
            "by": self.by_name,
            "reason": self.reason,
            "data": self.data,
        }
