"""Precision from people's decisions, per algorithm, type, camera and hour of day (Asia/Shanghai).

Precision = confirmed / decided, decided = confirmed + rejected; what nobody has decided yet stands apart. It
counts every reason of rejection, also those that no camera can see (permitted, already handled): the reasons are
given beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, extract, func, select
from sqlalchemy.orm import Session

from casework.algorithms.shadow import CONFIRMED, SET_ASIDE
from casework.algorithms.wilson import Share, share
from casework.candidates.queries import in_scope
from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.people.service import Person

SHANGHAI_HOURS = 8
"""Ahead of UTC; without summer time since 1992, so that an hour of day needs no calendar."""

Key = str | int | None


@dataclass(frozen=True, slots=True)
class PrecisionRow:
    """One row; ``by`` says of what: all, type, device, hour. key: the type, the device's code, the hour 0-23."""

    model_id: str
    by: str
    key: Key
    precision: Share
    confirmed: int
    rejected: int
    undecided: int
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Cell:
    model_id: str
    type: str
    device: str
    hour: int
    state: str
    reason: str | None
    count: int


def precision(
    session: Session,
    person: Person,
    model_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[PrecisionRow]:
    """Per algorithm: all of it, then by type, camera and hour. since, until: first seen, half-open. One query."""
    hour = extract("hour", Candidate.first_at)
    columns: tuple[Any, ...] = (
        Candidate.model_id,
        Candidate.type,
        Device.code,
        hour,
        Candidate.state,
        Candidate.reason,
    )
    counted: Select[Any] = select(*columns, func.count()).join(Device, Device.id == Candidate.device_id)
    query = in_scope(counted.where(Candidate.state.not_in(SET_ASIDE)).group_by(*columns), person)
    if model_id is not None:
        query = query.where(Candidate.model_id == model_id)
    if since is not None:
        query = query.where(Candidate.first_at >= since)
    if until is not None:
        query = query.where(Candidate.first_at < until)
    cells = [
        _Cell(model, kind, device, (int(at) + SHANGHAI_HOURS) % 24, state, reason, count)
        for model, kind, device, at, state, reason, count in session.execute(query)
    ]
    keys: dict[str, Callable[[_Cell], Key]] = {
        "all": lambda c: None,
        "type": lambda c: c.type,
        "device": lambda c: c.device,
        "hour": lambda c: c.hour,
    }
    found: list[PrecisionRow] = []
    for model in sorted({c.model_id for c in cells}):
        own = [c for c in cells if c.model_id == model]
        for by, key in keys.items():
            groups: dict[Key, list[_Cell]] = {}
            for cell in own:
                groups.setdefault(key(cell), []).append(cell)
            found += [_row(model, by, value, groups[value]) for value in sorted(groups, key=_order)]
    return found


def _order(key: Key) -> str:
    return f"{key:02d}" if isinstance(key, int) else str(key)


def _row(model_id: str, by: str, key: Key, cells: list[_Cell]) -> PrecisionRow:
    confirmed = sum(c.count for c in cells if c.state in CONFIRMED)
    rejected = sum(c.count for c in cells if c.state == "rejected")
    reasons: Counter[str] = Counter()
    for cell in cells:
        if cell.state == "rejected":
            reasons[cell.reason or ""] += cell.count
    undecided = sum(c.count for c in cells) - confirmed - rejected
    return PrecisionRow(
        model_id,
        by,
        key,
        share(confirmed, confirmed + rejected),
        confirmed,
        rejected,
        undecided,
        dict(reasons.most_common()),
    )
