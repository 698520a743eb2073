"""The state of one run: looks at frames, asks the scene, writes what it raises."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from casework.algorithms.scopes import Chosen
from casework.algorithms.shadow import record_shadow
from casework.candidates.service import Witness, raise_candidate, update_sighting
from casework.db import utcnow
from casework.devices.service import SHANGHAI, fixed_position
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.evidence.service import Packed, pack
from casework.fixtures.service import hold_back
from casework.footage import service as footages
from casework.footage.tables import Footage
from casework.looks.codec import rounded
from casework.looks.service import record_looks
from casework.samples.service import record_draw
from detector.detections import Detections
from detector.scene.model import Change, DeviceKind, Rule, SceneEvent, Violation
from ingest.frame import Frame
from jiexun.house import House
from jiexun.pipeline import exhibits
from jiexun.pipeline.again import Again
from jiexun.pipeline.caring import Caring
from jiexun.pipeline.colours import colours_of
from jiexun.pipeline.draw import Draw
from jiexun.pipeline.judging import Judging, surroundings
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
        self._sealed_to: dict[str, datetime] = {}  # violation -> its latest picture that is sealed
        self._every_s = look_every_s(self._source, house.settings.looks_per_second)
        with house.database.read() as session:
            around = replace(surroundings(session, device, begins(self._source)), look_every_s=self._every_s)
        day = begins(self._source).astimezone(SHANGHAI).date()
        self._judging = Judging(device, around, detector.names, day)
        self._shadows = [Shadow(house.store, a, detectors, device, around, day) for a in shadows]
        self._again = Again(house, device, around, footage.id, begins(self._source))
        self._caring = Caring(house, device, footage.id, begins(self._source))
        self._keeper = LookKeeper(house.looks)
        self._judged_at, self._held = utcnow(), set[str]()
        self._draw = Draw(footage.sha256, house.settings.sample_one_in)
        if device.kind == DeviceKind.FIXED and not around.zones:
            self._notes.append(
                f"camera {device.code} has no zones: nothing on its picture is judged; draw zones first"
            )

    def go(self, progress: Progress | None = None) -> None:
        """Look at all of it and write the result."""
        renewed = time.monotonic()
        for frame in self._source:
            self._look(frame)
            if progress is not None:
                progress(len(self._times), frame.captured_at)
            if time.monotonic() - renewed > RENEW_EVERY_S:
                renewed = time.monotonic()
                with self._house.database.write() as session:
                    footages.renew(session, self._footage.id, self._worker)
        for event in self._judging.scene.finish():
            self._write(event)
        looked = footages.Looked(
            self._source.frames,
            self._detections,
            self._times,
            time_of(self._source),
            [*self._source.notes, *self._caring.notes(), *self._scene_notes(), *self._notes],
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
        found = self._detector.detect([frame.image])[0]
        self._times.append(frame.captured_at)
        self._detections += len(found)
        fit = self._caring.look(frame, found)
        if fit is not None:
            self._judge(frame, rounded(fit, frame.size))
        self._draw.look(frame)

    def _judge(self, frame: Frame, seen: Detections) -> None:
        # What is stored is what is judged, so that a replay with the same rules is the same to the bit.
        self._keeper.look(frame, seen)
        for event in self._judging.look(frame, seen):
            self._write(event)
        self._again.look(frame, seen)
        for shadow in self._shadows:
            shadow.look(frame)

    def _write(self, event: SceneEvent) -> None:
        violation = event.violation
        if violation.key in self._held:
            return
        if event.change is Change.RAISED:
            if self._hold_back(violation):
                self._held.add(violation.key)
                return
            witness = Witness(
                self._footage.id,
                self._device.id,
                self._model_id,
                time_of(self._source),
                self._house.settings.legal_mode,
                _numbers(self._judging.rules[violation.rule]),
                rule_set=self._judging.rule_set.version,
                warning=violation.rule in self._judging.warnings,
                colours=colours_of(violation, self._judging.book),
            )
            part = self._pack(event, "birth")
            self._sealed_to[violation.key] = violation.key_times[-1]
            with self._house.database.write() as session:
                raise_candidate(session, violation, witness, part)
            return
        ended = event.change is Change.ENDED
        if ended:
            self._draw.ended(violation)
        newer = violation.key_times[-1] > self._sealed_to.get(violation.key, violation.start)
        more = self._pack(event, "end") if ended and newer else None
        with self._house.database.write() as session:
            update_sighting(session, violation, gone=event.gone, ended=ended, packed=more)

    def _hold_back(self, violation: Violation) -> bool:
        """Whether it lies in a remembered place, which is noted, or on a street that its rule does not mean."""
        with self._house.database.write() as session:
            if self._judging.off_grade(session, violation):
                return True
            return hold_back(session, violation, self._footage.id, self._device) is not None

    def _pack(self, event: SceneEvent, part: str) -> Packed:
        violation = event.violation
        files = exhibits.pictures(violation, self._judging.book, self._judging.zones, self._judging.lines)
        if part == "end":
            files = files[-1:]
        settings = self._house.settings
        how = Clipping(settings.clip_before_s, settings.clip_after_s, settings.clip_least_looks)
        clips, why = clip_exhibits(self._source, violation.key_times[-1], how)
        if why and why not in self._notes:
            self._notes.append(why)
        statement = exhibits.statement(
            violation,
            self._device,
            self._footage,
            self._judging.rules[violation.rule],
            self._judging.zones,
            {"id": self._detector.model_id, "sha256": self._detector.model_sha256},
            self._judging.rule_set,
        )
        return pack(self._house.store, f"{violation.key}:{part}", [*files, *clips], statement)

    def _scene_notes(self) -> list[str]:
        # A vehicle comes and goes, and without rules there is no gap that a step could be longer than.
        told = self._device.kind == DeviceKind.FIXED and bool(self._judging.rules)
        seen = self._judging.scene.notes
        apart = seen.too_far_apart if told else 0
        said = {
            f"{seen.repeated} looks had the time of the one before and were left out": seen.repeated,
            f"the clock jumped back for {seen.backwards} looks (by {seen.furthest_back_s:.0f} s at most): "
            "they were left out; set the device's clock": seen.backwards,
            f"the clock was set back for good {seen.restarts} times: what stood then ended and was begun anew": (
                seen.restarts
            ),
            f"{apart} times two looks were further apart than any rule's longest gap: no time was counted between "
            "them; unless it was a pause, let the camera look more often": apart,
            f"{seen.unplaced} looks have no position or heading: nothing was judged there": seen.unplaced,
        }
        return [text for text, count in said.items() if count]


def _numbers(rule: Rule) -> dict[str, float | int]:
    return {
        name: value
        for name, value in asdict(rule).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
