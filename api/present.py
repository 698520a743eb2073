"""Rows as the wire shows them."""

from __future__ import annotations

from typing import Any

from api.schemas import candidates as c
from api.schemas import cases as k
from api.schemas import review as r
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
from casework.review.groups import Group, waiting_in
from casework.review.masking import Seen, decisions_seen, seen_as, unnamed
from casework.review.tables import Decision
from casework.review.undo import Recent
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


def candidate_briefs(session: Session, person: Person, rows: list[Candidate]) -> list[c.CandidateBrief]:
    """A page of candidates as this person sees them: two more queries, two more for reviewers, however many rows."""
    ids = [row.id for row in rows]
    pictures, cases = best_pictures(session, ids), cases_of(session, ids)
    seen = seen_as(session, person, ids)
    return [
        c.CandidateBrief(**_brief(row, pictures.get(row.id), cases.get(row.id), seen.get(row.id)))
        for row in rows
    ]


def _brief(
    row: Candidate, picture: int | None, case: tuple[int, str] | None, seen: Seen | None
) -> dict[str, Any]:
    case = None if seen is not None else case  # to a reviewer it is not yet settled
    return {
        "id": row.id,
        "number": row.number,
        "type": row.type,
        "state": seen.state if seen is not None else row.state,
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
        "reason": seen.reason if seen is not None else row.reason,
        "case_id": case[0] if case else None,
        "case_number": case[1] if case else None,
        "warning": row.warning,
    }


def candidate(session: Session, person: Person, row: Candidate) -> c.Candidate:
    """All of one candidate as this person sees it; loaded by ``casework.candidates.queries.candidate``."""
    whole = session.get(Candidate, row.merged_into) if row.merged_into is not None else None
    masks = seen_as(session, person, [row.id, *([whole.id] if whole is not None else [])])
    seen = masks.get(row.id)
    planted = seen is not None and seen.planted
    items = [i for i in items_of(session, row.id) if not (planted and i.role == "after")]
    pictures = [picture(i) for i in items if i.kind == "picture"]
    clips = [i for i in items if i.kind == "clip"]
    best = [i.id for i in items if i.kind == "picture" and i.role != "after"]
    brief = _brief(row, best[-1] if best else None, cases_of(session, [row.id]).get(row.id), seen)
    history = history_at(session, row)
    joined = family(session, row)
    sightings = sightings_of(session, row, joined) if joined[1:] else row.sightings
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
        decisions=[
            decision(d, "" if unnamed(person, row, d) else None)
            for d in decisions_seen(session, person, row.id, seen)
        ],
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
        merged_into=_ref(whole, masks.get(whole.id)) if whole is not None else None,
        merged=[_ref(one, None) for one in joined[1:]],
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
        acts=acts_from(brief["state"]),
        model_id=row.model_id,
        algorithm=_algorithm(session, row.model_id),
        group_id=row.group_id,
        group_waiting=1 if planted else waiting_in(session, row),
        repeats=row.facts.get("repeats", 0),
    )


def _ref(row: Candidate, seen: Seen | None) -> c.CandidateRef:
    return c.CandidateRef(id=row.id, number=row.number, state=seen.state if seen is not None else row.state)


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


def decision(row: Decision, by: str | None = None) -> c.DecisionOut:
    """A decision with its person's name. by: where the account is not loaded."""
    return c.DecisionOut(
        id=row.id,
        stage=row.stage,
        verdict=row.verdict,
        reason=row.reason,
        note=row.note,
        by=row.account.display_name if by is None else by,
        decided_at=row.decided_at,
        seconds=row.seconds,
        shown=[c.Shown(**one) for one in row.shown],
        boxes=corrected(row),
        undoes=row.undoes,
        from_type=row.from_type,
        to_type=row.to_type,
    )


def recent_decision(one: Recent, brief: c.CandidateBrief, english: bool) -> r.RecentDecision:
    """One of a person's last decisions; why it cannot be taken back in the person's language."""
    row, why = one.decision, one.because
    return r.RecentDecision(
        id=row.id,
        candidate=brief,
        stage=row.stage,
        verdict=row.verdict,
        reason=row.reason,
        note=row.note,
        decided_at=row.decided_at,
        undoable=why is None,
        because=None if why is None else why.en if english else why.zh,
        batch=row.batch,
        count=one.count,
    )


def group(one: Group, picture: int | None) -> r.GroupBrief:
    """Alike candidates, in short."""
    return r.GroupBrief(
        id=one.id,
        type=one.newest.type,
        device=device_brief(one.newest.device),
        street=named(one.newest.street),
        shop=named(one.newest.shop),
        waiting=one.waiting,
        first_at=one.first_at,
        last_at=one.last_at,
        picture=evidence_url(picture) if picture else None,
    )


def first_and_latest(items: list[EvidenceItem]) -> list[c.PictureOut]:
    """Of a candidate's files the two pictures that a decision asks for; one where they are the same."""
    key = [item for item in items if item.kind == "picture" and item.role != "after"]
    return [picture(item) for item in ([key[0], key[-1]] if len(key) > 1 else key)]


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
        candidate=candidate_briefs(session, person, [row.candidate])[0],
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
