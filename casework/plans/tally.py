"""What looks leave behind besides their findings: how streams fare, their days, the workers' minutes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from casework.db import Base
from casework.devices.service import SHANGHAI
from casework.plans.model import Done
from casework.plans.tables import WorkerMinute
from casework.streams.tables import Stream, StreamDay


@dataclass(slots=True)
class Counts:
    """Of one batch, written down at ``now``."""

    now: datetime
    done: list[tuple[Done, int]] = field(default_factory=list)
    missed: int = 0
    minutes: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, worker: str, one: Done, late_s: float, missed: int) -> None:
        """Count one look. late_s: from the due time until it is written down; missed: due times passed over."""
        self.done.append((one, missed))
        self.missed += missed
        minute = self.minutes.setdefault(worker, defaultdict(float))
        minute["looks"] += one.captured_at is not None
        minute["faults"] += one.captured_at is None
        minute["missed"] += missed
        minute["late_sum_s"] += late_s
        minute["late_most_s"] = max(minute["late_most_s"], late_s)


def write(session: Session, counts: Counts) -> None:
    """Write a batch down."""
    if not counts.done:
        return
    by_id = {one.device_id: one for one, _ in counts.done}
    streams = session.scalars(
        select(Stream)
        .where(Stream.device_id.in_(by_id))
        .order_by(Stream.device_id)
        .execution_options(populate_existing=True)
    )
    for stream in streams:
        _note(stream, by_id[stream.device_id], counts.now)
    session.flush()
    day = counts.now.astimezone(SHANGHAI).date()
    days = [
        {
            "device_id": one.device_id,
            "day": day,
            "asked": 1,
            "got": int(one.captured_at is not None),
            "missed": missed,
        }
        for one, missed in sorted(counts.done, key=lambda pair: pair[0].device_id)
    ]
    _add(session, StreamDay, days, ("asked", "got", "missed"))
    minute = counts.now.replace(second=0, microsecond=0)
    minutes = [
        {"worker": worker, "minute": minute}
        | {name: int(n) if name[:4] != "late" else n for name, n in c.items()}
        for worker, c in sorted(counts.minutes.items())
    ]
    _add(session, WorkerMinute, minutes, ("looks", "faults", "missed", "late_sum_s"), ("late_most_s",))


def _note(stream: Stream, one: Done, now: datetime) -> None:
    if one.clock_offset_s is not None:
        stream.clock_offset_s = one.clock_offset_s
    if one.captured_at is None:
        if stream.fault is None:
            stream.since = now
        stream.fault, stream.fault_text = one.fault or "silent", one.fault_text
        return
    if stream.fault is not None or stream.since is None:
        stream.since = now
    stream.fault = stream.fault_text = None
    stream.last_picture_at = now
    if one.quick or stream.quiet_since is None:
        stream.quiet_since, stream.quiet_looks = now, 0
    stream.quiet_looks += not one.quick


def _add(
    session: Session,
    table: type[Base],
    rows: list[dict[str, Any]],
    sums: tuple[str, ...],
    mosts: tuple[str, ...] = (),
) -> None:
    """Insert rows, or add to those that are there: ``sums`` are added, of ``mosts`` the larger stays."""
    if session.get_bind().dialect.name == "postgresql":
        statement: Any = postgresql.insert(table)
        larger: Any = func.greatest
    else:
        statement, larger = sqlite.insert(table), func.max
    columns, new = table.__table__.columns, statement.excluded
    keys = [column.name for column in table.__table__.primary_key]
    session.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: columns[name] + new[name] for name in sums}
            | {name: larger(columns[name], new[name]) for name in mosts},
        ),
        rows,
    )
