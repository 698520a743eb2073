"""Writing live looks down: once each, in the transaction that gives their lease back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.db import Base, utcnow
from casework.errors import Conflict
from casework.footage.tables import Footage, LookTally
from casework.live.codec import to_bytes
from casework.live.queries import StoredLook, looks_of
from casework.live.tables import LiveDay, LiveLook
from casework.looks.codec import Look
from casework.looks.service import Kept, keep, record_looks
from casework.storage import BlobStore

LIVE = "live"
"""The kind of footage that grows look by look, and its state while it does."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a part of a day is judged by. stamp: another one for each different surroundings. every_s: by plan."""

    stamp: str
    names: tuple[str, ...]
    model_id: str
    model_sha256: str
    every_s: float
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Begin:
    """A camera's day that is to begin."""

    device_id: int
    code: str
    day: date
    around: Around


def begin_days(session: Session, begins: Sequence[Begin]) -> list[LiveDay]:
    """Begin days of different cameras, or their next parts: then the part before is to be closed."""
    if not begins:
        return []
    now = utcnow()
    latest: dict[tuple[int, date], LiveDay] = {}
    known = select(LiveDay).where(
        LiveDay.device_id.in_([b.device_id for b in begins]), LiveDay.day.in_({b.day for b in begins})
    )
    for row in session.scalars(known.order_by(LiveDay.part)):
        latest[row.device_id, row.day] = row
    rows = []
    for begin in begins:
        before = latest.get((begin.device_id, begin.day))
        if before is not None and before.replaced_at is None:
            before.replaced_at = now
        rows.append(_day(begin, before.part + 1 if before is not None else 1, now))
    session.add_all([row.footage for row in rows])
    session.flush()
    session.add_all(rows)
    session.flush()
    return rows


def _day(begin: Begin, part: int, now: datetime) -> LiveDay:
    around, day = begin.around, begin.day.isoformat()
    footage = Footage(
        sha256=hashlib.sha256(f"live:{begin.code}:{day}:{part}".encode()).hexdigest(),
        kind=LIVE,
        device_id=begin.device_id,
        name=f"{begin.code} {day}" + (f" ({part})" if part > 1 else ""),
        size=0,
        path="",
        state=LIVE,
        received_at=now,
        frames=0,
        looks=0,
        detections=0,
        notes=[],
    )
    return LiveDay(
        device_id=begin.device_id,
        day=begin.day,
        part=part,
        stamp=around.stamp,
        judged_at=around.judged_at,
        names=list(around.names),
        model_id=around.model_id,
        model_sha256=around.model_sha256,
        look_every_s=around.every_s,
        footage=footage,
    )


@dataclass(frozen=True, slots=True)
class NewLook:
    """One look to be written down. judged none: it counts, but must not be judged (camera care)."""

    footage_id: int
    device_id: int
    squad_id: int | None
    number: int
    captured_at: datetime
    time_source: str
    detections: int
    judged: StoredLook | None


def write_looks(session: Session, looks: Sequence[NewLook]) -> None:
    """Write looks of different cameras down: rows, counts, tally. Needs a write transaction.

    Raises Conflict for a look number that is there already: somebody else looked for this camera meanwhile.
    """
    if not looks:
        return
    judged = [(one, one.judged) for one in looks if one.judged is not None]
    rows = [
        {
            "footage_id": one.footage_id,
            "number": one.number,
            "captured_at": one.captured_at,
            "time_source": one.time_source,
            "width": look.size[0],
            "height": look.size[1],
            "shift_x": look.shift[0],
            "shift_y": look.shift[1],
            "data": to_bytes(look.seen, look.size),
        }
        for one, look in judged
    ]
    try:
        if rows:
            session.execute(insert(LiveLook), rows)
    except IntegrityError as error:
        raise Conflict(
            "look_twice", zh="该次查看已由另一工作进程写入", en="another worker wrote this very look"
        ) from error
    _count(session, looks)
    _tally(session, looks)


def _count(session: Session, looks: Sequence[NewLook]) -> None:
    table = Base.metadata.tables[Footage.__tablename__]
    at = bindparam("at", type_=table.c.ended_at.type)
    session.connection().execute(
        update(table)
        .where(table.c.id == bindparam("footage"), table.c.frames == bindparam("number"))
        .values(
            frames=table.c.frames + 1,
            looks=table.c.looks + 1,
            detections=table.c.detections + bindparam("found"),
            started_at=func.coalesce(table.c.started_at, at),
            ended_at=at,
            time_source=bindparam("source"),
        ),
        [
            {
                "footage": one.footage_id,
                "number": one.number,
                "found": one.detections,
                "at": one.captured_at,
                "source": one.time_source,
            }
            for one in looks
        ],
    )


def _tally(session: Session, looks: Sequence[NewLook]) -> None:
    rows: Counter[tuple[int, datetime, int, int | None]] = Counter()
    for one in looks:
        hour = one.captured_at.replace(minute=0, second=0, microsecond=0)
        rows[one.footage_id, hour, one.device_id, one.squad_id] += 1
    values = [
        {"footage_id": f, "hour": hour, "device_id": d, "squad_id": squad, "looks": n}
        for (f, hour, d, squad), n in rows.items()
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(LookTally)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["footage_id", "hour"],
            set_={"looks": LookTally.looks + statement.excluded.looks},
        ),
        values,
    )


def pack_day(session: Session, store: BlobStore, day: LiveDay) -> Kept | None:
    """The looks of a day as one look file; none when none was judged. Raises StorageFull."""
    looks = looks_of(session, day)
    return keep(store, [Look(k.captured_at, k.number, k.size, k.seen) for k in looks]) if looks else None


def close_day(session: Session, day: LiveDay, kept: Kept | None, notes: Sequence[str]) -> None:
    """The day is over: its looks are named as a file, and the rows go. ``day`` is locked."""
    footage = session.get_one(Footage, day.footage_id)
    footage.state, footage.notes = "done", list(notes)
    record_looks(session, footage, [kept] if kept else [], day.judged_at, day.look_every_s)
    session.execute(delete(LiveLook).where(LiveLook.footage_id == day.footage_id))
    day.closed_at = utcnow()
    session.flush()
