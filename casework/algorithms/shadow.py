"""What a shadow would have raised: written once at the end of a footage, compared with what was raised.

Both sides are counted as stays: one thing at one place in one footage, as the scene tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.algorithms.tables import ShadowFinding, ShadowRun
from casework.algorithms.wilson import Share, share
from casework.candidates.queries import Here, stands_at
from casework.candidates.tables import Candidate, CandidateSighting
from casework.db import utcnow
from casework.devices.tables import Device
from casework.errors import not_found
from casework.footage.tables import Footage
from detector.scene.model import DeviceKind, GroundPlace, Violation

CONFIRMED = frozenset({"kept", "filed"})
"""States of a candidate that people confirmed; ``rejected`` is the other decided one, the rest is undecided."""
SET_ASIDE = frozenset({"merged", "withdrawn"})
"""States in which it waits for nobody and says nothing of the algorithm: another candidate's part, or taken back."""


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture in the evidence store that shows a finding."""

    sha256: str
    media_type: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class ShadowLook:
    """What one shadow did over one footage. found: violations as they ended, each with its picture."""

    algorithm_id: int
    active_model_id: str
    looks: int
    detections: int
    found: Sequence[tuple[Violation, KeptPicture | None]]
    fault: str | None = None


def record_shadow(session: Session, footage: Footage, done: ShadowLook) -> None:
    """Keep it, in the transaction that finishes the footage: so it is written once, however often it was begun."""
    session.add(
        ShadowRun(
            footage_id=footage.id,
            algorithm_id=done.algorithm_id,
            device_id=footage.device_id,
            active_model_id=done.active_model_id,
            looks=done.looks,
            detections=done.detections,
            finished_at=utcnow(),
            fault=done.fault,
        )
    )
    for violation, picture in done.found:
        sighting, ground = violation.sighting, violation.sighting.ground
        session.add(
            ShadowFinding(
                key=violation.key,
                algorithm_id=done.algorithm_id,
                footage_id=footage.id,
                device_id=footage.device_id,
                type=violation.type,
                shop_code=violation.shop,
                latitude=ground.latitude if ground else None,
                longitude=ground.longitude if ground else None,
                place_error_m=ground.error_m if ground else None,
                image_place=[float(v) for v in sighting.place],
                first_at=violation.start,
                last_at=violation.end,
                looks=violation.looks,
                confidence=float(sighting.confidence.mean()),
                picture=picture.sha256 if picture else None,
                picture_type=picture.media_type if picture else None,
                picture_at=picture.captured_at if picture else None,
            )
        )
    session.flush()


@dataclass(slots=True)
class Comparison:
    """Of one type (none: all). Stays: would_raise = agreed + only_shadow; raised = agreed + only_active.

    Candidates: of the confirmed ones raised in the same footage, how many the shadow found as well (found); of
    the rejected ones, how many it would have raised too (repeated); undecided ones apart.
    """

    type: str | None
    would_raise: int = 0
    agreed: int = 0
    only_shadow: int = 0
    only_active: int = 0
    confirmed: int = 0
    confirmed_found: int = 0
    rejected: int = 0
    rejected_repeated: int = 0
    undecided: int = 0

    @property
    def found(self) -> Share:
        """Share of the confirmed that the shadow found, with its interval."""
        return share(self.confirmed_found, self.confirmed)

    @property
    def repeated(self) -> Share:
        """Share of the rejected that the shadow repeats."""
        return share(self.rejected_repeated, self.rejected)


@dataclass(frozen=True, slots=True)
class Compared:
    """All types, then each; what it rests on. only_shadow: findings that nobody raised, newest first."""

    footage: int
    looks: int
    faults: int
    devices: int
    since: datetime | None
    until: datetime | None
    total: Comparison
    by_type: list[Comparison] = field(default_factory=list)
    only_shadow: list[ShadowFinding] = field(default_factory=list)


def compare(session: Session, algorithm_id: int) -> Compared:
    """A version's shadow runs against what was raised from the same footage, and people's decisions on that."""
    runs = list(session.scalars(select(ShadowRun).where(ShadowRun.algorithm_id == algorithm_id)))
    ran = select(ShadowRun.footage_id).where(
        ShadowRun.algorithm_id == algorithm_id, ShadowRun.fault.is_(None)
    )
    findings = list(
        session.scalars(
            select(ShadowFinding)
            .where(ShadowFinding.algorithm_id == algorithm_id, ShadowFinding.footage_id.in_(ran))
            .order_by(ShadowFinding.id)
        )
    )
    rows = session.execute(
        select(CandidateSighting, Candidate)
        .join(Candidate, Candidate.id == CandidateSighting.candidate_id)
        .where(CandidateSighting.footage_id.in_(ran), Candidate.state.not_in(SET_ASIDE))
        .options(joinedload(Candidate.shop))
        .order_by(CandidateSighting.id)
    )
    raised = [(sighting, candidate) for sighting, candidate in rows]
    kinds: dict[int, str] = {}
    for device_id, kind in session.execute(select(Device.id, Device.kind)):
        kinds[device_id] = kind
    pairs = _pairs(findings, raised, kinds)
    types = sorted({f.type for f in findings} | {c.type for _, c in raised})
    alone = [f for f in findings if f.id not in pairs]
    return Compared(
        len(runs),
        sum(r.looks for r in runs),
        sum(r.fault is not None for r in runs),
        len({r.device_id for r in runs}),
        min((r.finished_at for r in runs), default=None),
        max((r.finished_at for r in runs), default=None),
        _counted(None, findings, raised, pairs),
        [
            _counted(t, [f for f in findings if f.type == t], [r for r in raised if r[1].type == t], pairs)
            for t in types
        ],
        alone[::-1],
    )


def finding(session: Session, finding_id: int) -> ShadowFinding:
    """One finding. Raises NotFound."""
    row = session.get(ShadowFinding, finding_id)
    if row is None:
        raise not_found("shadow finding", "影子发现", finding_id)
    return row


def _pairs(
    findings: Iterable[ShadowFinding],
    raised: Sequence[tuple[CandidateSighting, Candidate]],
    kinds: dict[int, str],
) -> dict[int, int]:
    """Finding -> sighting of the same footage, type and place whose times overlap; each is taken once."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    of_footage: dict[int, list[tuple[CandidateSighting, Candidate]]] = {}
    for row in raised:
        of_footage.setdefault(row[0].footage_id, []).append(row)
    for found in findings:
        ground = None
        if found.latitude is not None and found.longitude is not None and found.place_error_m is not None:
            ground = GroundPlace(found.latitude, found.longitude, found.place_error_m)
        kind = DeviceKind(kinds[found.device_id])
        here = Here(found.device_id, kind, found.image_place, ground, found.shop_code)
        for sighting, candidate in of_footage.get(found.footage_id, ()):
            if (
                sighting.id not in taken
                and candidate.type == found.type
                and sighting.first_at <= found.last_at
                and found.first_at <= sighting.last_at
                and stands_at(candidate, here)
            ):
                pairs[found.id] = sighting.id
                taken.add(sighting.id)
                break
    return pairs


def _counted(
    kind: str | None,
    findings: Sequence[ShadowFinding],
    raised: Sequence[tuple[CandidateSighting, Candidate]],
    pairs: dict[int, int],
) -> Comparison:
    matched = set(pairs.values())
    agreed = sum(f.id in pairs for f in findings)
    candidates = {candidate.id: candidate for _, candidate in raised}
    found = {candidate.id for sighting, candidate in raised if sighting.id in matched}
    confirmed = {i for i, c in candidates.items() if c.state in CONFIRMED}
    rejected = {i for i, c in candidates.items() if c.state == "rejected"}
    return Comparison(
        kind,
        would_raise=len(findings),
        agreed=agreed,
        only_shadow=len(findings) - agreed,
        only_active=len(raised) - agreed,
        confirmed=len(confirmed),
        confirmed_found=len(confirmed & found),
        rejected=len(rejected),
        rejected_repeated=len(rejected & found),
        undecided=len(candidates) - len(confirmed) - len(rejected),
    )
