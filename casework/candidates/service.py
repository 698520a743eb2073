"""From a violation to a candidate: once per place and type, whoever sees it and however often it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates import alike, queries
from casework.candidates.joining import merge_by_pass
from casework.candidates.sums import sum_up
from casework.candidates.tables import Candidate, CandidateSighting
from casework.counters import lock_counter, next_number
from casework.db import utcnow
from casework.devices.service import missing_approvals
from casework.devices.tables import Device
from casework.evidence.service import Packed, seal, sealed
from casework.places import queries as places
from detector.scene.model import DeviceKind, Violation
from detector.scene.places import Colours

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEVICE_TIMES = frozenset({"device", "interpolated"})


@dataclass(frozen=True, slots=True)
class Witness:
    """Who saw it, with what. legal_mode: 'evidence' or 'clue', the district's legal basis (DOMAIN section 3).

    rule: the numbers of the rule that was applied, kept with the candidate. rule_set: its set's version; warning:
    of a warning phase. colours: of the thing, see ``jiexun.pipeline.colours``.
    """

    footage_id: int
    device_id: int
    model_id: str
    time_source: str
    legal_mode: str
    rule: dict[str, Any]
    rule_set: int | None = None
    warning: bool = False
    colours: Colours | None = None


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
    found = queries.standing_at(
        session, violation, device, witness.footage_id, warning=witness.warning, colours=witness.colours
    )
    candidate = merge_by_pass(session, violation, found) if found else None
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
            looks=violation.looks,
        )
    )
    session.flush()
    sum_up(session, candidate)
    if not new:
        _strengthen(session, candidate, violation, witness, device)
    _tell_passes(session, candidate, violation, device)
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
    sighting.last_at, sighting.looks = violation.end, violation.looks
    sighting.observed_s, sighting.inferred_s, sighting.ended = seen.observed_s, seen.inferred_s, ended
    candidate = session.get_one(Candidate, sighting.candidate_id)
    session.flush()
    sum_up(session, candidate)
    whole = queries.root(session, candidate)
    if gone and violation.end >= whole.last_at:
        for one in queries.family(session, whole):
            one.standing = False
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
            "label": sighting.label,
            "colours": list(witness.colours) if witness.colours else None,
        },
        rule_set=witness.rule_set,
        warning=witness.warning,
        made_at=utcnow(),
    )
    alike.settle(session, candidate, fixed=device.kind == DeviceKind.FIXED)
    session.add(candidate)
    session.flush()
    candidate.group_id = candidate.group_id or candidate.id
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

    A pass of a device whose approvals did not hold that day proves nothing, so it is not one of the two; nor is
    one that another version of the rule judged.
    """
    spacing = timedelta(seconds=candidate.facts["rule"]["pass_spacing_s"])
    versions = candidate.facts.get("rule_versions", {})
    return any(
        not missing_approvals(queries.device_with_approvals(session, row.device_id), row.first_at)
        for row in _sightings(session, candidate)
        if abs(row.first_at - violation.start) >= spacing
        and versions.get(row.key, candidate.rule_version) == violation.rule_version
    )


def _tell_passes(session: Session, candidate: Candidate, violation: Violation, device: Device) -> None:
    """What proves it, in the facts: proven_by ``dwell`` (a fixed camera), ``two_passes`` or ``one_pass``.

    passes: vehicle passes so far; passes_apart_s: seconds between the first and the last of them.
    """
    facts = dict(candidate.facts)
    if violation.rule_version != candidate.rule_version:
        facts["rule_versions"] = {
            **facts.get("rule_versions", {}), violation.key: violation.rule_version
        }  # fmt: skip
    if violation.proven:
        facts["proven_by"] = "dwell"
    elif facts.get("proven_by") != "dwell":
        rows = _sightings(session, candidate)
        begun = [row.first_at for row in rows]
        facts["passes"] = len(rows)
        facts["passes_apart_s"] = round((max(begun) - min(begun)).total_seconds(), 1)
        if facts.get("proven_by") != "two_passes":
            approved = not missing_approvals(device, violation.start)
            apart = approved and _passes_apart(session, candidate, violation)
            facts["proven_by"] = "two_passes" if apart else "one_pass"
    candidate.facts = facts


def _sightings(session: Session, candidate: Candidate) -> list[CandidateSighting]:
    query = select(CandidateSighting).where(CandidateSighting.candidate_id == candidate.id)
    return list(session.scalars(query))
