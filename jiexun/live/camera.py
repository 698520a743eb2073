"""One live camera in memory: the scene of its day, its care, and how both are rebuilt from what was stored."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from casework.db import canonical
from casework.devices.service import SHANGHAI, fixed_position
from casework.devices.tables import Device
from casework.live.queries import StoredLook, looks_of
from casework.live.service import Around, Begin, NewLook, begin_days
from casework.live.tables import LiveDay
from casework.looks.codec import rounded
from casework.rules.queries import following
from casework.rules.tables import RuleSet
from casework.watches.tables import Watch
from detector.care.features import Working
from detector.detections import UNNAMED, Detections
from detector.scene.model import Violation
from detector.scene.rules import FixedScene
from detector.tints import tinted
from ingest.frame import Frame
from jiexun.house import House
from jiexun.live import checkpoints
from jiexun.live.facts import Facts
from jiexun.live.sampling import keep_drawn
from jiexun.live.seers import Asked, Seers
from jiexun.live.spool import Spool, SpoolBook
from jiexun.live.watching import Watching
from jiexun.pipeline.again import answered
from jiexun.pipeline.caring import Caring
from jiexun.pipeline.classfree import ClassFree
from jiexun.pipeline.judging import Judging, Surroundings
from jiexun.pipeline.writing import Act, Seer, Writing, scene_notes

AWAY_S = 60.0
"""The background that a class-free path has learnt takes a tenth of a megabyte, most of what a camera takes: cameras
that are looked at no more often than this have it on disk from look to look."""


def day_of(captured_at: datetime) -> date:
    """The day that a look belongs to, Asia/Shanghai."""
    return captured_at.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Site:
    """A device with all that its looks are judged by, as read at one time."""

    device: Device
    around: Surroundings
    seer: Seer
    names: tuple[str, ...]
    asked: Asked
    judged_at: datetime
    stamp: str

    def begin(self, day: date) -> Begin:
        """Its day, to begin."""
        around = Around(
            self.stamp,
            self.names,
            self.seer.file_id,
            self.seer.sha256,
            self.around.look_every_s,
            self.judged_at,
        )
        return Begin(self.device.id, self.device.code, day, around)


def site_of(facts: Facts, around: Surroundings, seers: Seers, class_free: bool) -> Site:
    """What a device's looks are judged by. class_free: the setting. Raises BadWeights."""
    device, asked, shown = facts.device, facts.asked, facts.standing.reference
    detector, model_id = seers.of(asked), seers.model_id(asked)
    seer = Seer(model_id, detector.model_id, detector.model_sha256)
    names = ClassFree(device, class_free).names(detector.names)
    told = {
        "zones": [(z.code, z.version) for z in around.zones],
        "permits": [(z.code, z.version) for z in around.permits],
        "lines": [(one.code, one.points) for one in around.lines],
        "picture": shown.sha256 if shown else None,
        "device": [device.latitude, device.longitude, device.heading, device.mounting],
        "grade": device.street.grade if device.street else None,
        "model": [model_id, detector.model_id, asked.plan[1], names],
    }
    stamp = hashlib.sha256(canonical(told).encode()).hexdigest()[:32]
    return Site(device, around, seer, names, asked, facts.read_at, stamp)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look gives. acts: for the transaction in which it is written down. quick: something may be starting."""

    captured_at: datetime
    time_source: str
    detections: int
    judged: StoredLook | None
    acts: list[Act]
    quick: bool


class LiveCamera:
    """One camera on one day, looked at by one thread at a time. row: of its day, none until it is written.

    epoch: of the changes that were looked at last. number: of the next look. settled_at: of
    the last commit (monotonic). begins: capture time of the first.
    caring: none where nothing is looked at any more.
    """

    def __init__(
        self,
        house: House,
        spool: Spool,
        site: Site,
        day: date,
        begins: datetime,
        epoch: int,
        caring: Caring | None = None,
    ) -> None:
        self.site, self.day, self.begins, self.epoch = site, day, begins, epoch
        self.row: LiveDay | None = None
        self.number, self.settled_at = 0, time.monotonic()
        self.spool_name = spool_name(site.device.id, day, site.judged_at)
        self._house, self._spool, self._position = house, spool, fixed_position(site.device)
        self._book = SpoolBook(spool, self.spool_name, site.device.code, self._position)
        self._judging = Judging(site.device, site.around, site.names, begins, self._book)
        self._writing: Writing | None = None
        self._caring = caring
        self._class_free: ClassFree | None = None
        self._watching = Watching(site.device, site.around, begins)

    @property
    def fits(self) -> tuple[date, str]:
        """What must be the same for it to go on."""
        return self.day, self.site.stamp

    def go_on_from(self, before: LiveCamera) -> None:
        """Take over what ``before``, the same camera until now, had learnt: a new day is no new street."""
        if before.site.names == self.site.names:
            self._class_free = before._class_free

    def attach(self, row: LiveDay) -> None:
        """Its day has a row now."""
        self.row, self.number = row, row.footage.frames
        footage, site = row.footage, self.site
        self._writing = Writing(self._house, footage, site.device, self._judging, site.seer)

    def detach(self) -> None:
        """The transaction in which its day began was rolled back."""
        self.row = self._writing = None

    def recall(self) -> int:
        """Go on from the latest checkpoint, after ``attach``; how many looks it knew, 0 where there is none."""
        found = checkpoints.load(self._spool, self.spool_name, self.number)
        if found is None:
            return 0
        parts = found.parts
        self._judging.scene, self._class_free = parts["scene"], parts["class_free"]
        self._book.recall(parts["book"])
        self._written().recall(parts["writing"])
        if self._caring is not None:
            self._caring.recall(parts["caring"])
        return found.looks

    def remember(self) -> None:
        """Keep a checkpoint of what is committed. Raises StorageFull."""
        parts = {
            "scene": self._judging.scene,
            "class_free": self._class_free,
            "book": self._book.memory,
            "writing": self._written().memory,
            "caring": self._caring.memory if self._caring else None,
        }
        checkpoints.save(self._spool, self.spool_name, self.number, parts)

    def rebuild(self, looks: Sequence[StoredLook]) -> None:
        """Judge again what was judged and written before, after ``attach`` and ``recall``."""
        writing = self._written()
        for look in looks:
            events = self._judging.judge(look.captured_at, look.number, look.size, look.seen, self._position)
            for event in events:
                writing.remember(event)
            told = frozenset(t for e in events for t in e.violation.key_times)
            self._book.remember(look, self._judging.scene.wanted_times() | told)

    def look(self, frame: Frame, found: Detections) -> Looked:
        """Judge one look; nothing is written but pictures. Raises StorageFull, DatabaseDown, BadRule."""
        frame = replace(frame, index=self.number, position=self._position)
        assert self._caring is not None
        working = Working(frame.image)
        fit = self._caring.look(frame, tinted(found, frame.image), working)
        if fit is None:
            return Looked(frame.captured_at, frame.time_source.value, len(found), None, [], False)
        keep_drawn(self._spool, self.spool_name, self.number, frame.image, self._house.settings.sample_one_in)
        fit = self._free().look(fit, self._judging, working)
        seen = rounded(fit.seen, frame.size)
        fit = replace(fit, seen=seen)
        events = self._judging.look(fit)
        acts = [self._written().prepare(event, frame.time_source.value) for event in events]
        for watch, corrected in self._watching.look(fit):
            footage_id = self._written().footage_id
            acts.append(answered(self._house.store, watch, corrected, fit, footage_id))
        judged = StoredLook(
            self.number, frame.captured_at, frame.time_source.value, frame.size, fit.shift, seen
        )
        scene = self._judging.scene
        quick = isinstance(scene, FixedScene) and scene.starting
        return Looked(
            frame.captured_at, frame.time_source.value, len(found), judged, [a for a in acts if a], quick
        )

    def finish(self) -> list[tuple[Violation, Act]]:
        """The day is over: what is left to be written, each with what it is about."""
        time_source = (self.row.footage.time_source if self.row else None) or "server"
        left = [(e.violation, self._written().prepare(e, time_source)) for e in self._judging.scene.finish()]
        return [(violation, act) for violation, act in left if act]

    def new_look(self, looked: Looked) -> NewLook:
        """A look to be written down, once its day has a row."""
        assert self.row is not None
        device = self.site.device
        return NewLook(
            self.row.footage_id,
            device.id,
            device.squad_id,
            self.number,
            looked.captured_at,
            looked.time_source,
            looked.detections,
            looked.judged,
        )

    def settle(self) -> None:
        """A look is committed. Raises StorageFull."""
        self.number, self.settled_at = self.number + 1, time.monotonic()
        if self.site.around.look_every_s >= AWAY_S and self._class_free is not None:
            parts = {"class_free": self._class_free}
            checkpoints.save(self._spool, self.spool_name, self.number, parts, checkpoints.BACKGROUND)
            self._class_free = None
        if self.number % checkpoints.EVERY == 0:
            self.remember()
        self._book.settle()

    def renew(self, sets: list[RuleSet], epoch: int) -> None:
        """Something was changed somewhere, and nothing that it is judged by but the rules. sets: all of them."""
        self.epoch = epoch
        self._judging.renew(following(sets, self.begins))

    def watch(self, waiting: Sequence[Watch]) -> None:
        """Somebody may have asked to look again at what it raised. waiting: of the device."""
        self._watching.renew(waiting, self._looks)

    def notes(self) -> list[str]:
        """What was wrong with its looks, one line each."""
        return scene_notes(self._judging, self.site.device)

    def _looks(self) -> list[StoredLook]:
        """Of its day, as far as they are committed."""
        if self.row is None:
            return []
        with self._house.database.read() as session:
            return looks_of(session, self.row)

    def _free(self) -> ClassFree:
        """Its class-free path: in memory, else as it was put away after the last look, else a new one."""
        if self._class_free is None:
            found = checkpoints.load(self._spool, self.spool_name, self.number, checkpoints.BACKGROUND)
            fresh = ClassFree(self.site.device, UNNAMED in self.site.names)
            self._class_free = found.parts["class_free"] if found and found.looks == self.number else fresh
        assert self._class_free is not None
        return self._class_free

    def _written(self) -> Writing:
        """Its writing; a day whose very first look raises something is begun at once."""
        if self._writing is None:
            with self._house.database.write() as session:
                [row] = begin_days(session, [self.site.begin(self.day)])
            self.attach(row)
        assert self._writing is not None
        return self._writing


def spool_name(device_id: int, day: date, judged_at: datetime) -> str:
    """The folder of a camera's day: the same for whoever rebuilds it."""
    return f"{device_id}-{day.isoformat()}-{judged_at:%H%M%S%f}"
