"""Opening live cameras: from memory, from what was stored, or a new day. Read for many at once, opened one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from casework.db import utcnow
from casework.live.queries import looks_of
from casework.plans.model import Due
from casework.rules.queries import following
from detector.scene.model import DeviceKind
from jiexun.house import House
from jiexun.live.camera import LiveCamera, day_of, site_of
from jiexun.live.facts import FactReader, Facts
from jiexun.live.references import References
from jiexun.live.seers import Seers
from jiexun.live.spool import Spool
from jiexun.pipeline.caring import Caring
from jiexun.pipeline.judging import Surroundings, before_camera, surroundings

SLOWER = 1.5
"""A camera that is looked at this much more seldom than when its day began is judged anew: gaps mean other things."""


class Opening:
    """epoch: counted up whenever something was changed by which any camera is judged.

    What was read ahead is kept by device, with how many changes were noticed before.
    """

    def __init__(self, house: House, spool: Spool, references: References) -> None:
        self._house, self._spool, self._references = house, spool, references
        self._reader = FactReader()
        self._ahead: dict[int, tuple[int, Facts]] = {}
        self._changes = 0
        self.epoch = 0

    def changed(self, everything: bool) -> None:
        """People changed what one camera, or any, is judged by: what was read ahead is read again."""
        self._changes += 1
        self.epoch += everything

    def goes_on(self, known: LiveCamera | None, due: Due, day: date) -> bool:
        """Whether a camera in memory needs no opening."""
        return (
            known is not None
            and known.epoch == self.epoch
            and known.day == day
            and known.site.asked.plan == (due.algorithm_id, due.tiling)
            and due.interval_s <= SLOWER * known.site.around.look_every_s
        )

    def read_ahead(self, dues: Sequence[Due]) -> None:
        """Read what opening these cameras today will ask, while their pictures are fetched."""
        changes = self._changes
        with self._house.database.read() as session:
            found = self._reader.read(session, dues, day_of(utcnow()))
        self._ahead |= {device_id: (changes, facts) for device_id, facts in found.items()}

    def forget(self, device_id: int) -> None:
        """The look for which something was read ahead is over."""
        self._ahead.pop(device_id, None)

    def open(self, seers: Seers, due: Due, captured_at: datetime, known: LiveCamera | None) -> LiveCamera:
        """The camera for a look captured at a moment. known: as it was left in memory.

        Raises BadWeights, BadRule, StorageFull.
        """
        house, changes, epoch = self._house, self._changes, self.epoch
        facts = self._facts(due, day_of(captured_at))
        row = facts.row
        every_s = row.look_every_s if row and due.interval_s <= SLOWER * row.look_every_s else due.interval_s
        begins = (row.footage.started_at if row else None) or captured_at
        around = replace(self._around(facts, begins), look_every_s=every_s)
        site = site_of(facts, around, seers, house.settings.class_free)
        if known is not None and known.fits == (facts.day, site.stamp):
            known.renew(facts.rules, epoch)
            known.watch(facts.watches)
            return known
        goes_on = row is not None and row.stamp == site.stamp
        if row is not None and goes_on:
            site = replace(site, judged_at=row.judged_at)
        caring = Caring(house, site.device, facts.standing, None, begins, self._references.of)
        camera = LiveCamera(house, self._spool, site, facts.day, begins, epoch, caring)
        if known is not None:
            camera.go_on_from(known)
        if row is not None and goes_on:
            camera.attach(row)
            looks_known = camera.recall()
            with house.database.read() as session:
                camera.rebuild(looks_of(session, row, looks_known))
        camera.watch(facts.watches)
        if changes != self._changes:  # noticed while it was opened, and it was not in memory to be told
            camera.epoch = -1
        return camera

    def _facts(self, due: Due, day: date) -> Facts:
        changes, facts = self._ahead.pop(due.device_id, (-1, None))
        if facts is not None and (changes, facts.token, facts.day) == (self._changes, due.token, day):
            return facts
        with self._house.database.read() as session:
            return self._reader.read(session, [due], day)[due.device_id]

    def _around(self, facts: Facts, begins: datetime) -> Surroundings:
        if facts.device.kind != DeviceKind.FIXED:
            with self._house.database.read() as session:
                return surroundings(session, facts.device, begins, facts.read_at)
        return before_camera(facts.device, facts.drawn, facts.exempt, following(facts.rules, begins))
