"""Reading footage."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from casework.devices.tables import Device
from casework.errors import not_found
from casework.footage.tables import Footage, LookTally, TrackFile
from casework.people.service import Person


def footage_by_hash(session: Session, sha256: str) -> Footage | None:
    """The footage with these bytes."""
    return session.scalar(select(Footage).where(Footage.sha256 == sha256))


def footage(session: Session, footage_id: int) -> Footage:
    """The footage with its device. Raises NotFound."""
    row = session.scalar(select(Footage).where(Footage.id == footage_id).options(joinedload(Footage.device)))
    if row is None:
        raise not_found("footage", "视频", footage_id)
    return row


def page_of_footage(
    session: Session, person: Person, device: str | None, page: int, size: int
) -> tuple[list[Footage], int]:
    """What was handed in (not the days of live cameras), newest first, of the person's squad if they have one."""
    query = select(Footage).join(Footage.device).where(Footage.kind == "file")
    if device:
        query = query.where(Device.code == device)
    if person.squad_id is not None:
        query = query.where(Device.squad_id == person.squad_id)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = (
        query.options(joinedload(Footage.device))
        .order_by(Footage.id.desc())
        .offset((page - 1) * size)
        .limit(size)
    )
    return list(session.scalars(rows)), total


def waiting(session: Session, now: datetime, track_wait: timedelta) -> Footage | None:
    """The oldest footage that no worker holds; a vehicle's waits a while for its track. Locked."""
    ready = or_(
        Footage.track_path.is_not(None),
        Device.kind == "fixed",
        Footage.received_at <= now - track_wait,
        Footage.state == "running",
    )
    return session.scalar(
        select(Footage)
        .join(Footage.device)
        .where(
            Footage.state.in_(("accepted", "running")),
            or_(Footage.lease_until.is_(None), Footage.lease_until < now),
            ready,
        )
        .options(joinedload(Footage.device))
        .order_by(Footage.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Footage)
    )


def running(session: Session) -> list[Footage]:
    """Footage that a worker holds, or held when it was killed."""
    return list(session.scalars(select(Footage).where(Footage.state == "running").with_for_update()))


def track_for(session: Session, device_id: int, stem: str) -> TrackFile | None:
    """The latest track of this device with this stem."""
    return session.scalar(_latest(device_id, stem).where(TrackFile.positions))


def start_for(session: Session, device_id: int, stem: str) -> datetime | None:
    """The start that the latest sidecar of this device and stem gives."""
    row = session.scalar(_latest(device_id, stem).where(TrackFile.given_start.is_not(None)))
    return row.given_start if row else None


def same_track(session: Session, device_id: int, stem: str, sha256: str) -> TrackFile | None:
    """The sidecar with these bytes."""
    return session.scalar(_latest(device_id, stem).where(TrackFile.sha256 == sha256))


def _latest(device_id: int, stem: str) -> Select[TrackFile]:
    return (
        select(TrackFile)
        .where(TrackFile.device_id == device_id, TrackFile.stem == stem)
        .order_by(TrackFile.id.desc())
        .limit(1)
    )


def looks_by_device(session: Session, devices: Collection[int], since: datetime) -> dict[int, int]:
    """Looks of these devices from an hour on."""
    rows = session.execute(
        select(LookTally.device_id, func.sum(LookTally.looks))
        .where(LookTally.hour >= since, LookTally.device_id.in_(devices))
        .group_by(LookTally.device_id)
    )
    return {device_id: int(looks) for device_id, looks in rows}


def footage_by_device(session: Session, devices: Collection[int]) -> dict[int, tuple[int, datetime | None]]:
    """Of these devices: how much footage each handed in (days of live cameras are none), and the capture time of its
    last look, live or not."""
    handed_in = func.count().filter(Footage.kind == "file")
    rows = session.execute(
        select(Footage.device_id, handed_in, func.max(Footage.ended_at))
        .where(Footage.device_id.in_(devices))
        .group_by(Footage.device_id)
    )
    return {device_id: (count, last) for device_id, count, last in rows}
