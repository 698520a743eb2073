"""Plans, the due looks that follow from them, the budget, and what workers did in each minute."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class Plan(Base):
    """One version of a plan (预案). The one of its code with ``replaced_at`` none holds, if it is active.

    targets: {"district": true} or lists of codes and names under "devices", "groups", "squads".
    calendar: as ``detector.scene.calendar``; none: always. valid_from, valid_to: days in Asia/Shanghai, both
    included. interval_s: seconds between two looks. slowest_s: how far a camera where nothing ever happens may
    fall; none: it never falls. types: violation types, empty: all. algorithm_id none: what the warehouse names.
    tiling: "whole" or "tiles" (detector/tiles.py); none: as the settings say. weight: share in a budget that is
    short. special: spans of special duty (保障), [{"from", "to", "name", "interval_s"}]; from and to are ISO times
    in UTC, interval_s may be none.
    """

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("code", "version"), Index("ix_plan_holds", "replaced_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    targets: Mapped[dict[str, Any]]
    calendar: Mapped[dict[str, Any] | None]
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    interval_s: Mapped[float]
    slowest_s: Mapped[float | None]
    types: Mapped[list[Any]]
    algorithm_id: Mapped[int | None] = mapped_column(ForeignKey("algorithm.id"))
    tiling: Mapped[str | None]
    weight: Mapped[float]
    special: Mapped[list[Any]]
    active: Mapped[bool]
    reason: Mapped[str]
    made_by: Mapped[str]
    by_name: Mapped[str]
    made_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class LookDue(Base):
    """When a camera is to be looked at next, and who is at it. One row for each camera that a plan names now.

    interval_s: between two looks as it holds now (stretched, fallen); wanted_s: by the plan. deadline: due_at and
    the slack that its weight leaves it; the earliest goes first. quick_until: follow-up looks every quick_s seconds
    until then, quick_for_s after the last look that asked for them. last_look_at: capture time. misses: due times
    passed over since the row was made.
    """

    __tablename__ = "look_due"
    __table_args__ = (
        Index("ix_look_due_deadline", "deadline", "due_at"),
        Index("ix_look_due_worker", "worker"),
    )
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"), primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    due_at: Mapped[datetime]
    deadline: Mapped[datetime]
    interval_s: Mapped[float]
    wanted_s: Mapped[float]
    weight: Mapped[float]
    special: Mapped[bool]
    quick_until: Mapped[datetime | None]
    quick_s: Mapped[float | None]
    quick_for_s: Mapped[float | None]
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    token: Mapped[str | None]
    last_look_at: Mapped[datetime | None]
    misses: Mapped[int] = mapped_column(default=0)


class LookBudget(Base):
    """How many looks an hour one machine makes, and how many machines there are. The newest holds; none: no limit."""

    __tablename__ = "look_budget"
    id: Mapped[int] = mapped_column(primary_key=True)
    looks_per_hour: Mapped[int]
    machines: Mapped[int]
    reason: Mapped[str]
    by_name: Mapped[str]
    made_at: Mapped[datetime]


class WorkerMinute(Base):
    """What one worker wrote down in one minute (UTC). late: seconds after the due time, sum and most."""

    __tablename__ = "worker_minute"
    __table_args__ = (Index("ix_worker_minute_minute", "minute"),)
    worker: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    looks: Mapped[int]
    faults: Mapped[int]
    missed: Mapped[int]
    late_sum_s: Mapped[float]
    late_most_s: Mapped[float]
