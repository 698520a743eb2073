"""Many cameras at once, for rehearsals and measurements: each with an address, a zone, a reference picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from casework.devices.tables import Device, ReferencePicture
from casework.footage.tables import LookTally
from casework.places.tables import ZoneVersion
from casework.plans.service import NewPlan, Saving, Targets, save
from casework.plans.tables import LookDue
from casework.streams.tables import Stream

BY = "rehearsal"
BUSY = [[0.0, 0.45], [1.0, 0.45], [1.0, 1.0], [0.0, 1.0]]
QUIET = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.2], [0.0, 0.2]]
BUSY_ONE_IN = 47
"""All cameras show the same few pictures, with things standing in their lower half: only so many may mind them, or
a whole district would call for follow-up looks at once. A prime: each worker's part gets as many.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """looks: written down so far, of all cameras. waiting: due, and in nobody's hand. unseen: without a look since."""

    looks: int
    waiting: int
    unseen: int


def many_cameras(
    session: Session,
    count: int,
    interval_s: float,
    url: Callable[[int], str],
    reference: Callable[[int], tuple[str, int, int]],
    now: datetime,
) -> None:
    """Write ``count`` snapshot cameras and one plan for all of them. url, reference: of the n-th camera from 0; the
    reference is (sha256, width, height) of a picture in the store. An empty database is expected.
    """
    numbers = range(1, count + 1)
    devices = [
        {
            "id": n,
            "code": f"R-{n:05d}",
            "kind": "fixed",
            "name": f"演练摄像机 {n}",
            "name_en": f"Rehearsal camera {n}",
            "active": True,
            "made_at": now,
        }
        for n in numbers
    ]
    streams = [
        {
            "device_id": n,
            "kind": "snapshot",
            "url": url(n - 1),
            "transport": "tcp",
            "active": True,
            "made_at": now,
            "quiet_looks": 0,
        }
        for n in numbers
    ]
    zones = [
        {
            "code": f"R-{n:05d}-pavement",
            "version": 1,
            "kind": "pavement",
            "device_id": n,
            "polygon": BUSY if n % BUSY_ONE_IN == 0 else QUIET,
            "properties": {},
            "made_by": BY,
            "made_at": now,
        }
        for n in numbers
    ]
    shown = [(n, *reference(n - 1)) for n in numbers]
    pictures = [
        {
            "device_id": n,
            "sha256": sha256,
            "width": width,
            "height": height,
            "source": "upload",
            "set_by": BY,
            "set_at": now,
        }
        for n, sha256, width, height in shown
    ]
    for table, rows in (
        (Device, devices),
        (Stream, streams),
        (ZoneVersion, zones),
        (ReferencePicture, pictures),
    ):
        session.execute(insert(table), rows)
    save(session, Saving(BY, BY), NewPlan("rehearsal", "演练", Targets(district=True), interval_s))


def progress(session: Session, since: datetime, now: datetime) -> Progress:
    """How far workers have come. since: what counts as seen was captured later."""
    free = or_(LookDue.lease_until.is_(None), LookDue.lease_until <= now)
    old = or_(LookDue.last_look_at.is_(None), LookDue.last_look_at < since)
    looks, waiting, unseen = (
        session.scalar(query) or 0
        for query in (
            select(func.sum(LookTally.looks)),
            select(func.count()).select_from(LookDue).where(LookDue.due_at <= now, free),
            select(func.count()).select_from(LookDue).where(old),
        )
    )
    return Progress(looks, waiting, unseen)


def is_empty(session: Session) -> bool:
    """Whether no device was ever written down."""
    return session.scalar(select(Device.id).limit(1)) is None
