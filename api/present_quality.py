"""Figures of reviewers and planted items as the wire shows them."""

from __future__ import annotations

from api.schemas import quality as q
from api.schemas.candidates import CandidateBrief
from casework.algorithms.wilson import Share
from casework.people.tables import Account
from casework.review.agreement import Agreement
from casework.review.figures import Drift, QualityRow
from casework.review.planting import Planted
from casework.review.quality import Panel, Quality
from casework.review.quality_rules import rules


def quality(found: Quality) -> q.Quality:
    """One reviewer's figures."""
    numbers = rules()
    return q.Quality(
        reviewer=_reviewer(found.account),
        since=found.since,
        until=found.until,
        opens_at=found.opens_at,
        rows=[_row(row) for row in found.rows],
        kappa=_agreement(found.kappa),
        drift=[_drift(one) for one in found.drift],
        median_s=found.median_s,
        last_days=numbers.drift_last_days,
        before_days=numbers.drift_before_days,
        least=numbers.least,
    )


def panel(found: Panel) -> q.QualityPeople:
    """All reviewers, a line each."""
    return q.QualityPeople(
        since=found.since,
        until=found.until,
        alpha=_agreement(found.alpha),
        people=[
            q.ReviewerQuality(
                reviewer=_reviewer(one.account),
                until=one.until,
                opens_at=one.opens_at,
                figures=_row(one.rows[0]) if one.rows else None,
                kappa=_agreement(one.kappa),
                median_s=one.median_s,
            )
            for one in found.people
        ],
    )


def planted(one: Planted, brief: CandidateBrief) -> q.PlantedOut:
    """A planted item."""
    item = one.item
    return q.PlantedOut.model_validate(
        {
            "id": item.id,
            "candidate": brief,
            "verdict": item.verdict,
            "reason": item.reason,
            "note": item.note,
            "by": one.by,
            "made_at": item.made_at,
            "ended_at": item.ended_at,
            "right": _share(one.right),
        }
    )


def _reviewer(account: Account) -> q.ReviewerRef:
    return q.ReviewerRef(username=account.username, name=account.display_name)


def _row(row: QualityRow) -> q.QualityRowOut:
    shares = {
        name: _share(getattr(row, name)) for name in ("keeps", "rejects", "agreement", "planted", "hasty")
    }
    return q.QualityRowOut.model_validate(
        {
            "by": row.by,
            "key": row.key,
            "decisions": row.decisions,
            "kept": row.kept,
            "rejected": row.rejected,
            "unsure": row.unsure,
            **shares,
        }
    )


def _drift(one: Drift) -> q.DriftOut:
    return q.DriftOut.model_validate(
        {
            "what": one.what,
            "last": _share(one.last),
            "before": _share(one.before),
            "difference": one.difference,
            "low": one.low,
            "high": one.high,
            "drifted": one.drifted,
        }
    )


def _share(found: Share) -> q.QualityShare:
    return q.QualityShare(
        hits=int(found.hits),
        trials=int(found.trials),
        value=found.value,
        low=found.low,
        high=found.high,
        small=found.trials < rules().least,
    )


def _agreement(found: Agreement) -> q.AgreementOut:
    return q.AgreementOut(units=found.units, value=found.value, low=found.low, high=found.high)
