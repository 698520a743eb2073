"""Reading watches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.people.service import Person
from casework.watches.tables import Watch
from detector.scene.model import DeviceKind


def waiting_for(session: Session, device: Device, since: datetime) -> list[Watch]:
    """Watches that a device may answer with looks captured from a moment on, with their candidates.

    A fixed camera looks at what it raised itself; a vehicle at every place on the ground that it may pass.
    """
    if device.kind == DeviceKind.FIXED:
        return waiting_on(session, [device.id], since)[device.id]
    query = select(Watch).join(Watch.candidate).where(Watch.state == "waiting", Watch.until > since)
    query = query.where(Candidate.latitude.is_not(None), Candidate.place_error_m.is_not(None))
    return list(session.scalars(query.options(contains_eager(Watch.candidate)).order_by(Watch.id)))


def waiting_on(session: Session, device_ids: Collection[int], since: datetime) -> dict[int, list[Watch]]:
    """Fixed camera -> ``waiting_for`` it. One query, however many cameras."""
    found: dict[int, list[Watch]] = {device_id: [] for device_id in device_ids}
    query = (
        select(Watch)
        .join(Watch.candidate)
        .where(Watch.state == "waiting", Watch.until > since, Candidate.device_id.in_(device_ids))
        .options(contains_eager(Watch.candidate))
        .order_by(Watch.id)
    )
    for watch in session.scalars(query):
        found[watch.candidate.device_id].append(watch)
    return found


def page_of_watches(
    session: Session, person: Person, page: int, size: int, candidate_id: int | None = None
) -> tuple[list[Watch], int]:
    """Newest first, of the person's squad if they have one."""
    query = select(Watch).join(Watch.candidate)
    if person.squad_id is not None:
        query = query.where(Candidate.squad_id == person.squad_id)
    if candidate_id is not None:
        query = query.where(or_(Candidate.id == candidate_id, Candidate.merged_into == candidate_id))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.options(joinedload(Watch.candidate)).order_by(Watch.id.desc())
    return list(session.scalars(rows.offset((page - 1) * size).limit(size))), total


def state_of(watch: Watch, now: datetime) -> str:
    """waiting, corrected, not_corrected, or not_seen: its time went by and no look showed the place."""
    return "not_seen" if watch.state == "waiting" and watch.until <= now else watch.state
