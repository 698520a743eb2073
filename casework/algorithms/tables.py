"""Algorithms, their events and evaluations, assignments, and what shadow runs would have raised.

An assignment is never changed but for its end, so that it stays known which version a camera used when.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base


class Algorithm(Base):
    """One version of a detector. ``model_id``: as candidates carry it; ``record``: its entry in the manifest.

    thresholds: operating confidence by class, 0-1. added_by: account, none for what came with the release.
    """

    __tablename__ = "algorithm"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    kind: Mapped[str]  # detector
    model_id: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    file: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    classes: Mapped[list[Any]]
    thresholds: Mapped[dict[str, Any]]
    record: Mapped[dict[str, Any]]
    state: Mapped[str]
    added_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    added_by_name: Mapped[str]
    added_at: Mapped[datetime]
    approved_by_name: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    events: Mapped[list[AlgorithmEvent]] = relationship(lazy="raise", order_by="AlgorithmEvent.id")


class AlgorithmEvent(Base):
    """One act on an algorithm. Append-only: a trigger refuses update and delete."""

    __tablename__ = "algorithm_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    algorithm_id: Mapped[int] = mapped_column(ForeignKey("algorithm.id"), index=True)
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str]
    act: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    reason: Mapped[str]
    data: Mapped[dict[str, Any]]


class AlgorithmEvaluation(Base):
    """Figures on a keep-set, as ``jiexun model evaluate`` printed them. Append-only."""

    __tablename__ = "algorithm_evaluation"
    id: Mapped[int] = mapped_column(primary_key=True)
    algorithm_id: Mapped[int] = mapped_column(ForeignKey("algorithm.id"), index=True)
    dataset: Mapped[str]
    split: Mapped[str]
    dataset_sha256: Mapped[str]  # over names and bytes of pictures and labels
    figures: Mapped[dict[str, Any]]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    by_name: Mapped[str]
    recorded_at: Mapped[datetime]


class Assignment(Base):
    """A version is used (role active) or runs beside (role shadow) in a scope, from one moment to another.

    scope: district, group, device. target: the group's name or the device's code; empty for the district.
    replaces_id: the assignment before it in this scope, which a rollback restores.
    """

    __tablename__ = "algorithm_assignment"
    __table_args__ = (
        Index(
            "ix_algorithm_assignment_holds",
            "role",
            "scope",
            "target",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    algorithm_id: Mapped[int] = mapped_column(ForeignKey("algorithm.id"), index=True)
    role: Mapped[str]
    scope: Mapped[str]
    target: Mapped[str]
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    by_name: Mapped[str]
    reason: Mapped[str]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("algorithm_assignment.id"))
    algorithm: Mapped[Algorithm] = relationship(lazy="raise")


class ShadowRun(Base):
    """One footage that a shadow looked at beside the active version. looks: those it really made.

    fault: why it stopped early; the active version went on.
    """

    __tablename__ = "shadow_run"
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), primary_key=True)
    algorithm_id: Mapped[int] = mapped_column(ForeignKey("algorithm.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    active_model_id: Mapped[str]
    looks: Mapped[int]
    detections: Mapped[int]
    finished_at: Mapped[datetime]
    fault: Mapped[str | None]


class ShadowFinding(Base):
    """What a shadow would have raised: one stay at one place in one footage. Places and times as in candidates.

    picture: SHA-256 of the last key picture in the evidence store; kept while the comparison is of use, no evidence.
    """

    __tablename__ = "shadow_finding"
    __table_args__ = (UniqueConstraint("algorithm_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    algorithm_id: Mapped[int] = mapped_column(ForeignKey("algorithm.id"))
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), index=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    type: Mapped[str]
    shop_code: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    place_error_m: Mapped[float | None]
    image_place: Mapped[list[Any]]  # (4,) box 0-1 on the picture
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    looks: Mapped[int]
    confidence: Mapped[float]
    picture: Mapped[str | None]
    picture_type: Mapped[str | None]
    picture_at: Mapped[datetime | None]
