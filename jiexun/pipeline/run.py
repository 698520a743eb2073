"""One piece of footage, the whole way: accepted, looked at, judged, raised, finished. Safe to repeat.

Everything that is raised has a key that the same looks give again, so a run that was killed is simply begun
anew: what was raised before stays, nothing is raised twice, the counts are written once at the end.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from casework.algorithms.scopes import chosen_for
from casework.candidates.queries import count_by_footage
from casework.devices import queries as devices
from casework.footage import service as footages
from casework.footage.queries import footage as get_footage
from casework.footage.sidecars import note_track
from casework.rules.service import adopt_shipped
from detector.detections import Detector
from ingest.errors import IngestError
from ingest.track_files import find_track
from jiexun.house import House
from jiexun.pipeline.looking import Progress, Run, open_for
from jiexun.pipeline.source import fingerprint
from jiexun.pipeline.workers import is_gone, worker_name
from jiexun.warehouse import Detectors


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did. candidates: raised or joined by this footage. already: done before, nothing was counted."""

    footage: int
    device: str
    already: bool
    frames: int
    looks: int
    detections: int
    candidates: int
    start: str | None
    end: str | None
    time_source: str | None
    seconds: float
    notes: list[str] = field(default_factory=list)


def accept_file(
    house: House, path: Path, device_code: str, start: datetime | None = None, track: Path | None = None
) -> int:
    """Take a file in for a device; returns the footage's id. The file stays where it is.

    Raises NotFound (device), IngestError (file, track, time), before anything is written.
    """
    with house.database.read() as session:
        device = devices.device_by_code(session, device_code)
    found = track or (find_track(path) if path.is_file() else None)
    track_path = str(found.resolve()) if found else None
    sha256, size = fingerprint(path)
    open_for(house, device, path, start, track_path)
    handed = footages.Handed(sha256, size, path.name, str(path.resolve()), start, track_path)
    with house.database.write() as session:
        device = devices.device_by_code(session, device_code)
        row, _again = footages.accept(session, "system", device, handed)
        if found is not None:
            note_track(session, device, path.stem, found.resolve())
        return row.id


def run_footage(
    house: House, footage_id: int, detectors: Detectors | Detector, progress: Progress | None = None
) -> RunReport:
    """Look at accepted footage. Raises IngestError, DetectorError, CaseworkError; footage that cannot be used is
    marked failed with the reason.

    detectors: the assigned version looks, read now, with its shadows beside it; a single detector looks itself,
    whatever is assigned.
    """
    began, worker = time.monotonic(), worker_name()
    if not isinstance(detectors, Detectors):
        detectors = Detectors(detectors)
    with house.database.write() as session:
        row = get_footage(session, footage_id)
        if row.state == "done":
            return _report(house, footage_id, began, already=True)
        if row.worker is not None and is_gone(row.worker):
            row.worker = row.lease_until = None  # killed: its lease need not be waited for
        footages.lease(session, row, worker)
        adopt_shipped(session)
    with house.database.read() as session:
        row = get_footage(session, footage_id)
        device = devices.device_by_code(session, row.device.code)
        chosen = chosen_for(session, device)
    try:
        Run(house, row, device, detectors, chosen, worker).go(progress)
    except IngestError as error:
        with house.database.write() as session:
            footages.fail(session, footage_id, worker, str(error))
        raise
    return _report(house, footage_id, began, already=False)


def _report(house: House, footage_id: int, began: float, *, already: bool) -> RunReport:
    with house.database.read() as session:
        row = get_footage(session, footage_id)
        count = count_by_footage(session, [row.id]).get(row.id, 0)
    return RunReport(
        footage=row.id,
        device=row.device.code,
        already=already,
        frames=row.frames,
        looks=row.looks,
        detections=row.detections,
        candidates=count,
        start=row.started_at.isoformat() if row.started_at else None,
        end=row.ended_at.isoformat() if row.ended_at else None,
        time_source=row.time_source,
        seconds=round(time.monotonic() - began, 3),
        notes=list(row.notes),
    )
