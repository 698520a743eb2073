"""What comes beside footage: tracks and starts. It serves the footage of the same stem, whichever came first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casework.algorithms.tables import ShadowFinding, ShadowRun
from casework.audit.service import record
from casework.db import utcnow
from casework.devices.tables import Device
from casework.footage.tables import Footage, TrackFile
from casework.samples.tables import LookSample, SampleDraw, SampleLabel
from casework.storage import file_sha256
from detector.scene.model import DeviceKind
from ingest.coverage import ways_of
from ingest.errors import IngestError
from ingest.gpmf import read_embedded
from ingest.json_track import read_sidecar
from ingest.track import Track
from ingest.track_files import read_track


@dataclass(frozen=True, slots=True)
class Beside:
    """What was read from a sidecar, or from inside a video. start: of the recording. faults: one line each."""

    track: Track | None = None
    start: datetime | None = None
    faults: list[str] = field(default_factory=list)


def read_beside(path: Path, filename: str) -> Beside:
    """Read a sidecar; what cannot be read is a fault of it, in words."""
    try:
        if Path(filename).suffix.lower() == ".json":
            said = read_sidecar(path)
            return Beside(said.track, said.start, list(said.track.notes) if said.track else [])
        track = read_track(path)
        return Beside(track, None, list(track.notes))
    except IngestError as error:
        return Beside(faults=[str(error).replace(path.name, filename)])


def read_inside(path: Path) -> Beside | None:
    """The positions in a video, none where it holds none. Its own clock is the satellites': it is the start, too."""
    try:
        found = read_embedded(path)
    except IngestError:
        return None  # what is wrong with the video is said when it is looked at
    return Beside(found.track, found.start, list(found.track.notes)) if found else None


def track_file(device: Device, stem: str, path: Path, sha256: str, read: Beside, now: datetime) -> TrackFile:
    """The row of a sidecar."""
    ways: list[Any] = []
    if read.track is not None:
        ways = [[[round(t, 1), round(x, 6), round(y, 6)] for t, x, y in way] for way in ways_of(read.track)]
    return TrackFile(
        device_id=device.id,
        stem=stem,
        path=str(path),
        sha256=sha256,
        received_at=now,
        positions=read.track is not None,
        given_start=read.start,
        started_at=read.track.start if read.track else None,
        ended_at=read.track.end if read.track else None,
        ways=ways,
        faults=read.faults,
    )


def note_track(session: Session, device: Device, stem: str, path: Path) -> None:
    """Register a track that lies beside footage on this machine, once, so that the vehicle's day shows it."""
    sha256 = file_sha256(path)
    same = (TrackFile.device_id == device.id, TrackFile.stem == stem, TrackFile.sha256 == sha256)
    if session.scalar(select(TrackFile.id).where(*same).limit(1)) is None:
        session.add(track_file(device, stem, path, sha256, read_beside(path, path.name), utcnow()))


def give(session: Session, device: Device, row: TrackFile) -> None:
    """Hand a sidecar to the footage of its stem. Footage that was looked at without it is looked at again."""
    named = Footage.name.startswith(row.stem, autoescape=True)
    for footage in session.scalars(select(Footage).where(Footage.device_id == device.id, named)):
        if Path(footage.name).stem != row.stem or not _wanted(session, device, footage, row):
            continue
        if row.positions:
            footage.track_path = row.path
        footage.given_start = footage.given_start or row.given_start
        if footage.state != "accepted":
            _again(session, footage)


def _wanted(session: Session, device: Device, footage: Footage, row: TrackFile) -> bool:
    if footage.state in ("accepted", "failed"):
        brings_track = row.positions and footage.track_path in (
            None,
            footage.path,
        )  # before one inside the video
        return brings_track or (row.given_start is not None and footage.given_start is None)
    # Nothing of a vehicle is judged without positions: to look again raises nothing twice.
    blind = device.kind == DeviceKind.VEHICLE and footage.track_path is None
    return blind and row.positions and not _labelled(session, footage)


def _labelled(session: Session, footage: Footage) -> bool:
    label = select(SampleLabel.id).join(LookSample).where(LookSample.footage_id == footage.id).limit(1)
    return session.scalar(label) is not None


def _again(session: Session, footage: Footage) -> None:
    """Back into the queue. A worker that is at it loses its lease; what a run writes once is taken back."""
    footage.state, footage.worker, footage.lease_until, footage.notes = "accepted", None, None, []
    for table in (SampleDraw, LookSample, ShadowRun, ShadowFinding):
        session.execute(delete(table).where(table.footage_id == footage.id))
    record(
        session, "system", "footage_again", f"footage:{footage.id}", {"reason": "its positions came later"}
    )
