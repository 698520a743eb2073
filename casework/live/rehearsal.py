"""Many cameras at once, for rehearsals and measurements: each with an address, a zone, a reference picture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from casework.devices.tables import Device, ReferencePicture
from casework.places.tables import ZoneVersion
from casework.plans.service import NewPlan, Saving, Targets, save
from casework.streams.tables import Stream

BY = "rehearsal"
BUSY = [[0.0, 0.45], [1.0, 0.45], [1.0, 1.0], [0.0, 1.0]]
QUIET = [[0.0, 0.0], [1.0, 0.0], [1.0, 0.2], [0.0, 0.2]]
BUSY_ONE_IN = 50
"""All cameras show the same few pictures, with things standing in their lower half: only so many may mind them, or
a whole district would call for follow-up looks at once.
"""


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
