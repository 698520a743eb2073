"""Footage, tracks that came beside it, resumable uploads, and the tally of looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.devices.tables import Device


class Footage(Base):
    """One recording or folder of pictures, known by its bytes. States: accepted, running, done, failed.

    kind: "file", or "live": a live camera's day, which grows (state live) until it is done; see casework/live.
    """

    __tablename__ = "footage"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="file", server_default="file")
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


class LookSpan(Base):
    """A vehicle's looks no more than a few seconds apart: from when to when (capture time) one footage was seen."""

    __tablename__ = "look_span"
    __table_args__ = (Index("ix_look_span_device", "device_id", "started_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), index=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]


class Upload(Base):
    """A resumable upload (tus 1.0), or what became of it.

    state: open, whole (all bytes, not taken over yet), accepted, duplicate, refused, joined (a part of another that
    was), expired, ended (by the device). concat: none, "partial", or "final;" and the ids of its parts.
    sha256: of the whole file, as the device announced it. said: the metadata as they came.
    """

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_state", "state", "expires_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    length: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    filename: Mapped[str]
    given_start: Mapped[datetime | None]
    made_at: Mapped[datetime]
    moved_at: Mapped[datetime | None]  # when its last bytes came
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open")
    concat: Mapped[str | None]
    sha256: Mapped[str | None]
    said: Mapped[str] = mapped_column(default="")
    # {"footage": id, "duplicate": bool} or {"track": name}, or {"error": code, "zh": ..., "en": ...}
    result: Mapped[dict[str, Any] | None]


class TrackFile(Base):
    """Positions, or a start, that came beside footage; it serves the footage of the same device and stem.

    positions: whether it can be used as a track. given_start: of the recording, as the device says (JSON).
    ways: what was driven, [[[epoch seconds, longitude, latitude], ...], ...], cut at gaps and thinned.
    faults: what is wrong with it, one line each.
    """

    __tablename__ = "track_file"
    __table_args__ = (Index("ix_track_file_device", "device_id", "started_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    stem: Mapped[str]
    path: Mapped[str]
    sha256: Mapped[str]
    received_at: Mapped[datetime]
    positions: Mapped[bool] = mapped_column(default=True)
    given_start: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ways: Mapped[list[Any]] = mapped_column(default=list, deferred=True)
    faults: Mapped[list[Any]] = mapped_column(default=list)
