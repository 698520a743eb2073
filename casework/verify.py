"""Checking everything that was sealed: files, manifests, chains, decisions, states. Names what is wrong.

Each finding is one line that begins with what it is about. Nothing is repaired.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from casework.algorithms.tables import Algorithm
from casework.audit import queries as audit
from casework.audit.tables import AuditEvent
from casework.candidates.queries import sightings_of
from casework.candidates.tables import Candidate, CandidateEvent, CandidateSighting
from casework.cases import queries as cases
from casework.cases.tables import Case
from casework.chain import breaks
from casework.db import canonical
from casework.evidence import queries as evidence
from casework.evidence.sealed import listed
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.review import queries as review
from casework.review.tables import Decision
from casework.review.transitions import transition
from casework.storage import BlobStore


@dataclass(slots=True)
class Report:
    """checked: files, manifests, chain entries, decisions and cases that were looked at. bad: one line each."""

    checked: int = 0
    bad: list[str] = field(default_factory=list)


def verify(session: Session, store: BlobStore) -> Report:
    """Check all of it. Reads every evidence file once."""
    report = Report()
    for part in (_files, _manifests, _columns, _chains, _decisions, _events, _states):
        for finding in part(session, store, report):
            report.bad.append(finding)
    return report


def _files(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    measured: dict[str, str | None] = {}
    for item, _seal in evidence.all_items(session):
        report.checked += 1
        if item.sha256 not in measured:
            measured[item.sha256] = store.measure(item.sha256)
        name = f"evidence {item.kind} {item.role} of candidate {item.candidate_id} ({item.sha256[:12]})"
        if measured[item.sha256] is None:
            yield f"{name}: the file is missing"
        elif measured[item.sha256] != item.sha256:
            yield f"{name}: the file was changed"


def _manifests(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    rows: dict[int, list[EvidenceItem]] = {}
    for item, seal in evidence.all_items(session):
        rows.setdefault(seal.seq, []).append(item)
    for seal in session.scalars(select(EvidenceSeal).order_by(EvidenceSeal.seq)):
        report.checked += 1
        name = f"manifest of seal #{seal.seq}, candidate {seal.candidate_id} ({seal.manifest_sha256[:12]})"
        found = store.measure(seal.manifest_sha256)
        if found is None:
            yield f"{name}: the file is missing"
        elif found != seal.manifest_sha256:
            yield f"{name}: the file was changed"
        else:
            manifest = json.loads(store.get(seal.manifest_sha256))
            items = rows.get(seal.seq, [])
            if (
                manifest["key"] != seal.key
                or manifest["files"] != [listed(i) for i in items]
                or any(i.candidate_id != seal.candidate_id for i in items)
            ):
                yield f"{name}: the records in the database do not fit it"


def _columns(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    """What the candidates' own rows say, against the sealed statements of the sightings that they are made of."""
    said: dict[str, dict[str, Any]] = {}
    for seal in session.scalars(select(EvidenceSeal).where(EvidenceSeal.key.like("%:birth"))):
        if store.measure(seal.manifest_sha256) == seal.manifest_sha256:
            said[seal.key.removesuffix(":birth")] = json.loads(store.get(seal.manifest_sha256))
    retyped = {
        d.candidate_id: d.to_type
        for d in review.all_decisions(session)
        # What one of two people said changes nothing before they agree.
        if d.to_type is not None and d.to_state not in ("second", "disputed")
    }
    query = select(Candidate).options(joinedload(Candidate.device), joinedload(Candidate.shop))
    for candidate in session.scalars(query.order_by(Candidate.id)).all():
        rows = sightings_of(session, candidate)
        for differing in _differences(candidate, rows, said, retyped.get(candidate.id)):
            yield f"candidate {candidate.id}: {differing}"


def _differences(
    candidate: Candidate, rows: list[CandidateSighting], said: dict[str, dict[str, Any]], retyped: str | None
) -> Iterator[str]:
    """Where a candidate's row differs from its sightings and from what was sealed with the one that made it.

    retyped: the type that a person gave it.
    """
    if rows and (candidate.first_at, candidate.last_at) != (
        min(r.first_at for r in rows),
        max(r.last_at for r in rows),
    ):
        yield "its span is not that of its sightings"
    own = [row for row in rows if row.candidate_id == candidate.id]
    for row in own:
        sealed = said.get(row.key, {}).get("violation")
        if sealed is not None and (
            datetime.fromisoformat(sealed["start"]) != row.first_at
            or datetime.fromisoformat(sealed["end"]) > row.last_at
        ):
            yield f"the times of sighting {row.id} are not the sealed ones"
    made_it = min(own, key=lambda r: r.id, default=None)
    manifest = said.get(made_it.key) if made_it is not None and made_it.moved_from is None else None
    if manifest is None or "violation" not in manifest:
        return
    violation, ground = manifest["violation"], manifest["violation"]["ground"] or {}
    device = manifest["device"]
    expected = {
        "type": retyped or violation["type"],
        "rule": manifest["rule"]["code"],
        "rule_version": manifest["rule"]["version"],
        "latitude": ground.get("latitude", device["latitude"]),
        "longitude": ground.get("longitude", device["longitude"]),
        "place_error_m": ground.get("error_m"),
    }
    if "rule_set" in manifest:
        expected["rule_set"] = manifest["rule_set"]["version"]
    for name, value in expected.items():
        if getattr(candidate, name) != value:
            yield f"{name} is {getattr(candidate, name)!r}, its manifest says {value!r}"
    if candidate.device.code != device["code"]:
        yield f"device is {candidate.device.code!r}, its manifest says {device['code']!r}"
    if candidate.shop is not None and candidate.shop.code != violation["shop"]:
        yield f"shop is {candidate.shop.code!r}, its manifest says {violation['shop']!r}"


def _chains(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    for name, entries in (("evidence", evidence.chain_entries), ("audit", audit.chain_entries)):
        yield from breaks(session, name, _counted(entries(session), report))
    for case_id in session.scalars(select(Case.id).order_by(Case.id)):
        yield from breaks(session, f"case:{case_id}", _counted(cases.chain_entries(session, case_id), report))


def _counted(
    entries: Iterator[tuple[int, str, str, object]], report: Report
) -> Iterator[tuple[int, str, str, object]]:
    for entry in entries:
        report.checked += 1
        yield entry


def _decisions(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    logged = {
        event.detail["id"]: event.detail
        for event in session.scalars(select(AuditEvent).where(AuditEvent.action == "decision"))
        if "id" in event.detail
    }
    for decision in review.all_decisions(session):
        report.checked += 1
        detail = logged.pop(decision.id, None)
        name = f"decision {decision.id} on candidate {decision.candidate_id}"
        if detail is None:
            yield f"{name}: the audit log does not know it"
        elif canonical(detail) != canonical(decision.content()):
            yield f"{name}: was changed, the audit log says otherwise"
    for missing, detail in logged.items():
        yield f"decision {missing} on candidate {detail.get('candidate')}: is missing, the audit log knows it"


def _events(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    """Merges, splits and withdrawals against the audit log, and merges against where the rows say they went."""
    logged = {
        event.detail["id"]: event.detail
        for event in session.scalars(select(AuditEvent).where(AuditEvent.action.like("candidate_%")))
        if "act" in event.detail
    }
    into: dict[int, int | None] = {}
    for event in session.scalars(select(CandidateEvent).order_by(CandidateEvent.id)):
        report.checked += 1
        if canonical(logged.pop(event.id, None)) != canonical(event.content()):
            yield f"event {event.id} on candidate {event.candidate_id}: the audit log says otherwise"
        if event.act in ("merge", "unmerge"):
            into[event.candidate_id] = event.other_id if event.act == "merge" else None
    for missing, detail in logged.items():
        yield f"event {missing} on candidate {detail['candidate']}: is missing, the audit log knows it"
    for candidate in session.scalars(select(Candidate).order_by(Candidate.id)):
        if candidate.merged_into != into.get(candidate.id):
            yield f"candidate {candidate.id}: is merged into {candidate.merged_into}, its events say otherwise"


def _states(session: Session, store: BlobStore, report: Report) -> Iterator[str]:
    last: dict[int, Decision] = {}
    moved: dict[int, CandidateEvent] = {}
    for decision in review.all_decisions(session):
        last[decision.candidate_id] = decision
    for happened in session.scalars(select(CandidateEvent).order_by(CandidateEvent.id)):
        if happened.act != "split":  # it stays in its state
            moved[happened.candidate_id] = happened
    have_case = set(session.scalars(select(Case.candidate_id)))
    for candidate in session.scalars(select(Candidate).order_by(Candidate.id)):
        report.checked += 1
        decided = last.get(candidate.id)
        # Which state a decision led to is kept with it; before that was so, the table alone said it.
        step = transition(decided.stage, decided.verdict) if decided else None
        state = (decided.to_state if decided else None) or (step.to if step else "open")
        after = moved.get(candidate.id)
        if after is not None and (decided is None or after.at > decided.decided_at):
            state = after.to_state
        reason = decided.reason if decided and state == "rejected" else None
        if candidate.state != state:
            yield f"candidate {candidate.id}: is '{candidate.state}', its decisions say '{state}'"
        if candidate.reason != reason:
            yield f"candidate {candidate.id}: reason is {candidate.reason!r}, its decisions say {reason!r}"
        if (state == "filed") != (candidate.id in have_case):
            yield f"candidate {candidate.id}: its decisions say '{state}', but its case is " + (
                "missing" if state == "filed" else "there"
            )
    for row in session.scalars(
        select(Algorithm).options(selectinload(Algorithm.events)).order_by(Algorithm.id)
    ):
        report.checked += 1
        if not row.events or row.events[-1].to_state != row.state:
            yield f"algorithm {row.name} {row.version}: is '{row.state}', its events say otherwise"
    for case in session.scalars(select(Case).options(selectinload(Case.events)).order_by(Case.id)):
        report.checked += 1
        if not case.events or case.events[-1].to_state != case.state:
            yield f"case {case.id}: is '{case.state}', its events say otherwise"
        given: dict[str, object] = {}
        for event in case.events:
            given.update(event.data)
        for name in ("party", "fine_yuan", "procedure"):
            if getattr(case, name) != given.get(name):
                yield f"case {case.id}: {name} is {getattr(case, name)!r}, its events say {given.get(name)!r}"
