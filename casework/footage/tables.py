"""Footage, tracks that came beside it, resumable uploads, and the tally of looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.devices.tables import Device


class Footage(Base):
    """One recording or folder of pictures, known by its bytes. States: accepted, running, done, failed."""

    __tablename__ = "footage"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    received_at: Mapped[datetime]
    given_start: Mapped[datetime | None]
    track_path: Mapped[str | None]
    started_at: Mapped[datetime | None]  # capture time of the first look
    ended_at: Mapped[datetime | None]  # capture time of the last look
    time_source: Mapped[str | None]
    frames: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    detections: Mapped[int] = mapped_column(default=0)
    notes: Mapped[list[Any]]
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    device: Mapped[Device] = relationship(lazy="raise")


class LookTally(Base):
    """Looks of one footage in one hour (UTC) of capture time."""

    __tablename__ = "look_tally"
    __table_args__ = (Index("ix_look_tally_hour", "hour", "device_id"),)
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    squad_id: Mapped[int | None] = mapped_column(ForeignKey("squad.id"))
    looks: Mapped[int]


class Upload(Base):
    """A resumable upload (tus 1.0) that is not whole yet, or was taken over as footage or track."""

    __tablename__ = "upload"
    id: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    length: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    filename: Mapped[str]
    given_start: Mapped[datetime | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    result: Mapped[
        dict[str, Any] | None
    ]  # {"footage": id, "duplicate": bool} or {"track": name}, or {"error": ...}


class TrackFile(Base):
    """A track of positions that came as an upload; it serves the footage of the same device and stem."""

    __tablename__ = "track_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    stem: Mapped[str]
    path: Mapped[str]
    sha256: Mapped[str]
    received_at: Mapped[datetime]
