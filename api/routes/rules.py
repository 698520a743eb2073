"""Rules: versions, the next one, and what it would change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.access import Ctx, Needs
from api.context import Context
from api.schemas import rules as r
from api.schemas.base import Id
from casework.db import Session, utcnow
from casework.people.service import Person
from casework.rules import queries, service
from casework.rules.preview import Ask
from casework.rules.tables import RuleSet

router = APIRouter(tags=["rules"])
Reader = Annotated[Person, Depends(Needs("rules"))]
Keeper = Annotated[Person, Depends(Needs("rule_steps"))]
BUDGET_S = 20.0
MOST_FINDINGS = 500


@router.get("/rules", operation_id="listRules")
def list_rules(ctx: Ctx, person: Reader) -> list[r.RuleSetBrief]:
    """All versions, newest first."""
    with ctx.database.read() as session:
        holds = queries.rules_at(session, utcnow()).version
        return [r.RuleSetBrief(**_brief(row, holds)) for row in queries.rule_sets(session)]


@router.get("/rules/{version}", operation_id="ruleSet")
def rule_set(version: Id, ctx: Ctx, person: Reader) -> r.RuleSetOut:
    """One version with its text."""
    with ctx.database.read() as session:
        return _whole(session, queries.rule_set(session, version))


@router.post("/rules", operation_id="addRules", status_code=201)
def add_rules(body: r.RuleSetIn, ctx: Ctx, person: Keeper) -> r.RuleSetOut:
    """Enter the next version; it is checked as a whole and never reaches back."""
    labels = _labels(ctx)
    with ctx.database.write() as session:
        row = service.add(session, person.actor, service.NewRules(**body.model_dump()), labels)
        return _whole(session, row)


@router.post("/rules/preview", operation_id="previewRules")
def preview(body: r.PreviewIn, ctx: Ctx, person: Keeper) -> r.PreviewOut:
    """Judge stored looks by these rules, for some seconds; ``next`` says where to go on. Nothing is written."""
    found = ctx.preview(Ask(**body.model_dump(), budget_s=BUDGET_S), _labels(ctx))
    findings = sorted(found.findings, key=lambda f: (f.outcome == "kept", f.start))
    return r.PreviewOut(
        looks=found.looks,
        footage=found.footage,
        missing=found.missing[:MOST_FINDINGS],
        counts=found.counts,
        findings=[r.FindingOut.model_validate(f) for f in findings[:MOST_FINDINGS]],
        left_out=max(0, len(findings) - MOST_FINDINGS),
        next=found.next,
    )


def _labels(ctx: Context) -> frozenset[str]:
    """What rules may name."""
    with ctx.database.read() as session:
        registered = queries.known_labels(session)
    return registered | {label for offer in ctx.offers() for label in offer.classes}


def _brief(row: RuleSet, holds: int) -> dict[str, object]:
    return {
        "version": row.version,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "warning_only": row.warning_only,
        "reason": queries.reason_of(row).zh,
        "reason_en": queries.reason_of(row).en,
        "made_by": row.made_by,
        "made_at": row.made_at,
        "sha256": row.sha256,
        "holds": row.version == holds,
    }


def _whole(session: Session, row: RuleSet) -> r.RuleSetOut:
    return r.RuleSetOut(**_brief(row, queries.rules_at(session, utcnow()).version), text=row.text)
