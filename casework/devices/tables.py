"""Devices and their approvals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.places.tables import Squad, Street


class Device(Base):
    """A camera that stands, or one that drives. heading: surveyed direction of a fixed one, degrees from north."""

    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    squad_id: Mapped[int | None] = mapped_column(ForeignKey("squad.id"))
    street_id: Mapped[int | None] = mapped_column(ForeignKey("street.id"))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    heading: Mapped[float | None]
    mounting: Mapped[dict[str, Any] | None]
    camera_group: Mapped[str | None]  # cameras that share an algorithm: a name of the bureau's own
    key_hash: Mapped[str | None] = mapped_column(index=True)
    active: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[datetime]
    squad: Mapped[Squad | None] = relationship(lazy="raise")
    street: Mapped[Street | None] = relationship(lazy="raise")
    approvals: Mapped[list[Approval]] = relationship(lazy="raise", order_by="Approval.kind")


class Approval(Base):
    """One thing that must hold for a device's record to be evidence: from and to are days, both included."""

    __tablename__ = "approval"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    kind: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date] = mapped_column(Date)
    document: Mapped[str]
    person: Mapped[str]


class ReferencePicture(Base):
    """The picture on which a camera's zones are drawn. The newest of a device holds. Append-only.

    source: "upload", or "evidence" (a sealed picture of this device). captured_at: where that is known.
    """

    __tablename__ = "reference_picture"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    source: Mapped[str]
    captured_at: Mapped[datetime | None]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class CameraCondition(Base):
    """What was wrong with a fixed camera's picture. At most one of a device is open (``until`` is none).

    kind: as ``detector.care.model.Condition``. measure, value, limit_value: what was measured and its limit.
    sha256: a picture that shows it. since, until: capture times; until a person's act, its own time.
    ended_by: "system" when the camera recovered, else who set a new reference picture.
    """

    __tablename__ = "camera_condition"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    footage_id: Mapped[int | None] = mapped_column(ForeignKey("footage.id"))
    kind: Mapped[str]
    measure: Mapped[str]
    value: Mapped[float]
    limit_value: Mapped[float]
    sha256: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    noted_at: Mapped[datetime]
