"""The state of one run: looks at frames, asks the scene, writes what it raises."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from casework.candidates.service import Witness, raise_candidate, update_sighting
from casework.devices.service import fixed_position, mounting_from
from casework.devices.tables import Device
from casework.errors import Invalid
from casework.evidence.service import Packed, pack
from casework.footage import service as footages
from casework.footage.tables import Footage
from casework.places.queries import door_lines, scene_zone, zones_of
from detector.detections import Detector
from detector.scene.model import Change, DeviceKind, Rule, SceneEvent, Zone
from detector.scene.passes import VehicleScene
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules
from ingest.frame import Frame
from jiexun.house import House
from jiexun.pipeline import exhibits
from jiexun.pipeline.lookbook import LookBook
from jiexun.pipeline.source import Clipping, Source, begins, clip_exhibits, open_source, time_of

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
        self, house: House, footage: Footage, device: Device, detector: Detector, worker: str
    ) -> None:
        self._house, self._footage, self._device = house, footage, device
        self._detector, self._worker = detector, worker
        self._source = open_for(house, device, Path(footage.path), footage.given_start, footage.track_path)
        self._book = LookBook()
        self._times: list[datetime] = []
        self._detections = 0
        self._notes: list[str] = []
        self._sealed_to: dict[str, datetime] = {}  # violation -> its latest picture that is sealed
        self._rules = {r.code: r for r in default_rules(detector.names, begins(self._source).date())}
        with house.database.read() as session:
            vehicle = device.kind == DeviceKind.VEHICLE
            self._zones: list[Zone] = [
                scene_zone(z) for z in zones_of(session, None if vehicle else device.id)
            ]
            doors = door_lines(session) if vehicle else []
        rules = list(self._rules.values())
        self._scene: FixedScene | VehicleScene
        if vehicle:
            self._scene = VehicleScene(
                device.code, rules, self._zones, doors, mounting_from(device.mounting or {})
            )
        else:
            if not self._zones:
                self._notes.append(
                    f"camera {device.code} has no zones: nothing on its picture is judged; draw zones first"
                )
            mounting = (
                mounting_from(device.mounting) if device.mounting and device.heading is not None else None
            )
            position = fixed_position(device)
            self._scene = FixedScene(device.code, self._zones, rules, mounting=mounting, position=position)

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
        for event in self._scene.finish():
            self._write(event, at_end=True)
        looked = footages.Looked(
            self._source.frames,
            self._detections,
            self._times,
            time_of(self._source),
            [*self._source.notes, *self._scene_notes(), *self._notes],
        )
        with self._house.database.write() as session:
            footages.finish(session, self._footage.id, self._worker, looked)

    def _look(self, frame: Frame) -> None:
        seen = self._detector.detect([frame.image])[0]
        self._times.append(frame.captured_at)
        self._detections += len(seen)
        if isinstance(self._scene, VehicleScene):
            events = self._scene.look(frame.captured_at, frame.index, frame.size, seen, frame.position)
        else:
            events = self._scene.look(frame.captured_at, frame.index, frame.size, seen)
        # The key pictures of an event may be wanted no more once it is told: keep them until it is written.
        told = frozenset(t for e in events for t in e.violation.key_times)
        self._book.keep(frame, seen, self._scene.wanted_times() | told)
        for event in events:
            self._write(event, at_end=False)

    def _write(self, event: SceneEvent, *, at_end: bool) -> None:
        violation = event.violation
        witness = Witness(
            self._footage.id,
            self._device.id,
            self._detector.model_id,
            time_of(self._source),
            self._house.settings.legal_mode,
            _numbers(self._rules[violation.rule]),
        )
        if event.change is Change.RAISED:
            part = self._pack(event, "birth")
            self._sealed_to[violation.key] = violation.key_times[-1]
            with self._house.database.write() as session:
                raise_candidate(session, violation, witness, part)
            return
        ended = event.change is Change.ENDED
        newer = violation.key_times[-1] > self._sealed_to.get(violation.key, violation.start)
        more = self._pack(event, "end") if ended and newer else None
        with self._house.database.write() as session:
            update_sighting(session, violation, gone=ended and not at_end, ended=ended, packed=more)

    def _pack(self, event: SceneEvent, part: str) -> Packed:
        violation = event.violation
        files = exhibits.pictures(violation, self._book, self._zones)
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
            self._rules[violation.rule],
            self._zones,
            {"id": self._detector.model_id, "sha256": self._detector.model_sha256},
        )
        return pack(self._house.store, f"{violation.key}:{part}", [*files, *clips], statement)

    def _scene_notes(self) -> list[str]:
        seen = self._scene.notes
        said = {
            f"{seen.repeated} looks had the time of the one before and were left out": seen.repeated,
            f"the clock jumped back for {seen.backwards} looks (by {seen.furthest_back_s:.0f} s at most): "
            "they were left out; set the device's clock": seen.backwards,
            f"{seen.unplaced} looks have no position or heading: nothing was judged there": seen.unplaced,
        }
        return [text for text, count in said.items() if count]


def _numbers(rule: Rule) -> dict[str, float | int]:
    return {
        name: value
        for name, value in asdict(rule).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
