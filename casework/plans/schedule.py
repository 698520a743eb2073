"""The schedule: which cameras are due, who is at them, what became of it. The table is the durable queue.

Everything is done for many cameras at once. A look is leased with a token; what comes back under a token that is no
longer held is ignored. Who calls ``refresh`` how often decides how soon plans take hold; every half minute is usual.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from casework.db import Base
from casework.devices.tables import Device
from casework.plans import tally
from casework.plans.model import Done, Due, Written
from casework.plans.phases import deadline, first_due, next_due
from casework.plans.refreshing import refresh
from casework.plans.tables import LookDue, Plan
from casework.streams.address import addresses
from casework.streams.tables import Stream

__all__ = ["Done", "Due", "Written", "lease_due", "looked", "refresh", "release", "resume"]

CHUNK = 500
"""Rows asked for by number in one statement."""


def lease_due(
    session: Session,
    now: datetime,
    limit: int,
    worker: str,
    lease_s: float = 60,
    shard: tuple[int, int] | None = None,
) -> list[Due]:
    """Take up to ``limit`` looks that are due and that nobody holds, the earliest deadline first (see phases.py).

    shard: (k, n), only devices whose number modulo n is k. Two workers never get the same look. Needs a write
    transaction. Raises Invalid where streams have passwords and the database was opened without the key file.
    """
    query = select(LookDue.device_id).where(
        LookDue.due_at <= now, or_(LookDue.lease_until.is_(None), LookDue.lease_until <= now)
    )
    if shard is not None:
        query = query.where(LookDue.device_id % shard[1] == shard[0])
    ids = session.scalars(
        query.order_by(LookDue.deadline).limit(limit).with_for_update(skip_locked=True)
    ).all()
    held = {"worker": worker, "token": secrets.token_hex(8), "lease_until": now + timedelta(seconds=lease_s)}
    due: dict[int, Due] = {}
    for part in _parts(ids):
        session.execute(
            update(LookDue)
            .where(LookDue.device_id.in_(part))
            .values(held)
            .execution_options(synchronize_session=False)
        )
        due |= _dues(session, part, now)
    return [due[device_id] for device_id in ids if device_id in due]


def _dues(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Due]:
    rows = session.execute(
        select(LookDue, Plan, Stream, Device.code, Device.squad_id)
        .join(Plan, Plan.id == LookDue.plan_id)
        .join(Stream, Stream.device_id == LookDue.device_id)
        .join(Device, Device.id == LookDue.device_id)
        .where(LookDue.device_id.in_(ids))
        .execution_options(populate_existing=True)
    ).all()
    at = addresses(session, [(stream, code) for _, _, stream, code, _ in rows])
    return {
        row.device_id: Due(
            device_id=row.device_id,
            code=code,
            due_at=row.due_at,
            interval_s=row.interval_s,
            plan_id=row.plan_id,
            types=tuple(plan.types),
            algorithm_id=plan.algorithm_id,
            tiling=plan.tiling,
            token=row.token or "",
            address=at[row.device_id],
            squad_id=squad_id,
            last_look_at=row.last_look_at,
            quick=_is_quick(row, now),
        )
        for row, plan, stream, code, squad_id in rows
    }


def looked(session: Session, now: datetime, done: Sequence[Done]) -> Written:
    """Write down what became of looks; each camera's next due time keeps its phase and skips what was missed.

    A camera where something may be starting (``quick``) is looked at again after the rule's spacing, counted from
    now, so that two pictures are never nearer to each other than the rule asks; after that its old phase holds.
    A token that is no longer held is ignored and counted. Needs a write transaction.
    """
    by_id = {one.device_id: one for one in done}
    counts = tally.Counts(now)
    for part in _parts(sorted(by_id)):
        # In the order of their numbers, as ``refresh`` locks them: two who wait for each other would wait for ever.
        rows = session.scalars(
            select(LookDue)
            .where(LookDue.device_id.in_(part))
            .order_by(LookDue.device_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        for row in rows:
            one = by_id[row.device_id]
            if row.token is not None and row.token == one.token:
                late_s = max(0.0, (now - row.due_at).total_seconds())
                counts.add(row.worker or "", one, late_s, _advance(row, one, now))
    session.flush()
    tally.write(session, counts)
    return Written(len(counts.done), len(done) - len(counts.done), counts.missed)


def _advance(row: LookDue, one: Done, now: datetime) -> int:
    """Give a row back with its next due time. Returns how many due times were passed over."""
    every_s = row.quick_s if row.quick_s and _is_quick(row, row.due_at) else row.interval_s
    missed = max(0, int((now - row.due_at).total_seconds() // every_s))
    row.last_look_at = one.captured_at or row.last_look_at
    row.misses += missed
    if one.quick and row.quick_for_s:
        row.quick_until = now + timedelta(seconds=row.quick_for_s)
    if row.quick_s and _is_quick(row, now):
        every_s, row.due_at = row.quick_s, now + timedelta(seconds=row.quick_s)
    else:
        every_s, row.due_at = row.interval_s, next_due(row.device_id, row.interval_s, row.due_at, now)
    row.deadline = deadline(row.due_at, every_s, row.weight, row.special)
    row.worker = row.lease_until = row.token = None
    return missed


def _is_quick(row: LookDue, at: datetime) -> bool:
    """Whether follow-up looks go on, and are more frequent than the plan."""
    wanted = row.quick_until is not None and row.quick_until > at
    return wanted and row.quick_s is not None and row.quick_s < row.interval_s


def resume(session: Session, now: datetime, shard: tuple[int, int] | None = None) -> int:
    """After a standstill nearly all cameras are due at once, and each would be due again by its phase before all were
    looked at. Those that wait for more than an interval wait for their next due time instead: what was missed is not
    made up for. Special duty and follow-up looks stay due. For who begins to look. Returns how many cameras.

    shard: as for ``lease_due``. Needs a write transaction.
    """
    columns = (LookDue.device_id, LookDue.due_at, LookDue.interval_s, LookDue.weight, LookDue.misses)
    query = select(*columns).where(
        LookDue.due_at <= now,
        LookDue.special.is_(False),
        or_(LookDue.lease_until.is_(None), LookDue.lease_until <= now),
        or_(LookDue.quick_until.is_(None), LookDue.quick_until <= now),
    )
    if shard is not None:
        query = query.where(LookDue.device_id % shard[1] == shard[0])
    moved = []
    for device_id, due_at, interval_s, weight, misses in session.execute(
        query.order_by(LookDue.device_id).with_for_update()
    ):
        if (now - due_at).total_seconds() < interval_s:
            continue
        later = first_due(device_id, interval_s, now)
        passed = round((later - due_at).total_seconds() / interval_s)
        moved.append(
            {
                "b_id": device_id,
                "b_due": later,
                "b_deadline": deadline(later, interval_s, weight, False),
                "b_misses": misses + passed,
            }
        )
    if moved:
        table = Base.metadata.tables[LookDue.__tablename__]
        session.connection().execute(
            update(table)
            .where(table.c.device_id == bindparam("b_id"))
            .values(
                due_at=bindparam("b_due"), deadline=bindparam("b_deadline"), misses=bindparam("b_misses")
            ),
            moved,
        )
    return len(moved)


def release(session: Session, worker: str) -> int:
    """Give back what a worker holds that stopped or is known to be gone. Returns how many looks; they stay due."""
    held = session.scalars(
        select(LookDue.device_id)
        .where(LookDue.worker == worker)
        .order_by(LookDue.device_id)
        .with_for_update()
    ).all()
    for part in _parts(held):
        session.execute(
            update(LookDue)
            .where(LookDue.device_id.in_(part))
            .values(worker=None, lease_until=None, token=None)
            .execution_options(synchronize_session=False)
        )
    return len(held)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
