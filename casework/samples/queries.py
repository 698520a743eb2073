"""Reading samples, and the estimate of misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from casework.algorithms.wilson import Share, share
from casework.devices.tables import Device
from casework.errors import not_found
from casework.people.service import Person
from casework.samples.tables import LookSample, SampleDraw, SampleLabel
from casework.words import words


def _waiting(person: Person, model_id: str | None) -> Select[Any]:
    labelled = select(SampleLabel.sample_id).where(SampleLabel.sample_id == LookSample.id)
    query = select(LookSample).join(LookSample.device).where(~labelled.exists())
    if model_id is not None:
        query = query.where(LookSample.model_id == model_id)
    return query if person.squad_id is None else query.where(Device.squad_id == person.squad_id)


def next_free(session: Session, person: Person, model_id: str | None, now: datetime) -> LookSample | None:
    """The next in the random order that nobody else holds, with its device; the person's own first. Locked."""
    query = _waiting(person, model_id).options(joinedload(LookSample.device))
    query = query.order_by(LookSample.turn, LookSample.id).limit(1)
    query = query.with_for_update(skip_locked=True, of=LookSample)
    mine = and_(LookSample.lease_by == person.id, LookSample.lease_until >= now)
    free = or_(LookSample.lease_until.is_(None), LookSample.lease_until < now)
    found: LookSample | None = session.scalar(query.where(mine)) or session.scalar(query.where(free))
    return found


def waiting_count(session: Session, person: Person, model_id: str | None = None) -> int:
    """How many wait for a label."""
    return session.scalar(select(func.count()).select_from(_waiting(person, model_id).subquery())) or 0


def sample(session: Session, person: Person, sample_id: int, *, lock: bool = False) -> LookSample:
    """One sample with its device. Raises NotFound, outside the squad too."""
    query = select(LookSample).join(LookSample.device).where(LookSample.id == sample_id)
    if person.squad_id is not None:
        query = query.where(Device.squad_id == person.squad_id)
    if lock:
        query = query.with_for_update(of=LookSample)
    row = session.scalar(query.options(joinedload(LookSample.device)))
    if row is None:
        raise not_found("sample", "抽检", sample_id)
    return row


@dataclass(frozen=True, slots=True)
class Stratum:
    """One camera. looks: without a candidate; labelled: samples with a label; missed: of these with a missed thing."""

    device: str
    looks: int
    labelled: int
    missed: int


@dataclass(frozen=True, slots=True)
class Misses:
    """Of a type (none: any). per_1000: looks with a missed thing, per 1,000 looks without a candidate; 95 %."""

    type: str | None
    labelled: int
    missed: int
    per_1000: Share


@dataclass(frozen=True, slots=True)
class Estimate:
    """looks: of the cameras that have a label, which the estimate is about; unseen_looks: of the other cameras."""

    looks: int
    unseen_looks: int
    labelled: int
    types: list[Misses]
    devices: list[Stratum]


def estimate(session: Session, model_id: str | None = None) -> Estimate:
    """Estimate of misses, of one algorithm or of all, weighted by each camera's looks.

    What is counted is looks on which a person sees something missed, not events: a thing that stands for an hour
    is on many looks, and one that a person sees may not have stood long enough to break a rule.
    """
    looks_of = select(Device.code, func.sum(SampleDraw.looks)).join(Device, Device.id == SampleDraw.device_id)
    labels = (
        select(Device.code, SampleLabel.missed)
        .join(LookSample, LookSample.id == SampleLabel.sample_id)
        .join(Device, Device.id == LookSample.device_id)
    )
    if model_id is not None:
        looks_of = looks_of.where(SampleDraw.model_id == model_id)
        labels = labels.where(LookSample.model_id == model_id)
    looks = {code: int(n) for code, n in session.execute(looks_of.group_by(Device.code))}
    seen: dict[str, list[set[str]]] = {}
    for code, missed in session.execute(labels):
        seen.setdefault(code, []).append({thing["type"] for thing in missed})
    seen = {code: kinds for code, kinds in seen.items() if looks.get(code)}

    def strata(kind: str | None) -> list[Stratum]:
        return [
            Stratum(code, looks[code], len(kinds), sum(bool(k) if kind is None else kind in k for k in kinds))
            for code, kinds in sorted(seen.items())
        ]

    every = strata(None)
    return Estimate(
        sum(s.looks for s in every),
        sum(n for code, n in looks.items() if code not in seen),
        sum(s.labelled for s in every),
        [misses(kind, strata(kind)) for kind in (None, *(w.code for w in words("types")))],
        every,
    )


def misses(kind: str | None, strata: Sequence[Stratum]) -> Misses:
    """Share over strata, each weighted by its looks; Wilson's interval at Kish's effective sample size.

    Kish (1965, Survey Sampling): n_eff = (sum w)^2 / sum w^2 over the labelled samples, w = looks / labelled of
    their stratum. Every stratum has at least one label.
    """
    labelled, missed = sum(s.labelled for s in strata), sum(s.missed for s in strata)
    if not labelled:
        return Misses(kind, 0, 0, share(0, 0))
    whole = sum(s.looks for s in strata)
    value = sum(s.looks * s.missed / s.labelled for s in strata) / whole
    effective = whole**2 / sum(s.looks**2 / s.labelled for s in strata)
    return Misses(kind, labelled, missed, share(value * effective, effective))
