"""Closing a camera's day: what still stands ends, its looks become one file, and the footage is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from casework.algorithms.queries import model_of_file
from casework.algorithms.scopes import Chosen
from casework.db import utcnow
from casework.live.queries import (
    day_to_close,
    device_of,
    look_times,
    looks_of,
    open_day,
    raised_spans,
)
from casework.live.service import close_day, pack_day
from casework.live.tables import LiveDay
from casework.samples.service import record_draw
from jiexun.house import House
from jiexun.live.camera import LiveCamera, Site, day_of
from jiexun.live.sampling import drawn_of
from jiexun.live.seers import Asked
from jiexun.live.spool import Spool
from jiexun.pipeline.judging import surroundings
from jiexun.pipeline.writing import Seer

_NOBODY = Asked(Chosen(None, ()), (None, None))
"""Nothing is looked at any more."""

AFTER = timedelta(minutes=15)
"""A day is closed so long after its midnight: looks that were taken before it are written by then."""


def close_one(
    house: House, spool: Spool, shard: tuple[int, int] | None = None, failed: set[int] | None = None
) -> bool:
    """Close a day that is over; false when there is none. Done twice, or by two at once, it changes nothing more.

    failed: footage that could not be closed is passed over, and added. Raises StorageFull, BadRule, DatabaseDown.
    """
    failed = set() if failed is None else failed
    with house.database.read() as session:
        day = day_to_close(session, day_of(utcnow() - AFTER), shard, failed)
    if day is None:
        return False
    failed.add(day.footage_id)
    _close(house, spool, day)
    failed.discard(day.footage_id)
    return True


def _close(house: House, spool: Spool, day: LiveDay) -> None:
    with house.database.read() as session:
        device = device_of(session, day.device_id)
        begins = day.footage.started_at or day.judged_at
        around = replace(surroundings(session, device, begins, day.judged_at), look_every_s=day.look_every_s)
        kept = pack_day(session, house.looks, day)
    seer = Seer(day.model_id, day.model_id, day.model_sha256)
    site = Site(device, around, seer, tuple(day.names), _NOBODY, day.judged_at, day.stamp)
    camera = LiveCamera(house, spool, site, day.day, begins, 0)
    camera.attach(day)
    known_looks = camera.recall()
    with house.database.read() as session:
        camera.rebuild(looks_of(session, day, known_looks))
        spans, looks = raised_spans(session, day.footage_id), look_times(session, day.footage_id)
        model_id = model_of_file(session, day.model_sha256) or day.model_id
    left = camera.finish()
    spans += [(violation.start, violation.end) for violation, _ in left]
    plain, drawn = drawn_of(house.store, spool, camera.spool_name, looks, spans, house.settings.sample_one_in)
    with house.database.write() as session:
        still_open = open_day(session, day.footage_id)
        if still_open is not None:
            for _, act in left:
                act(session)
            record_draw(session, day.footage, model_id, plain, drawn)
            close_day(session, still_open, kept, camera.notes())
    spool.forget(camera.spool_name)
