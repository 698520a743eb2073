"""Taking footage in, leasing it to a worker, finishing it. The row is the queue: a lost worker loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.db import utcnow
from casework.devices.tables import Device
from casework.errors import Conflict
from casework.footage import queries
from casework.footage.tables import Footage, LookSpan, LookTally
from detector.scene.model import DeviceKind
from ingest.coverage import spans_of

LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed in: its bytes' hash, where they lie, and what was said with them."""

    sha256: str
    size: int
    name: str
    path: str
    start: datetime | None = None
    track_path: str | None = None


def accept(session: Session, actor: str, device: Device, handed: Handed) -> tuple[Footage, bool]:
    """Take footage in. Returns (row, whether these bytes were here before): twice is counted once."""
    known = queries.footage_by_hash(session, handed.sha256)
    if known is not None:
        if known.device_id != device.id:
            raise Conflict(
                "footage_elsewhere",
                zh="同一文件已由另一台设备上传，请核对设备编号",
                en="the same file was handed in for another device; check the device's code",
            )
        if known.state == "failed":
            known.state, known.notes, known.lease_until = "accepted", [], None
        if known.state != "done":
            known.path = handed.path
            known.given_start = handed.start or known.given_start
            known.track_path = handed.track_path or known.track_path
        return known, True
    row = Footage(
        sha256=handed.sha256,
        device_id=device.id,
        name=handed.name,
        size=handed.size,
        path=handed.path,
        state="accepted",
        received_at=utcnow(),
        given_start=handed.start,
        track_path=handed.track_path,
        notes=[],
        device=device,
    )
    session.add(row)
    session.flush()
    record(
        session,
        actor,
        "footage_accepted",
        f"footage:{row.id}",
        {"sha256": handed.sha256, "device": device.code},
    )
    return row, False


def lease(session: Session, footage: Footage, worker: str) -> None:
    """Hold footage for a worker. Raises Conflict when another holds it."""
    now = utcnow()
    if footage.worker not in (None, worker) and footage.lease_until and footage.lease_until > now:
        raise Conflict(
            "footage_held",
            zh=f"该视频正由 {footage.worker} 处理，请稍候",
            en=f"{footage.worker} is at work on this footage; wait for it",
        )
    footage.state, footage.worker, footage.lease_until = "running", worker, now + LEASE


def renew(session: Session, footage_id: int, worker: str) -> None:
    """Keep the lease while the work goes on. Raises Conflict when it was lost."""
    row = session.get(Footage, footage_id)
    if row is None or row.worker != worker or row.state != "running":
        raise Conflict(
            "lease_lost", zh="处理权已失效", en="the lease on this footage was lost to another worker"
        )
    row.lease_until = utcnow() + LEASE


@dataclass(frozen=True, slots=True)
class Looked:
    """What a worker counted. look_times: capture times of all looks."""

    frames: int
    detections: int
    look_times: Iterable[datetime]
    time_source: str | None
    notes: list[str]


def finish(session: Session, footage_id: int, worker: str, looked: Looked) -> Footage:
    """Footage is done: counts and tally are written once, however often it was begun."""
    row = session.get(Footage, footage_id)
    if row is None or row.worker != worker or row.state != "running":
        raise Conflict(
            "lease_lost", zh="处理权已失效", en="the lease on this footage was lost to another worker"
        )
    device = session.get_one(Device, row.device_id)
    times = list(looked.look_times)
    row.state, row.worker, row.lease_until = "done", None, None
    row.frames, row.looks, row.detections = looked.frames, len(times), looked.detections
    row.started_at, row.ended_at = (min(times), max(times)) if times else (None, None)
    row.time_source, row.notes = looked.time_source, looked.notes
    session.execute(delete(LookTally).where(LookTally.footage_id == footage_id))
    hours = Counter(t.replace(minute=0, second=0, microsecond=0) for t in times)
    for hour, looks in sorted(hours.items()):
        session.add(
            LookTally(
                footage_id=footage_id, hour=hour, device_id=device.id, squad_id=device.squad_id, looks=looks
            )
        )
    session.execute(delete(LookSpan).where(LookSpan.footage_id == footage_id))
    for first, last in spans_of(times) if device.kind == DeviceKind.VEHICLE else []:
        span = (datetime.fromtimestamp(t, UTC) for t in (first, last))
        session.add(_span(footage_id, device.id, *span))
    session.flush()
    record(
        session, "system", "footage_done", f"footage:{row.id}", {"looks": len(times), "frames": looked.frames}
    )
    return row


def _span(footage_id: int, device_id: int, started_at: datetime, ended_at: datetime) -> LookSpan:
    return LookSpan(footage_id=footage_id, device_id=device_id, started_at=started_at, ended_at=ended_at)


def fail(session: Session, footage_id: int, worker: str, message: str) -> None:
    """Footage cannot be used: the reason is kept with it."""
    row = session.get(Footage, footage_id)
    if row is not None and row.worker == worker:
        row.state, row.worker, row.lease_until, row.notes = "failed", None, None, [message]
        record(session, "system", "footage_failed", f"footage:{row.id}", {"message": message})
