"""The warehouse's rows as the wire shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from api.present import algorithm_ref, device_brief, evidence_url
from api.schemas import algorithms as a
from casework.algorithms import queries
from casework.algorithms.guards import Guard
from casework.algorithms.precision import PrecisionRow, precision
from casework.algorithms.shadow import Compared, Comparison, compare
from casework.algorithms.tables import Algorithm, AlgorithmEvaluation, Assignment, ShadowFinding
from casework.algorithms.transitions import steps
from casework.algorithms.wilson import Share, share
from casework.db import Session
from casework.devices.queries import codes_of
from casework.evidence.queries import best_pictures
from casework.hints.queries import Hint
from casework.hints.tables import HintDecision
from casework.people.service import Person
from casework.samples.queries import Estimate
from casework.samples.tables import LookSample

ACTS = ("shadow", "promote", "retire")
HEADLINE = ("ap50", "false_per_100_negatives", "false_per_100_negatives_ci", "pictures")
FINDINGS_SHOWN = 100
ZONE_CURES = frozenset({"ignore_zone", "fixture"})


def share_out(of: Share) -> a.ShareOut:
    """A share with its interval."""
    return a.ShareOut(**asdict(of))


def assignments(session: Session, rows: Iterable[Assignment]) -> list[a.AssignmentOut]:
    """Assignments; their algorithms are loaded. One more query."""
    listed = list(rows)
    before = queries.replaced_by(session, listed)
    return [_assignment(row, before.get(row.id)) for row in listed]


def _assignment(row: Assignment, before: Algorithm | None) -> a.AssignmentOut:
    return a.AssignmentOut(
        id=row.id,
        algorithm=algorithm_ref(row.algorithm),
        role=row.role,
        scope=row.scope,
        target=row.target,
        since=row.since,
        ended_at=row.ended_at,
        by=row.by_name,
        reason=row.reason,
        replaces=algorithm_ref(before) if before else None,
    )


def algorithm_briefs(session: Session, person: Person, rows: list[Algorithm]) -> list[a.AlgorithmBrief]:
    """The list: four more queries, however many rows."""
    held: dict[int, list[a.AssignmentOut]] = {}
    for one in assignments(session, queries.assignments(session)):
        held.setdefault(one.algorithm.id, []).append(one)
    totals = {r.model_id: r for r in precision(session, person) if r.by == "all"}
    newest = queries.newest_evaluations(session)
    return [
        _brief(person, row, held.get(row.id, []), totals.get(row.model_id), newest.get(row.id))
        for row in rows
    ]


def _brief(
    person: Person,
    row: Algorithm,
    held: list[a.AssignmentOut],
    total: PrecisionRow | None,
    measured: AlgorithmEvaluation | None,
) -> a.AlgorithmBrief:
    return a.AlgorithmBrief(
        **algorithm_ref(row).model_dump(),
        kind=row.kind,
        state=row.state,
        classes=row.classes,
        size=row.size,
        added_by=row.added_by_name,
        added_at=row.added_at,
        approved_by=row.approved_by_name,
        approved_at=row.approved_at,
        holds=held,
        precision=share_out(total.precision if total else share(0, 0)),
        undecided=total.undecided if total else 0,
        next=[s.act for s in steps() if s.act in ACTS and s.source == row.state and person.role in s.roles],
        headline=_headline(row, measured),
    )


def _headline(row: Algorithm, measured: AlgorithmEvaluation | None) -> a.HeadlineOut | None:
    """Of the newest evaluation, else of what the manifest says of the split that thresholds were chosen on."""
    of = measured.figures if measured else row.record.get("figures", {}).get("val")
    if of is None:
        return None
    split = measured.split if measured else "val"
    return a.HeadlineOut(
        dataset=measured.dataset if measured else None,
        split=split,
        figures={k: of[k] for k in HEADLINE if k in of},
    )


def algorithm(session: Session, person: Person, row: Algorithm) -> a.AlgorithmOut:
    """All of one version; its events are loaded."""
    own = assignments(session, queries.assignments(session, row.id, ended=True))
    evaluations = queries.evaluations(session, row.id)
    rows = precision(session, person, row.model_id)
    total = next((r for r in rows if r.by == "all"), None)
    held = [h for h in own if h.ended_at is None]
    brief = _brief(person, row, held, total, evaluations[0] if evaluations else None)
    return a.AlgorithmOut(
        **brief.model_dump(),
        sha256=row.sha256,
        file=row.file,
        thresholds=row.thresholds,
        record=row.record,
        events=[
            a.AlgorithmEventOut(
                at=e.at,
                by=e.by_name,
                act=e.act,
                from_state=e.from_state,
                to_state=e.to_state,
                reason=e.reason,
                data=e.data,
            )
            for e in row.events
        ],
        assignments=own,
        evaluations=[
            a.EvaluationOut(
                id=e.id,
                dataset=e.dataset,
                split=e.split,
                dataset_sha256=e.dataset_sha256,
                by=e.by_name,
                recorded_at=e.recorded_at,
                figures=e.figures,
            )
            for e in evaluations
        ],
        precision_rows=[
            a.PrecisionRow(
                by=r.by,
                key=r.key,
                precision=share_out(r.precision),
                confirmed=r.confirmed,
                rejected=r.rejected,
                undecided=r.undecided,
                reasons=r.reasons,
            )
            for r in rows
        ],
        shadow=comparison(session, compare(session, row.id)),
    )


def comparison(session: Session, of: Compared) -> a.ComparisonOut:
    """A comparison, with the newest findings that nobody raised."""
    shown = of.only_shadow[:FINDINGS_SHOWN]
    codes = codes_of(session, {f.device_id for f in shown})
    return a.ComparisonOut(
        footage=of.footage,
        looks=of.looks,
        faults=of.faults,
        devices=of.devices,
        since=of.since,
        until=of.until,
        total=_row(of.total),
        by_type=[_row(r) for r in of.by_type],
        only_shadow=[_finding(f, codes[f.device_id]) for f in shown],
    )


def _row(of: Comparison) -> a.ComparisonRow:
    return a.ComparisonRow(**asdict(of), found=share_out(of.found), repeated=share_out(of.repeated))


def _finding(row: ShadowFinding, device: str) -> a.ShadowFindingOut:
    left, top, right, bottom = row.image_place
    return a.ShadowFindingOut(
        id=row.id,
        type=row.type,
        device=device,
        first_at=row.first_at,
        last_at=row.last_at,
        looks=row.looks,
        confidence=row.confidence,
        xyxy=(left, top, right, bottom),
        latitude=row.latitude,
        longitude=row.longitude,
        picture=f"/api/shadow-findings/{row.id}/picture" if row.picture else None,
    )


def guard(of: Guard) -> a.GuardOut:
    """A guard."""
    return a.GuardOut(code=of.code, ok=of.ok, zh=of.zh, en=of.en, values=of.values)


def sample(row: LookSample) -> a.SampleOut:
    """A sample; its device is loaded."""
    return a.SampleOut(
        id=row.id,
        device=device_brief(row.device),
        captured_at=row.captured_at,
        model_id=row.model_id,
        width=row.width,
        height=row.height,
        url=f"/api/samples/{row.id}/picture",
    )


def estimate(of: Estimate, waiting: int) -> a.EstimateOut:
    """The estimate of misses, per 1,000 looks."""

    def per_1000(value: float | None) -> float | None:
        return None if value is None else 1000 * value

    return a.EstimateOut(
        looks=of.looks,
        unseen_looks=of.unseen_looks,
        labelled=of.labelled,
        waiting=waiting,
        types=[
            a.MissesRow(
                type=m.type,
                labelled=m.labelled,
                missed=m.missed,
                per_1000=per_1000(m.per_1000.value),
                low=per_1000(m.per_1000.low),
                high=per_1000(m.per_1000.high),
            )
            for m in of.types
        ],
        devices=[a.StratumOut(**asdict(d)) for d in of.devices],
    )


def hints(session: Session, found: list[Hint]) -> list[a.HintOut]:
    """Hints, each with a picture: one more query, however many."""
    pictures = best_pictures(session, [h.example for h in found])
    return [
        a.HintOut(
            key=h.key,
            at=h.at,
            device=device_brief(h.device),
            type=h.type,
            rejected=h.rejected,
            confirmed=h.confirmed,
            precision=share_out(h.precision),
            reasons=h.reasons,
            cure=h.cure,
            candidates=h.candidates,
            polygon=h.polygon,
            latitude=h.latitude,
            longitude=h.longitude,
            threshold=h.threshold,
            below=h.below,
            picture=evidence_url(pictures[h.example]) if h.example in pictures else None,
            apply=_apply(h.cure, h.device.kind, h.device.code),
        )
        for h in found
    ]


def hint_answer(row: HintDecision) -> a.HintAnswer:
    """An answer; its device is loaded."""
    accepted = row.verdict == "accept"
    return a.HintAnswer(
        id=row.id,
        device=row.device.code,
        type=row.type,
        verdict=row.verdict,
        cure=row.cure,
        reason=row.reason,
        counts=row.counts,
        by=row.by_name,
        decided_at=row.decided_at,
        apply=_apply(row.cure, row.device.kind, row.device.code) if accepted else None,
    )


def _apply(cure: str, kind: str, code: str) -> str | None:
    """Zones have a versioned address; thresholds are in the rules."""
    if cure not in ZONE_CURES:
        return None
    return f"/api/zones/device:{code}" if kind == "fixed" else "/api/zones/ground"
