"""Bringing the due looks in line with the plans in force, all cameras at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from casework.counters import lock_counter
from casework.devices.service import SHANGHAI
from casework.plans import budget as budgets
from casework.plans.choosing import Camera, Holding, cameras, chosen, holding, plans_now
from casework.plans.needs import Needs, fallen, is_quiet, needs_of
from casework.plans.phases import deadline, first_due
from casework.plans.sharing import elastic_budget, stretch
from casework.plans.tables import LookDue, WorkerMinute
from casework.streams.tables import StreamDay

MINUTES_KEPT = timedelta(days=2)
DAYS_KEPT = timedelta(days=60)


class Row(NamedTuple):
    """A due look as it stands. The names are those of LookDue."""

    device_id: int
    plan_id: int
    due_at: datetime
    interval_s: float
    wanted_s: float
    weight: float
    special: bool
    quick_until: datetime | None
    quick_s: float | None
    quick_for_s: float | None
    last_look_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a camera is to have, before the budget. every_s: fallen where nothing ever happens; wanted_s: by plan."""

    device_id: int
    held: Holding
    wanted_s: float
    every_s: float
    needs: Needs | None


def refresh(session: Session, now: datetime) -> int:
    """Cameras come, go and change with plans, budget and calendar; leases and follow-up looks stay as they are.

    A camera whose interval changes gets the first time of its new phase that lies at least half an interval after
    its last look; one that is due already stays due. Old tallies are dropped. Returns how many rows were added,
    removed or changed. Needs a write transaction.
    """
    lock_counter(session, "plans:refresh")  # one at a time; the others wait and find little left to do
    columns = [getattr(LookDue, name) for name in Row._fields]
    rows = session.execute(select(*columns).order_by(LookDue.device_id).with_for_update())
    there = {row.device_id: row for row in (Row(*r) for r in rows)}
    wished = wishes(session, now)
    intervals = shared(wished, there, budgets.current(session), now)
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for wish, interval_s in zip(wished, intervals, strict=True):
        old = there.pop(wish.device_id, None)
        values = _values(wish, interval_s)
        if old is None:
            due_at = first_due(wish.device_id, interval_s, now)
            new.append({"device_id": wish.device_id, **values, **_timed(due_at, values), "misses": 0})
        elif any(getattr(old, name) != value for name, value in values.items()):
            due_at = _moved(old, interval_s, now)
            changed.append({"b_id": old.device_id, **values, **_timed(due_at, values)})
    if there:
        _remove(session, list(there))
    if new:
        session.execute(insert(LookDue), new)
    if changed:
        names = [name for name in changed[0] if name != "b_id"]
        table = LookDue.__table__
        session.connection().execute(
            update(LookDue)
            .where(table.c.device_id == bindparam("b_id"))
            .values({n: bindparam(n) for n in names}),
            changed,
        )
    session.execute(delete(WorkerMinute).where(WorkerMinute.minute < now - MINUTES_KEPT))
    session.execute(delete(StreamDay).where(StreamDay.day < (now - DAYS_KEPT).astimezone(SHANGHAI).date()))
    return len(new) + len(changed) + len(there)


def wishes(session: Session, now: datetime, held: Sequence[Holding] | None = None) -> list[Wish]:
    """What the plans in force (or those given) want of each camera, by its number."""
    held = holding(plans_now(session), now) if held is None else held
    rules = {h.plan.code: needs_of(session, h.plan.types, now) for h in held}
    all_cameras = cameras(session)
    by_camera = chosen(held, all_cameras)
    return [
        _wish(camera, by_camera[camera.id], rules[by_camera[camera.id].plan.code], now)
        for camera in all_cameras
        if camera.id in by_camera
    ]


def _wish(camera: Camera, held: Holding, rule_needs: Needs | None, now: datetime) -> Wish:
    every_s = held.interval_s
    if not held.special and is_quiet(camera.quiet_since, camera.quiet_looks, now):
        every_s = fallen(every_s, held.plan.slowest_s, bool(held.plan.types), rule_needs)
    return Wish(camera.id, held, held.interval_s, every_s, rule_needs)


def shared(
    wished: Sequence[Wish], there: Mapping[int, Row], per_s: float | None, now: datetime
) -> list[float]:
    """The interval of each, within the budget (looks a second; none: no limit). Special duty and follow-up looks
    are always full; all others are stretched by their weight (sharing.py).
    """
    intervals = np.array([wish.every_s for wish in wished], np.float64)
    if per_s is None or not wished:
        return [float(s) for s in intervals]
    special = np.array([wish.held.special for wish in wished])
    quick = np.array([_quick_rate(wish, there.get(wish.device_id), now) for wish in wished])
    open_to = ~special & (quick == 0)
    left = elastic_budget(per_s, float((1 / intervals[special]).sum()), float(quick[~special].sum()))
    weights = np.array([wish.held.plan.weight for wish in wished], np.float64)
    if open_to.any():
        intervals[open_to] *= stretch(1 / intervals[open_to], weights[open_to], left)
    return [round(float(s), 3) for s in intervals]


def _quick_rate(wish: Wish, row: Row | None, now: datetime) -> float:
    """Looks a second of a camera with follow-up looks; 0 for one without."""
    on = row is not None and row.quick_until is not None and row.quick_until > now
    if not on or wish.needs is None or wish.needs.quick_s >= wish.every_s:
        return 0.0
    return 1 / wish.needs.quick_s


def _values(wish: Wish, interval_s: float) -> dict[str, Any]:
    return {
        "plan_id": wish.held.plan.id,
        "interval_s": interval_s,
        "wanted_s": wish.wanted_s,
        "weight": wish.held.plan.weight,
        "special": wish.held.special,
        "quick_s": wish.needs.quick_s if wish.needs else None,
        "quick_for_s": wish.needs.quick_for_s if wish.needs else None,
    }


def _timed(due_at: datetime, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "due_at": due_at,
        "deadline": deadline(due_at, values["interval_s"], values["weight"], values["special"]),
    }


def _moved(old: Row, interval_s: float, now: datetime) -> datetime:
    quick = old.quick_until is not None and old.quick_until > now
    if old.due_at <= now or quick or old.interval_s == interval_s:
        return old.due_at
    rested = now
    if old.last_look_at is not None and old.last_look_at <= now:
        rested = max(now, old.last_look_at + timedelta(seconds=interval_s / 2))
    return first_due(old.device_id, interval_s, rested)


def _remove(session: Session, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), 500):
        session.execute(
            delete(LookDue)
            .where(LookDue.device_id.in_(ids[start : start + 500]))
            .execution_options(synchronize_session=False)
        )
