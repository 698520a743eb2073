"""Candidates, the sightings that they are made of, and what happened to them besides decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, event, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.devices.tables import Device
from casework.places.tables import Shop, Squad, Street
from casework.review.order import Urgency, order, rank_of
from casework.review.transitions import stage_that_waits

_QUEUE = {
    "": ("queue",),
    **{f"_{n}": ("queue", n) for n in ("squad_id", "street_id", "type", "device_id", "model_id")},
}
"""A queue is read in its order (rank, then id) through one of these, whatever it is narrowed to."""


class Candidate(Base):
    """One possible violation. Places WGS-84; durations in seconds of capture time.

    queue: the stage of review that it waits for, none where nobody need look.
    rank: lower is handed out sooner (``casework.review.order``); both are kept by ``_queued``. hurry_at: when its
    deadline comes near; hurried: it did.
    group_id: the same for candidates that look alike (``casework.candidates.alike``); its own id where none does.
    """

    __tablename__ = "candidate"
    __table_args__ = (
        Index("ix_candidate_state", "state", "id"),
        *(Index(f"ix_candidate_queue{name}", *columns, "rank", "id") for name, columns in _QUEUE.items()),
        Index("ix_candidate_group", "group_id", "queue"),
        Index("ix_candidate_lease", "lease_by", "lease_until"),
        Index("ix_candidate_place", "type", "latitude", "longitude"),
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
    queue: Mapped[str | None]
    rank: Mapped[int] = mapped_column(default=0, server_default="0")
    complaint: Mapped[bool] = mapped_column(default=False, server_default=false())
    hurry_at: Mapped[datetime | None] = mapped_column(index=True)
    hurried: Mapped[bool] = mapped_column(default=False, server_default=false())
    group_id: Mapped[int | None]
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


@event.listens_for(Candidate, "before_insert")
@event.listens_for(Candidate, "before_update")
def _queued(_mapper: object, _connection: object, row: Candidate) -> None:
    """Queue and rank follow the row, whoever changes it: taking the next is then one look into one index."""
    row.queue = stage_that_waits(row.state, warning=bool(row.warning))
    if row.queue is None:
        row.hurry_at = None
    elif row.hurry_at is None and not row.hurried:
        row.hurry_at = row.made_at + order().within
    row.rank = rank_of(
        Urgency(
            row.rule,
            row.confidence,
            row.standing,
            special_duty="special_duty" in row.facts,
            repeat=bool(row.facts.get("repeats")),
            complaint=bool(row.complaint),
            deadline=bool(row.hurried),
        )
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
