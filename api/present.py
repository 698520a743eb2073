"""Rows as the wire shows them."""

from __future__ import annotations

from typing import Any

from api.schemas import candidates as c
from api.schemas import cases as k
from api.schemas.base import Named
from api.schemas.places import ConditionOut, FootageOut
from casework.algorithms.queries import algorithms_by_model
from casework.algorithms.tables import Algorithm
from casework.candidates.acts import acts_from
from casework.candidates.queries import events_on, family, history_at, sightings_of
from casework.candidates.tables import Candidate
from casework.cases.queries import cases_of
from casework.cases.tables import Case
from casework.cases.transitions import next_steps
from casework.db import Session
from casework.devices.pictures import Shown
from casework.devices.tables import CameraCondition, Device
from casework.evidence.queries import best_pictures, items_of, seals_of
from casework.evidence.tables import EvidenceItem
from casework.footage.tables import Footage
from casework.people.service import Person
from casework.review.checks import checks_of
from casework.review.queries import decisions_on
from casework.review.tables import Decision
from casework.words import word


def named(row: Any) -> Named | None:
    """A squad, street or shop."""
    return Named(code=row.code, name=row.name, name_en=row.name_en) if row is not None else None


def device_brief(device: Device) -> c.DeviceBrief:
    """A device, in short."""
    return c.DeviceBrief(code=device.code, name=device.name, name_en=device.name_en, kind=device.kind)


def evidence_url(item_id: int) -> str:
    """Where a picture or clip is served."""
    return f"/api/evidence/{item_id}"


def picture_url(code: str, shown: Shown) -> str:
    """Where a device's picture is served; another address when it is another picture."""
    return f"/api/devices/{code}/picture?key={shown.key}"


def condition(code: str, row: CameraCondition) -> ConditionOut:
    """What is or was wrong with a camera's picture."""
    return ConditionOut(
        id=row.id,
        kind=row.kind,
        measure=row.measure,
        value=row.value,
        limit=row.limit_value,
        picture=f"/api/devices/{code}/conditions/{row.id}/picture",
        since=row.since,
        until=row.until,
        ended_by=row.ended_by,
    )


def candidate_briefs(session: Session, rows: list[Candidate]) -> list[c.CandidateBrief]:
    """A page of candidates: two more queries, however many rows."""
    ids = [row.id for row in rows]
    pictures, cases = best_pictures(session, ids), cases_of(session, ids)
    return [c.CandidateBrief(**_brief(row, pictures.get(row.id), cases.get(row.id))) for row in rows]


def _brief(row: Candidate, picture: int | None, case: tuple[int, str] | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "type": row.type,
        "state": row.state,
        "proof": row.proof,
        "squad": named(row.squad),
        "street": named(row.street),
        "shop": named(row.shop),
        "device": device_brief(row.device),
        "first_at": row.first_at,
        "last_at": row.last_at,
        "observed_s": row.observed_s,
        "inferred_s": row.inferred_s,
        "confidence": row.confidence,
        "standing": row.standing,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "picture": evidence_url(picture) if picture else None,
        "reason": row.reason,
        "case_id": case[0] if case else None,
        "case_number": case[1] if case else None,
        "warning": row.warning,
    }


def candidate(session: Session, row: Candidate) -> c.Candidate:
    """All of one candidate; loaded by ``casework.candidates.queries.candidate``."""
    items = items_of(session, row.id)
    pictures = [picture(i) for i in items if i.kind == "picture"]
    clips = [i for i in items if i.kind == "clip"]
    best = best_pictures(session, [row.id]).get(row.id)
    brief = _brief(row, best, cases_of(session, [row.id]).get(row.id))
    history = history_at(session, row)
    sightings = sightings_of(session, row)
    whole = session.get(Candidate, row.merged_into) if row.merged_into is not None else None
    return c.Candidate(
        **brief,
        pictures=pictures,
        clip=clip(clips) if clips else None,
        checks=[c.Check(code=x.code, ok=x.ok, values=x.values) for x in checks_of(row, len(sightings))],
        sightings=[
            c.SightingOut(
                device=s.device.code,
                first_at=s.first_at,
                last_at=s.last_at,
                observed_s=s.observed_s,
                inferred_s=s.inferred_s,
                looks=s.looks,
                id=s.id,
                candidate=s.candidate_id,
            )
            for s in sightings
        ],
        decisions=[decision(d) for d in decisions_on(session, row.id)],
        seals=[c.SealOut(**s) for s in _seals(session, row.id)],
        history=c.HistoryOut(
            candidates=sum(history.values()),
            confirmed=history.get("kept", 0) + history.get("filed", 0),
            cases=history.get("filed", 0),
        ),
        place_error_m=row.place_error_m,
        rule=row.rule,
        rule_version=row.rule_version,
        rule_set=row.rule_set,
        merged_into=_ref(whole) if whole is not None else None,
        merged=[_ref(one) for one in family(session, row)[1:]],
        events=[
            c.CandidateEventOut(
                act=e.act,
                at=e.at,
                by=e.by_name,
                reason=e.reason,
                candidate=e.candidate_id,
                other=e.other_id,
            )
            for e in events_on(session, row.id)
        ],
        acts=acts_from(row.state),
        model_id=row.model_id,
        algorithm=_algorithm(session, row.model_id),
    )


def _ref(row: Candidate) -> c.CandidateRef:
    return c.CandidateRef(id=row.id, number=row.number, state=row.state)


def _algorithm(session: Session, model_id: str) -> c.AlgorithmRef | None:
    row = algorithms_by_model(session, [model_id]).get(model_id)
    return algorithm_ref(row) if row else None


def algorithm_ref(row: Algorithm) -> c.AlgorithmRef:
    """A version of an algorithm, in short."""
    return c.AlgorithmRef(id=row.id, name=row.name, version=row.version, model_id=row.model_id)


def _seals(session: Session, candidate_id: int) -> list[dict[str, Any]]:
    return [
        {"seq": s.seq, "manifest_sha256": s.manifest_sha256, "hash": s.hash, "sealed_at": s.sealed_at}
        for s in seals_of(session, candidate_id)
    ]


def picture(item: EvidenceItem) -> c.PictureOut:
    """One sealed picture with what was seen on it."""
    meta = item.meta
    return c.PictureOut(
        id=item.id,
        role=item.role,
        captured_at=item.captured_at,
        time_source=meta["time_source"],
        device=meta["device"],
        width=meta["width"],
        height=meta["height"],
        url=evidence_url(item.id),
        sha256=item.sha256,
        boxes=[c.BoxOut(**b) for b in meta["boxes"]],
        zones=[c.ZoneOnPicture(**z) for z in meta["zones"]],
    )


def clip(items: list[EvidenceItem]) -> c.ClipOut:
    """The latest clip; a copy made for viewing where the original does not play in a browser."""
    last = items[-1]
    original = next((i for i in reversed(items) if i.role == "clip" and i.seal_seq == last.seal_seq), last)
    return c.ClipOut(
        url=evidence_url(last.id), start=last.captured_at, end=last.meta["end"], sha256=original.sha256
    )


def decision(row: Decision) -> c.DecisionOut:
    """A decision with its person's name."""
    return c.DecisionOut(
        id=row.id,
        stage=row.stage,
        verdict=row.verdict,
        reason=row.reason,
        note=row.note,
        by=row.account.display_name,
        decided_at=row.decided_at,
        seconds=row.seconds,
        boxes=corrected(row),
    )


def corrected(row: Decision) -> list[c.CorrectedPicture] | None:
    """The boxes that the person corrected."""
    return None if row.boxes is None else [c.CorrectedPicture(**entry) for entry in row.boxes]


def case_brief(row: Case) -> k.CaseBrief:
    """A row of the list of cases."""
    return k.CaseBrief(**_case(row))


def _case(row: Case) -> dict[str, Any]:
    about = row.candidate
    return {
        "id": row.id,
        "number": row.number,
        "type": row.type,
        "stage": word("case_states", row.state).stage,
        "state": row.state,
        "mode": row.mode,
        "squad": named(about.squad),
        "street": named(about.street),
        "party": row.party,
        "opened_at": row.opened_at,
        "seen_at": about.first_at,
        "fine_yuan": row.fine_yuan,
        "closed_at": row.closed_at,
    }


def case(session: Session, person: Person, row: Case) -> k.Case:
    """A case with its events and lawful next steps."""
    return k.Case(
        **_case(row),
        candidate=candidate_briefs(session, [row.candidate])[0],
        events=[
            k.CaseEventOut(
                seq=e.seq,
                at=e.at,
                by=e.by_name,
                from_state=e.from_state,
                to_state=e.to_state,
                reason=e.reason,
                values=e.data,
            )
            for e in row.events
        ],
        next=[
            k.NextStep(
                to=s.to,
                stage=word("case_states", s.to).stage or "",
                needs=list(s.needs),
                roles=sorted(s.roles),
                mine=person.role in s.roles,
            )
            for s in next_steps(row.state, row.mode)
        ],
    )


def footage(row: Footage, candidates: int, looks: int | None = None) -> FootageOut:
    """One piece of footage. looks: of a month, where a list counts only those."""
    return FootageOut(
        id=row.id,
        kind="live" if row.kind == "live" else "file",
        device=row.device.code,
        name=row.name,
        sha256=row.sha256,
        size=row.size,
        state=row.state,
        received_at=row.received_at,
        start=row.started_at,
        end=row.ended_at,
        time_source=row.time_source,
        frames=row.frames,
        looks=row.looks if looks is None else looks,
        detections=row.detections,
        candidates=candidates,
        notes=list(row.notes),
    )
