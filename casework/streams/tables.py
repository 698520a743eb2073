"""Streams of fixed cameras, and the tally of their days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.devices.tables import Device


class Stream(Base):
    """Where a fixed camera's pictures come from, and how it fares. At most one of a device.

    gb_code: 20 digits of GB/T 28181, where it has them. kind, url, transport, user: as
    ``ingest.streams.model.StreamAddress``; url holds no user and password. password_sealed: see
    ``casework.streams.sealing``; nothing hands it out but to what connects. owner: 产权单位.
    place_system, given_*: the place as it was given; the device's own is WGS-84.

    last_picture_at: capture time. fault, fault_text: what is wrong now (``ingest.streams`` codes), none while
    pictures come; since: from when on either holds. clock_offset_s: the camera's clock less ours, where it was
    told. quiet_since, quiet_looks: nothing that might be a violation was seen from then on, in so many looks.
    usability: 0-100 of its last test, with its parts; none: never tested.
    """

    __tablename__ = "stream"
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), primary_key=True)
    gb_code: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str]
    url: Mapped[str]
    transport: Mapped[str]
    user: Mapped[str | None]
    password_sealed: Mapped[str | None]
    owner: Mapped[str | None]
    place_system: Mapped[str | None]
    given_latitude: Mapped[float | None]
    given_longitude: Mapped[float | None]
    active: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[datetime]
    last_picture_at: Mapped[datetime | None]
    fault: Mapped[str | None]
    fault_text: Mapped[str | None]
    since: Mapped[datetime | None]
    clock_offset_s: Mapped[float | None]
    quiet_since: Mapped[datetime | None]
    quiet_looks: Mapped[int] = mapped_column(default=0)
    usability: Mapped[int | None]
    usability_parts: Mapped[dict[str, Any] | None]
    usability_at: Mapped[datetime | None]
    device: Mapped[Device] = relationship(lazy="raise")


class StreamDay(Base):
    """One camera's day (Asia/Shanghai): looks asked for, pictures got, due times passed over."""

    __tablename__ = "stream_day"
    __table_args__ = (Index("ix_stream_day_day", "day"),)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    asked: Mapped[int]
    got: Mapped[int]
    missed: Mapped[int]
