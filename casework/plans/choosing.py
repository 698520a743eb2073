"""Which plan holds for which camera at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.devices.service import SHANGHAI
from casework.devices.tables import Device
from casework.places.tables import Squad
from casework.plans.tables import Plan
from casework.streams.tables import Stream
from detector.scene import calendar as calendars


class Camera(NamedTuple):
    """A fixed camera with an active stream, as plans name it. A tuple: 13,000 are read at a time."""

    id: int
    code: str
    group: str | None
    squad: str | None
    quiet_since: datetime | None
    quiet_looks: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A plan that holds now. interval_s: the plan's, or that of the span of special duty."""

    plan: Plan
    interval_s: float
    special: bool


def cameras(session: Session) -> list[Camera]:
    """All that may be looked at, by number."""
    rows = session.execute(
        select(
            Device.id, Device.code, Device.camera_group, Squad.code, Stream.quiet_since, Stream.quiet_looks
        )
        .join(Stream, Stream.device_id == Device.id)
        .outerjoin(Squad, Squad.id == Device.squad_id)
        .where(Device.kind == "fixed", Device.active, Stream.active)
        .order_by(Device.id)
    )
    return [Camera(*row) for row in rows]


def plans_now(session: Session) -> list[Plan]:
    """The versions that count, active or ended, by code."""
    return list(session.scalars(select(Plan).where(Plan.replaced_at.is_(None)).order_by(Plan.code)))


def holding(plans: Iterable[Plan], now: datetime) -> list[Holding]:
    """Those in force at a moment (aware): within their days and their calendar, or in a span of special duty."""
    found = []
    for plan in plans:
        if not plan.active or not _valid(plan, now):
            continue
        span = special_span(plan.special, now)
        if span is not None:
            found.append(Holding(plan, float(span.get("interval_s") or plan.interval_s), True))
        elif calendars.holds(calendars.from_dict(plan.calendar or {}), now):
            found.append(Holding(plan, plan.interval_s, False))
    return found


def _valid(plan: Plan, now: datetime) -> bool:
    day = now.astimezone(SHANGHAI).date()
    return (plan.valid_from is None or plan.valid_from <= day) and (
        plan.valid_to is None or day <= plan.valid_to
    )


def special_span(spans: Sequence[dict[str, Any]], now: datetime) -> dict[str, Any] | None:
    """The span of special duty that a moment lies in: from its beginning to before its end."""
    for span in spans:
        if datetime.fromisoformat(span["from"]) <= now < datetime.fromisoformat(span["to"]):
            return span
    return None


def chosen(held: Sequence[Holding], all_cameras: Sequence[Camera]) -> dict[int, Holding]:
    """Camera number -> the plan that holds for it: special duty first, then who names it most exactly (the camera,
    its group, its squad, the district), then the shorter interval, the heavier weight, the smaller code.
    """
    targets = [
        (
            holding,
            frozenset(holding.plan.targets.get("devices", ())),
            frozenset(holding.plan.targets.get("groups", ())),
            frozenset(holding.plan.targets.get("squads", ())),
            bool(holding.plan.targets.get("district")),
        )
        for holding in sorted(held, key=_order)
    ]
    found = {}
    for camera in all_cameras:
        best: tuple[bool, int] | None = None
        for holding, devices, groups, squads, district in targets:
            if camera.code in devices:
                near = 0
            elif camera.group in groups:
                near = 1
            elif camera.squad in squads:
                near = 2
            elif district:
                near = 3
            else:
                continue
            if best is None or (not holding.special, near) < best:
                best, found[camera.id] = (not holding.special, near), holding
    return found


def _order(holding: Holding) -> tuple[float, float, str]:
    return holding.interval_s, -holding.plan.weight, holding.plan.code
