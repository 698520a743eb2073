"""Reading candidates, and finding the one that stands at a violation's place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.candidates.tables import Candidate, CandidateSighting
from casework.devices.tables import Device
from casework.errors import not_found
from casework.evidence.tables import EvidenceItem
from casework.people.service import Person
from casework.places.tables import Squad, Street
from detector.scene.boxes import iou
from detector.scene.model import DeviceKind, GroundPlace, Violation
from detector.scene.places import same_ground

ABSENCE_ASSUMED = timedelta(hours=6)
"""Without any look for this long, nothing says that it is still the same thing: see docs/decisions/0004."""
SAME_BOX_IOU = 0.3
_NEAR_DEGREES = 0.0004  # about 40 m: a first, indexed sieve; same_place decides

BRIEF = (
    joinedload(Candidate.squad),
    joinedload(Candidate.street),
    joinedload(Candidate.shop),
    joinedload(Candidate.device),
)


def sighting_by_key(session: Session, key: str) -> CandidateSighting | None:
    """The sighting that a violation made, if it was handed in before."""
    return session.scalar(select(CandidateSighting).where(CandidateSighting.key == key))


def device_with_approvals(session: Session, device_id: int) -> Device:
    """The device with squad and approvals."""
    return session.scalars(
        select(Device)
        .where(Device.id == device_id)
        .options(selectinload(Device.approvals), joinedload(Device.squad))
    ).one()


def standing_at(session: Session, violation: Violation, device: Device, footage_id: int) -> Candidate | None:
    """The candidate of this type that still stands at this place, as far as anybody knows.

    Two violations of one footage are never joined: the scene has told them apart already.
    """
    own = select(CandidateSighting.candidate_id).where(CandidateSighting.footage_id == footage_id)
    query = select(Candidate).where(
        Candidate.type == violation.type,
        Candidate.standing,
        Candidate.id.not_in(own),
        Candidate.last_at >= violation.start - ABSENCE_ASSUMED,
        Candidate.first_at <= violation.end + ABSENCE_ASSUMED,
    )
    ground = violation.sighting.ground
    if ground is not None:
        query = query.where(
            Candidate.latitude.between(ground.latitude - _NEAR_DEGREES, ground.latitude + _NEAR_DEGREES),
            Candidate.longitude.between(ground.longitude - _NEAR_DEGREES, ground.longitude + _NEAR_DEGREES),
        )
    else:
        query = query.where(Candidate.device_id == device.id)
    found = session.scalars(query.options(joinedload(Candidate.shop)).order_by(Candidate.id))
    return next((c for c in found if _same(c, violation, device)), None)


def _same(candidate: Candidate, violation: Violation, device: Device) -> bool:
    """One fixed camera: one place in its picture. Else: one shop, or one place on the ground."""
    if candidate.device_id == device.id and device.kind == DeviceKind.FIXED:
        here = violation.sighting.place.astype(np.float64)[None]
        return bool(iou(np.asarray([candidate.image_place], np.float64), here)[0, 0] >= SAME_BOX_IOU)
    if candidate.shop is not None and violation.shop is not None:
        return candidate.shop.code == violation.shop
    ground = violation.sighting.ground
    if (
        ground is None
        or candidate.latitude is None
        or candidate.longitude is None
        or candidate.place_error_m is None
    ):
        return False
    return same_ground(GroundPlace(candidate.latitude, candidate.longitude, candidate.place_error_m), ground)


def in_scope(query: Select[Any], person: Person) -> Select[Any]:
    """Only the person's squad, if they have one."""
    return query if person.squad_id is None else query.where(Candidate.squad_id == person.squad_id)


def candidate(session: Session, person: Person, candidate_id: int) -> Candidate:
    """The candidate with all that a page shows. Raises NotFound, outside the squad too."""
    query = (
        select(Candidate)
        .where(Candidate.id == candidate_id)
        .options(
            *BRIEF,
            joinedload(Candidate.device).selectinload(Device.approvals),
            selectinload(Candidate.sightings).joinedload(CandidateSighting.device),
        )
    )
    row: Candidate | None = session.scalar(in_scope(query, person))
    if row is None:
        raise not_found("candidate", "疑似", candidate_id)
    return row


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of candidates is narrowed to; codes as people know them. since, until: first seen, half-open."""

    squad: str | None = None
    street: str | None = None
    type: str | None = None
    state: str | None = None
    device: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def narrowed(query: Select[Any], want: Filter) -> Select[Any]:
    """The query, narrowed."""
    if want.squad:
        query = query.where(
            Candidate.squad_id == select(Squad.id).where(Squad.code == want.squad).scalar_subquery()
        )
    if want.street:
        query = query.where(
            Candidate.street_id == select(Street.id).where(Street.code == want.street).scalar_subquery()
        )
    if want.device:
        query = query.where(
            Candidate.device_id == select(Device.id).where(Device.code == want.device).scalar_subquery()
        )
    if want.type:
        query = query.where(Candidate.type == want.type)
    if want.state:
        query = query.where(Candidate.state == want.state)
    if want.since:
        query = query.where(Candidate.first_at >= want.since)
    if want.until:
        query = query.where(Candidate.first_at < want.until)
    return query


def page_of_candidates(
    session: Session, person: Person, want: Filter, page: int, size: int
) -> tuple[list[Candidate], int]:
    """Newest first."""
    query = narrowed(in_scope(select(Candidate), person), want)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.options(*BRIEF).order_by(Candidate.first_at.desc(), Candidate.id.desc())
    return list(session.scalars(rows.offset((page - 1) * size).limit(size))), total


def history_at(session: Session, candidate: Candidate, days: int = 30) -> dict[str, int]:
    """Candidates of the same type within about 10 m in the days before, by state."""
    if candidate.latitude is None or candidate.longitude is None:
        return {}
    near = 0.0001
    rows = session.execute(
        select(Candidate.state, func.count())
        .where(
            Candidate.type == candidate.type,
            Candidate.id != candidate.id,
            Candidate.latitude.between(candidate.latitude - near, candidate.latitude + near),
            Candidate.longitude.between(candidate.longitude - near, candidate.longitude + near),
            Candidate.first_at.between(candidate.first_at - timedelta(days=days), candidate.first_at),
        )
        .group_by(Candidate.state)
    )
    return dict(rows.all())


def count_by_footage(session: Session, footage_ids: list[int]) -> dict[int, int]:
    """Candidates per piece of footage. One query for a page."""
    rows = session.execute(
        select(CandidateSighting.footage_id, func.count())
        .where(CandidateSighting.footage_id.in_(footage_ids))
        .group_by(CandidateSighting.footage_id)
    )
    return dict(rows.all())


def count_by_device(session: Session, since: datetime) -> dict[int, int]:
    """Candidates per device, first seen from a moment on."""
    rows = session.execute(
        select(Candidate.device_id, func.count())
        .where(Candidate.first_at >= since)
        .group_by(Candidate.device_id)
    )
    return dict(rows.all())


def latest_picture_of_device(session: Session, device_id: int) -> EvidenceItem | None:
    """The newest sealed picture that a device's candidate has."""
    return session.scalar(
        select(EvidenceItem)
        .join(Candidate, Candidate.id == EvidenceItem.candidate_id)
        .where(Candidate.device_id == device_id, EvidenceItem.kind == "picture")
        .order_by(EvidenceItem.captured_at.desc())
        .limit(1)
    )


def all_candidates(session: Session) -> list[Candidate]:
    """Every candidate, oldest first: for small districts and tests."""
    return list(session.scalars(select(Candidate).order_by(Candidate.id)))
