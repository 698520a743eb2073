"""Opening a live camera: from memory, from what was stored, or a new day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from casework.live.queries import current_days, device_of, looks_of
from casework.plans.model import Due
from jiexun.house import House
from jiexun.live.camera import LiveCamera, day_of, site_of
from jiexun.live.references import References
from jiexun.live.seers import Seers, asked_for
from jiexun.live.spool import Spool

SLOWER = 1.5
"""A camera that is looked at this much more seldom than when its day began is judged anew: gaps mean other things."""


def open_camera(
    house: House,
    spool: Spool,
    references: References,
    seers: Seers,
    due: Due,
    captured_at: datetime,
    epoch: int,
    known: LiveCamera | None,
) -> LiveCamera:
    """The camera for a look captured at a moment. known: as it was left in memory.

    Raises BadWeights, BadRule, StorageFull.
    """
    day = day_of(captured_at)
    with house.database.read() as session:
        device = device_of(session, due.device_id)
        asked = asked_for(session, device, due)
        row = current_days(session, [device.id], day).get(device.id)
        every_s = row.look_every_s if row and due.interval_s <= SLOWER * row.look_every_s else due.interval_s
        begins = (row.footage.started_at if row else None) or captured_at
        site = site_of(session, device, asked, seers, every_s, begins, house.settings.class_free)
        if known is not None and known.fits == (day, site.stamp):
            known.renew(session, epoch)
            known.watch(session)
            return known
        goes_on = row is not None and row.stamp == site.stamp
        if row is not None and goes_on:
            site = replace(site, judged_at=row.judged_at)
    camera = LiveCamera(house, spool, site, day, begins, epoch, references)
    if known is not None:
        camera.go_on_from(known)
    with house.database.read() as session:
        if row is not None and goes_on:
            camera.attach(row)
            camera.rebuild(looks_of(session, row, camera.recall()))
        camera.watch(session)
    return camera
