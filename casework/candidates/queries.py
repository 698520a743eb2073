"""Reading candidates, and finding the one that stands at a violation's place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.algorithms.tables import Algorithm
from casework.candidates import again
from casework.candidates.acts import UNCOUNTED, act
from casework.candidates.acts import again as memory
from casework.candidates.again import ABSENCE_ASSUMED
from casework.candidates.tables import Candidate, CandidateEvent, CandidateSighting
from casework.devices.tables import Device
from casework.errors import not_found
from casework.people.service import Person
from casework.places.tables import Squad, Street
from detector.scene.boxes import iou
from detector.scene.model import DeviceKind, GroundPlace, Violation
from detector.scene.places import (
    Appearance,
    Colours,
    nearest,
    same_ground,
    same_shop,
    shop_confidence,
    size_m,
)

SAME_BOX_IOU = 0.3
MOST_CHOICES = 20
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


def standing_at(
    session: Session,
    violation: Violation,
    device: Device,
    footage_id: int,
    *,
    warning: bool = False,
    colours: Colours | None = None,
) -> list[Candidate]:
    """Candidates of this type that still stand at this place as far as anybody knows, the likeliest first.

    Merged ones lead to the one that goes on. Where none stands: a rejected one whose rejection still holds
    (``life.toml``). Two violations of one footage are never joined, the scene has told them apart already;
    nor is a warning joined with what is meant. colours: of the thing, where they are known.
    """
    near = [c for c in _near(session, violation, device, warning) if not _saw(session, c, footage_id)]
    standing = [
        c
        for c in near
        if c.standing
        and c.last_at >= violation.start - ABSENCE_ASSUMED
        and c.first_at <= violation.end + ABSENCE_ASSUMED
    ]
    alive = [c for c in standing if c.state != "rejected"]
    if alive:
        return _likeliest_first(alive, violation, colours)
    for c in near:
        own_picture = c.device_id == device.id and device.kind == DeviceKind.FIXED
        box = violation.sighting.place.tolist() if own_picture else None
        remembered = c in standing or again.remembered(c, violation.start)
        same = again.differs(c, violation.sighting.label, box, colours) is None
        if c.state == "rejected" and remembered and same:
            return [c]
    return []


def _likeliest_first(
    found: list[Candidate], violation: Violation, colours: Colours | None
) -> list[Candidate]:
    ground, looks = violation.sighting.ground, Appearance(size_m(violation.facts), colours)
    known = [(place, Appearance.of(c.facts)) for c in found if (place := _ground(c)) is not None]
    if ground is None or len(known) < len(found):
        return found
    first = found[nearest(ground, looks, known)]
    return [first, *(c for c in found if c is not first)]


def _saw(session: Session, candidate: Candidate, footage_id: int) -> bool:
    """Whether one of the candidate's sightings, merged ones included, is of this footage."""
    ids = [c.id for c in family(session, candidate)]
    own = select(CandidateSighting.id).where(
        CandidateSighting.candidate_id.in_(ids), CandidateSighting.footage_id == footage_id
    )
    return session.scalar(own.limit(1)) is not None


def root(session: Session, candidate: Candidate) -> Candidate:
    """The candidate that a merged one goes on in; itself where it was not merged."""
    while candidate.merged_into is not None:
        candidate = session.get_one(Candidate, candidate.merged_into)
    return candidate


def family(session: Session, candidate: Candidate) -> list[Candidate]:
    """The candidate and all that were merged into it, itself first."""
    found = [candidate]
    for one in found:  # grows while it is walked: merges form a tree
        found += session.scalars(
            select(Candidate).where(Candidate.merged_into == one.id).order_by(Candidate.id)
        )
    return found


def sightings_of(
    session: Session, candidate: Candidate, whole: Sequence[Candidate] | None = None
) -> list[CandidateSighting]:
    """Sightings of the candidate and of what was merged into it, by time, with their devices. whole: its ``family``,
    where that is known."""
    ids = [c.id for c in (family(session, candidate) if whole is None else whole)]
    query = select(CandidateSighting).where(CandidateSighting.candidate_id.in_(ids))
    query = query.options(joinedload(CandidateSighting.device))
    return list(session.scalars(query.order_by(CandidateSighting.first_at, CandidateSighting.id)))


def events_on(session: Session, candidate_id: int) -> list[CandidateEvent]:
    """What happened to a candidate besides decisions, oldest first; merges as seen from both sides."""
    query = select(CandidateEvent).where(
        or_(CandidateEvent.candidate_id == candidate_id, CandidateEvent.other_id == candidate_id)
    )
    return list(session.scalars(query.order_by(CandidateEvent.id)))


def _near(session: Session, violation: Violation, device: Device, warning: bool) -> list[Candidate]:
    """Candidates of the type at the place, as far back as a rejection is remembered; merged ones by their root."""
    query = select(Candidate).where(
        Candidate.type == violation.type,
        Candidate.warning == warning,
        Candidate.state != "withdrawn",
        or_(Candidate.standing, Candidate.state == "rejected"),
        Candidate.last_at >= violation.start - timedelta(days=memory().days),
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
    box = [float(v) for v in violation.sighting.place]
    sure = shop_confidence(violation.facts)
    here = Here(device.id, DeviceKind(device.kind), box, ground, violation.shop, sure)
    roots = {r.id: r for c in found if stands_at(c, here) for r in [root(session, c)]}
    return sorted(roots.values(), key=lambda c: c.id)


def _ground(candidate: Candidate) -> GroundPlace | None:
    if candidate.latitude is None or candidate.longitude is None or candidate.place_error_m is None:
        return None
    return GroundPlace(candidate.latitude, candidate.longitude, candidate.place_error_m)


@dataclass(frozen=True, slots=True)
class Here:
    """A place as one device sees it. box: (4,) 0-1 on its picture. ground, shop: where they are known.
    sure: of the shop, 0-1."""

    device_id: int
    kind: DeviceKind
    box: Sequence[float]
    ground: GroundPlace | None
    shop: str | None
    sure: float = 1.0


def stands_at(candidate: Candidate, here: Here) -> bool:
    """One fixed camera: one place in its picture. Else: one shop, or one place on the ground. ``shop`` is loaded."""
    if candidate.device_id == here.device_id and here.kind == DeviceKind.FIXED:
        boxes = np.asarray([candidate.image_place, here.box], np.float64)
        return bool(iou(boxes[:1], boxes[1:])[0, 0] >= SAME_BOX_IOU)
    code = candidate.shop.code if candidate.shop is not None else None
    shop = same_shop(code, shop_confidence(candidate.facts), here.shop, here.sure)
    if shop is not None:
        return shop
    place = _ground(candidate)
    return place is not None and here.ground is not None and same_ground(place, here.ground)


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


def by_number(session: Session, person: Person, number: str) -> Candidate:
    """The candidate of a number, as a list shows it. Raises NotFound, outside the squad too."""
    query = select(Candidate).where(Candidate.number == number).options(*BRIEF)
    row: Candidate | None = session.scalar(in_scope(query, person))
    if row is None:
        raise not_found("candidate of number", "编号对应的疑似", number)
    return row


def devices_that_saw(session: Session, candidates: Sequence[Candidate]) -> dict[int, set[int]]:
    """Candidate id -> the devices of its sightings and of those of what was merged into it. One query for each
    depth of merging, however many candidates."""
    whole = {one.id: one.id for one in candidates}
    level = list(whole)
    while level:
        children = select(Candidate.id, Candidate.merged_into).where(Candidate.merged_into.in_(level))
        found = session.execute(children).all()
        whole |= {child: whole[parent] for child, parent in found if parent is not None}
        level = [child for child, _ in found]
    seen: dict[int, set[int]] = {one.id: set() for one in candidates}
    pairs = select(CandidateSighting.candidate_id, CandidateSighting.device_id)
    for candidate_id, device_id in session.execute(
        pairs.where(CandidateSighting.candidate_id.in_(whole)).distinct()
    ):
        seen[whole[candidate_id]].add(device_id)
    return seen


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of candidates is narrowed to; codes as people know them. since, until: first seen, half-open.

    algorithm: a model id, a name of the registry (its newest version), or name@version.
    """

    squad: str | None = None
    street: str | None = None
    type: str | None = None
    state: str | None = None
    device: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    algorithm: str | None = None


def named_parts(want: Filter) -> dict[str, Any]:
    """Column -> value, of what a filter names."""
    found: dict[str, Any] = {}
    tables: tuple[tuple[str, Any, str | None], ...] = (
        ("device_id", Device, want.device),
        ("street_id", Street, want.street),
        ("squad_id", Squad, want.squad),
    )
    for column, table, code in tables:
        if code:
            found[column] = select(table.id).where(table.code == code).scalar_subquery()
    if want.algorithm:
        named = or_(
            Algorithm.name == want.algorithm, Algorithm.name + "@" + Algorithm.version == want.algorithm
        )
        model = select(Algorithm.model_id).where(named).order_by(Algorithm.id.desc()).limit(1)
        found["model_id"] = func.coalesce(model.scalar_subquery(), want.algorithm)
    if want.type:
        found["type"] = want.type
    return found


def narrowed(query: Select[Any], want: Filter) -> Select[Any]:
    """The query, narrowed."""
    for column, value in named_parts(want).items():
        query = query.where(getattr(Candidate, column) == value)
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


def merge_choices(session: Session, person: Person, about: Candidate) -> list[Candidate]:
    """Others that a candidate may go on in: of its type, by its camera or within 40 m, within 30 days; nearest in
    time first, at most ``MOST_CHOICES``. Wider than ``stands_at``, which people ask for where it did not join."""
    place = Candidate.device_id == about.device_id
    if about.latitude is not None and about.longitude is not None:
        place |= and_(
            Candidate.latitude.between(about.latitude - _NEAR_DEGREES, about.latitude + _NEAR_DEGREES),
            Candidate.longitude.between(about.longitude - _NEAR_DEGREES, about.longitude + _NEAR_DEGREES),
        )
    span = timedelta(days=30)
    query = in_scope(select(Candidate), person).where(
        Candidate.id != about.id,
        Candidate.type == about.type,
        Candidate.warning == about.warning,
        Candidate.state.in_(act("merge").into),
    )

    def half(later: bool) -> list[Candidate]:
        """The nearest on one side of it in time."""
        at = Candidate.first_at
        side = query.where(place, at >= about.first_at if later else at < about.first_at)
        side = side.where(at.between(about.first_at - span, about.first_at + span)).options(*BRIEF)
        return list(session.scalars(side.order_by(at if later else at.desc()).limit(MOST_CHOICES)))

    both = [*half(later=True), *half(later=False)]
    return sorted(both, key=lambda c: (abs(c.first_at - about.first_at), c.id))[:MOST_CHOICES]


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
            Candidate.state.not_in(UNCOUNTED),
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


def count_by_device(session: Session, devices: Collection[int], since: datetime) -> dict[int, int]:
    """Candidates of these devices, first seen from a moment on."""
    rows = session.execute(
        select(Candidate.device_id, func.count())
        .where(Candidate.first_at >= since, Candidate.device_id.in_(devices))
        .group_by(Candidate.device_id)
    )
    return dict(rows.all())


def all_candidates(session: Session) -> list[Candidate]:
    """Every candidate, oldest first: for small districts and tests."""
    return list(session.scalars(select(Candidate).order_by(Candidate.id)))
