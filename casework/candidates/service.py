"""From a violation to a candidate: once per place and type, whoever sees it and however often it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates import queries
from casework.candidates.tables import Candidate, CandidateSighting
from casework.counters import lock_counter, next_number
from casework.db import utcnow
from casework.devices.service import missing_approvals
from casework.devices.tables import Device
from casework.evidence.service import Packed, seal, sealed
from casework.places import queries as places
from detector.scene.model import Violation

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEVICE_TIMES = frozenset({"device", "interpolated"})


@dataclass(frozen=True, slots=True)
class Witness:
    """Who saw it, with what. legal_mode: 'evidence' or 'clue', the district's legal basis (DOMAIN section 3).

    rule: the numbers of the rule that was applied, kept with the candidate.
    """

    footage_id: int
    device_id: int
    model_id: str
    time_source: str
    legal_mode: str
    rule: dict[str, Any]


def raise_candidate(
    session: Session, violation: Violation, witness: Witness, packed: Packed
) -> tuple[Candidate, bool]:
    """A violation becomes a candidate, or joins the open one at its place. Returns (candidate, whether it is new).

    The same violation handed in again (its key is known) changes nothing. All raising is done one after the
    other (a counter row is locked), so that two cameras that see one thing cannot make two candidates.
    """
    lock_counter(session, "raising")
    known = queries.sighting_by_key(session, violation.key)
    if known is not None:
        return session.get_one(Candidate, known.candidate_id), False
    device = queries.device_with_approvals(session, witness.device_id)
    candidate = queries.standing_at(session, violation, device, witness.footage_id)
    new = candidate is None
    if candidate is None:
        candidate = _new(session, violation, witness, device)
    sighting = violation.sighting
    session.add(
        CandidateSighting(
            key=violation.key,
            candidate_id=candidate.id,
            footage_id=witness.footage_id,
            device_id=device.id,
            first_at=violation.start,
            last_at=violation.end,
            observed_s=sighting.observed_s,
            inferred_s=sighting.inferred_s,
            looks=len(sighting.times),
        )
    )
    session.flush()
    _sum_up(session, candidate)
    if not new:
        _strengthen(session, candidate, violation, witness, device)
    seal(session, candidate.id, packed)
    record(
        session,
        f"device:{device.code}",
        "candidate_raised" if new else "candidate_joined",
        f"candidate:{candidate.id}",
        {"key": violation.key, "manifest": packed.manifest_sha256},
    )
    return candidate, new


def update_sighting(
    session: Session, violation: Violation, *, gone: bool, ended: bool, packed: Packed | None = None
) -> None:
    """A raised violation went on or ended. gone: it was observed to be away. Handing it in again changes nothing."""
    sighting = queries.sighting_by_key(session, violation.key)
    if sighting is None or sighting.ended or violation.end < sighting.last_at:
        return
    seen = violation.sighting
    sighting.last_at, sighting.looks = violation.end, len(seen.times)
    sighting.observed_s, sighting.inferred_s, sighting.ended = seen.observed_s, seen.inferred_s, ended
    candidate = session.get_one(Candidate, sighting.candidate_id)
    session.flush()
    _sum_up(session, candidate)
    if gone and violation.end >= candidate.last_at:
        candidate.standing = False
    if packed is not None and not sealed(session, packed.key):
        row = seal(session, candidate.id, packed)
        record(
            session,
            "system",
            "evidence_added",
            f"candidate:{candidate.id}",
            {"key": row.key, "manifest": packed.manifest_sha256},
        )


def _new(session: Session, violation: Violation, witness: Witness, device: Device) -> Candidate:
    sighting, ground = violation.sighting, violation.sighting.ground
    latitude = ground.latitude if ground else device.latitude
    longitude = ground.longitude if ground else device.longitude
    shop = places.shop_by_code(session, violation.shop)
    squad_id, street_id = device.squad_id, device.street_id
    if latitude is not None and longitude is not None:
        here = places.belongs(session, latitude, longitude)
        squad_id, street_id = here.squad_id or squad_id, here.street_id or street_id
    # Asked of the ground as well: a fixed camera's rules know only the places drawn on its picture.
    permitted = (
        places.permitted_at(session, ground.latitude, ground.longitude, violation.start) if ground else None
    )
    doubts = doubts_of(violation, witness, missing_approvals(device, violation.start))
    day = violation.start.astimezone(SHANGHAI).strftime("%Y%m%d")
    candidate = Candidate(
        number=f"YS-{day}-{next_number(session, f'candidate:{day}'):04d}",
        type=violation.type,
        state="open",
        proof="clue" if doubts else "evidence",
        squad_id=squad_id,
        street_id=street_id,
        shop_id=shop.id if shop else None,
        device_id=device.id,
        latitude=latitude,
        longitude=longitude,
        place_error_m=ground.error_m if ground else None,
        image_place=[float(v) for v in sighting.place],
        first_at=violation.start,
        last_at=violation.end,
        observed_s=sighting.observed_s,
        inferred_s=sighting.inferred_s,
        confidence=float(sighting.confidence.mean()),
        standing=True,
        rule=violation.rule,
        rule_version=violation.rule_version,
        model_id=witness.model_id,
        facts={
            **violation.facts,
            "rule": witness.rule,
            "permitted_place": permitted,
            "place_known": ground is not None,
            "clue_because": doubts,
            "time_source": witness.time_source,
            "proven": violation.proven,
            "zones": [list(z) for z in violation.zones],
        },
        made_at=utcnow(),
    )
    session.add(candidate)
    session.flush()
    return candidate


def doubts_of(violation: Violation, witness: Witness, missing: list[str]) -> list[str]:
    """Why a record is a clue and not evidence; empty when it is evidence."""
    doubts = [f"approval:{kind}" for kind in missing]
    if not violation.proven:
        doubts.append("one_pass")
    if witness.time_source not in DEVICE_TIMES:
        doubts.append(f"clock:{witness.time_source}")
    if witness.legal_mode != "evidence":
        doubts.append("district")
    return doubts


def _strengthen(
    session: Session, candidate: Candidate, violation: Violation, witness: Witness, device: Device
) -> None:
    """A clue that an approved record proves later becomes evidence, as long as nobody has decided on it."""
    if candidate.proof == "evidence" or candidate.state != "open":
        return
    doubts = doubts_of(violation, witness, missing_approvals(device, violation.start))
    if "one_pass" in doubts and _passes_apart(session, candidate, violation):
        doubts.remove("one_pass")
    if not doubts:
        candidate.proof = "evidence"
        candidate.facts = {**candidate.facts, "clue_because": []}


def _passes_apart(session: Session, candidate: Candidate, violation: Violation) -> bool:
    """Whether another pass lies far enough from this one (DOMAIN section 5: two passes, 10 min apart).

    A pass of a device whose approvals did not hold that day proves nothing, so it is not one of the two.
    """
    spacing = timedelta(seconds=candidate.facts["rule"]["pass_spacing_s"])
    rows = session.scalars(select(CandidateSighting).where(CandidateSighting.candidate_id == candidate.id))
    return any(
        not missing_approvals(queries.device_with_approvals(session, row.device_id), row.first_at)
        for row in rows.all()
        if abs(row.first_at - violation.start) >= spacing
    )


def _sum_up(session: Session, candidate: Candidate) -> None:
    """Span over all sightings; observed and inferred of the device that saw most, so that nothing counts twice."""
    rows = list(
        session.scalars(select(CandidateSighting).where(CandidateSighting.candidate_id == candidate.id))
    )
    candidate.first_at = min(r.first_at for r in rows)
    candidate.last_at = max(r.last_at for r in rows)
    by_device: dict[int, tuple[float, float]] = {}
    for row in rows:
        seen = by_device.get(row.device_id, (0.0, 0.0))
        by_device[row.device_id] = (seen[0] + row.observed_s, seen[1] + row.inferred_s)
    candidate.observed_s, candidate.inferred_s = max(by_device.values())
    session.flush()
