"""The state of one run: looks at frames, asks the scene, writes what it raises."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from casework.algorithms.scopes import Chosen
from casework.algorithms.shadow import record_shadow
from casework.db import utcnow
from casework.devices.service import fixed_position
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.evidence.service import Exhibit
from casework.footage import service as footages
from casework.footage.tables import Footage
from casework.looks.codec import rounded
from casework.looks.service import record_looks
from casework.rules.queries import rules_from
from casework.samples.service import record_draw
from detector.care.features import Working
from detector.scene.model import Change, DeviceKind, SceneEvent
from detector.tints import tinted
from ingest.ahead import read_ahead
from ingest.frame import Frame
from jiexun.house import House
from jiexun.pipeline.again import Again
from jiexun.pipeline.caring import Caring, standing_of
from jiexun.pipeline.classfree import ClassFree
from jiexun.pipeline.draw import Draw
from jiexun.pipeline.judging import Judging, surroundings
from jiexun.pipeline.lookbook import Look
from jiexun.pipeline.lookfile import LookKeeper
from jiexun.pipeline.shadow import Shadow
from jiexun.pipeline.source import (
    Clipping,
    Source,
    begins,
    clip_exhibits,
    look_every_s,
    open_source,
    time_of,
)
from jiexun.pipeline.writing import Seer, Writing, scene_notes
from jiexun.warehouse import Detectors

RENEW_EVERY_S = 60.0
Progress = Callable[[int, datetime], None]
"""Called after each look with the number of looks and the capture time."""


def open_for(house: House, device: Device, path: Path, start: datetime | None, track: str | None) -> Source:
    """Footage of a device as looks. Raises IngestError; Invalid for a vehicle whose mounting is not known."""
    vehicle = device.kind == DeviceKind.VEHICLE
    position = None if vehicle else fixed_position(device)
    if vehicle and device.mounting is None:
        raise Invalid(
            "no_mounting",
            zh=f"车载设备 {device.code} 未登记安装参数",
            en=f"vehicle {device.code} has no mounting; give its camera's height, angles and field of view",
        )
    return open_source(path, device.code, start, track, position, house.settings.looks_per_second)


class Run:
    """The state of one run. One thread; leases are renewed as it goes."""

    def __init__(
        self,
        house: House,
        footage: Footage,
        device: Device,
        detectors: Detectors,
        chosen: Chosen,
        worker: str,
    ) -> None:
        self._house, self._footage, self._device = house, footage, device
        self._detector = detector = detectors.active(chosen)
        self._model_id, shadows = detectors.model_id(chosen), detectors.shadows(chosen)
        self._worker = worker
        self._source = open_for(house, device, Path(footage.path), footage.given_start, footage.track_path)
        self._times: list[datetime] = []
        self._detections = 0
        self._notes: list[str] = []
        self._every_s = look_every_s(self._source, house.settings.looks_per_second)
        with house.database.read() as session:
            around = replace(surroundings(session, device, begins(self._source)), look_every_s=self._every_s)
            standing = standing_of(session, [device])[device.id]
        start = begins(self._source)
        self._judging = Judging(device, around, detector.names, start)
        seer = Seer(self._model_id, detector.model_id, detector.model_sha256)
        self._writing = Writing(house, footage, device, self._judging, seer, self._clips)
        self._shadows = [Shadow(house.store, a, detectors, device, around, start) for a in shadows]
        self._again = Again(house, device, around, footage.id, begins(self._source))
        self._caring = Caring(house, device, standing, footage.id, begins(self._source))
        self._class_free = ClassFree(device, house.settings.class_free)
        self._keeper = LookKeeper(house.looks)
        self._judged_at = utcnow()
        self._draw = Draw(footage.sha256, house.settings.sample_one_in)
        if device.kind == DeviceKind.FIXED and not around.zones:
            self._notes.append(
                f"camera {device.code} has no zones: nothing on its picture is judged; draw zones first"
            )

    def go(self, progress: Progress | None = None) -> None:
        """Look at all of it and write the result."""
        renewed = time.monotonic()
        with closing(read_ahead(self._source)) as frames:
            for frame in frames:
                self._look(frame)
                if progress is not None:
                    progress(len(self._times), frame.captured_at)
                if time.monotonic() - renewed > RENEW_EVERY_S:
                    renewed = time.monotonic()
                    with self._house.database.write() as session:
                        footages.renew(session, self._footage.id, self._worker)
                    with self._house.database.read() as session:
                        self._judging.renew(rules_from(session, begins(self._source)))
        for event in self._judging.scene.finish():
            self._write(event)
        looked = footages.Looked(
            self._source.frames,
            self._detections,
            self._times,
            time_of(self._source),
            [
                *self._source.notes,
                *self._caring.notes(),
                *scene_notes(self._judging, self._device),
                *self._notes,
            ],
        )
        with self._house.database.read() as session:
            beside = [shadow.finish(session, self._model_id) for shadow in self._shadows]
        plain, drawn = self._draw.finish(self._house.store, self._times)
        kept = self._keeper.finish()
        with self._house.database.write() as session:
            row = footages.finish(session, self._footage.id, self._worker, looked)
            for done in beside:
                record_shadow(session, row, done)
            record_draw(session, row, self._model_id, plain, drawn)
            record_looks(session, row, kept, self._judged_at, self._every_s)
        self._again.finish()

    def _look(self, frame: Frame) -> None:
        found = tinted(self._detector.detect([frame.image])[0], frame.image)
        self._times.append(frame.captured_at)
        self._detections += len(found)
        working = Working(frame.image)
        fit = self._caring.look(frame, found, working)
        if fit is not None:
            whole = self._class_free.look(fit, self._judging, working)
            self._judge(replace(whole, seen=rounded(whole.seen, frame.size)))
        self._draw.look(frame)

    def _judge(self, look: Look) -> None:
        # What is stored is what is judged, so that a replay with the same rules is the same to the bit.
        self._keeper.look(look.frame, look.seen)
        for event in self._judging.look(look):
            self._write(event)
        self._again.look(look)
        for shadow in self._shadows:
            shadow.look(look)

    def _write(self, event: SceneEvent) -> None:
        act = self._writing.prepare(event, time_of(self._source))
        if act is None:
            return
        if event.change is Change.ENDED:
            self._draw.ended(event.violation)
        with self._house.database.write() as session:
            act(session)

    def _clips(self, at: datetime) -> list[Exhibit]:
        settings = self._house.settings
        how = Clipping(settings.clip_before_s, settings.clip_after_s, settings.clip_least_looks)
        clips, why = clip_exhibits(self._source, at, how)
        if why and why not in self._notes:
            self._notes.append(why)
        return clips
