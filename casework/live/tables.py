"""A camera's day under one set of surroundings, and its looks until the day is closed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Base
from casework.footage.tables import Footage


class LiveDay(Base):
    """What a live footage is: one camera on one day (Asia/Shanghai) while nothing around it changed.

    part: 1, 2 ... in the day; a new one begins when zones, rules, the algorithm or the plan's interval change.
    stamp: of all that the looks are judged by. judged_at: zones are those that were drawn then. names, model_id,
    model_sha256: of the detector. look_every_s: between two looks by plan. replaced_at: a later part took over.
    closed_at: its looks lie in a look file, and no row is left.
    """

    __tablename__ = "live_day"
    __table_args__ = (UniqueConstraint("device_id", "day", "part"),)
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    day: Mapped[date] = mapped_column(Date)
    part: Mapped[int]
    stamp: Mapped[str]
    judged_at: Mapped[datetime]
    names: Mapped[list[Any]]
    model_id: Mapped[str]
    model_sha256: Mapped[str]
    look_every_s: Mapped[float]
    replaced_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    footage: Mapped[Footage] = relationship(lazy="raise")


class LiveLook(Base):
    """One judged look of a day that is not closed. number: of the look in its footage, from 0; those that were not
    judged have no row. data: boxes, see ``codec``. shift_x, shift_y: how far the picture lay off the reference.
    """

    __tablename__ = "live_look"
    footage_id: Mapped[int] = mapped_column(ForeignKey("footage.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    captured_at: Mapped[datetime]
    time_source: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    shift_x: Mapped[float]
    shift_y: Mapped[float]
    data: Mapped[bytes] = mapped_column(LargeBinary)
