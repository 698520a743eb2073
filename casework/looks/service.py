"""Keeping looks for a while: files first, by their hash, then the rows; forgotten when their time is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casework.db import utcnow
from casework.footage.tables import Footage
from casework.looks.codec import Look, packed
from casework.looks.tables import LookFile
from casework.storage import BlobStore

ORPHAN = timedelta(days=1)
"""A file that no row names is of a run that was killed, once it is so old."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is written, waiting for its row."""

    first_at: datetime
    last_at: datetime
    looks: int
    boxes: int
    size: int
    sha256: str
    model_id: str


def keep(store: BlobStore, looks: Sequence[Look]) -> Kept:
    """Write one hour's looks. Raises StorageFull."""
    data = packed(looks)
    times = [look.captured_at for look in looks]
    return Kept(
        min(times),
        max(times),
        len(looks),
        sum(len(look.seen) for look in looks),
        len(data),
        store.put(data),
        looks[0].seen.model_id,
    )


def record_looks(
    session: Session, footage: Footage, kept: Sequence[Kept], judged_at: datetime, look_every_s: float = 0.0
) -> None:
    """Name the files in the database, in the transaction in which the footage is finished.

    look_every_s: seconds between two looks by plan, 0 where it is not known.
    """
    session.execute(delete(LookFile).where(LookFile.footage_id == footage.id))
    for part, one in enumerate(kept, 1):
        session.add(
            LookFile(
                footage_id=footage.id,
                device_id=footage.device_id,
                part=part,
                first_at=one.first_at,
                last_at=one.last_at,
                looks=one.looks,
                boxes=one.boxes,
                size=one.size,
                sha256=one.sha256,
                model_id=one.model_id,
                judged_at=judged_at,
                look_every_s=look_every_s,
            )
        )
    session.flush()


def forget(session: Session, store: BlobStore, before: datetime) -> int:
    """Drop what was judged before a moment, and files that nothing names; returns how many rows went.

    Files go before their rows are surely gone: a replay that misses one says so.
    """
    old = list(session.scalars(select(LookFile).where(LookFile.judged_at < before)))
    for row in old:
        session.delete(row)
    session.flush()
    named, gone = set(session.scalars(select(LookFile.sha256))), {row.sha256 for row in old}
    orphaned = utcnow() - ORPHAN
    for name, written_at in list(store.aged()):
        if name not in named and (name in gone or written_at < orphaned):
            store.drop(name)
    return len(old)
