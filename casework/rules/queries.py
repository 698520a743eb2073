"""Reading rule sets."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.algorithms.tables import Algorithm
from casework.errors import not_found
from casework.rules.tables import RuleSet
from casework.words import Word, word
from detector.scene.rules_data import shipped

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""The shipped rules hold from here on; the rules in them have days of their own."""
SYSTEM = "system"
SHIPPED = word("rule_reasons", "shipped")


def shipped_set() -> RuleSet:
    """The shipped rules as version 1, for a database that has none yet. Not in the session."""
    text = shipped()
    return RuleSet(
        version=1,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        valid_from=BEGINNING,
        valid_to=None,
        warning_only=False,
        reason=SHIPPED.zh,
        made_by=SYSTEM,
        made_at=BEGINNING,
    )


def reason_of(row: RuleSet) -> Word:
    """Why a set was entered, in both languages: a person's words are what they wrote, whatever the language."""
    return SHIPPED if row.made_by == SYSTEM else Word("", row.reason, row.reason)


def rule_sets(session: Session) -> list[RuleSet]:
    """All versions, newest first; the shipped rules alone where nobody entered any."""
    return list(session.scalars(select(RuleSet).order_by(RuleSet.version.desc()))) or [shipped_set()]


def rule_set(session: Session, version: int) -> RuleSet:
    """One version. Raises NotFound."""
    found = next((row for row in rule_sets(session) if row.version == version), None)
    if found is None:
        raise not_found("rule set", "规则版本", version)
    return found


def rules_at(session: Session, at: datetime) -> RuleSet:
    """The version that holds for looks captured at a moment (aware)."""
    return _holding(rule_sets(session), at)


def rules_from(session: Session, at: datetime) -> list[tuple[datetime, RuleSet]]:
    """The version that holds at a moment (aware) and those that follow it, each with when it begins to hold."""
    return following(rule_sets(session), at)


def following(rows: list[RuleSet], at: datetime) -> list[tuple[datetime, RuleSet]]:
    """``rules_from`` of the sets that ``rule_sets`` told."""
    edges = {edge for row in rows for edge in (row.valid_from, row.valid_to) if edge is not None}
    found = [(at, _holding(rows, at))]
    for edge in sorted(edge for edge in edges if edge > at):
        row = _holding(rows, edge)
        if row.version != found[-1][1].version:
            found.append((edge, row))
    return found


def _holding(rows: list[RuleSet], at: datetime) -> RuleSet:
    """rows: newest first. The oldest, where none holds yet."""
    held = (r for r in rows if r.valid_from <= at and (r.valid_to is None or r.valid_to > at))
    return next(held, rows[-1])


def known_labels(session: Session) -> frozenset[str]:
    """What the registered algorithms that are not retired can see."""
    rows = session.scalars(select(Algorithm.classes).where(Algorithm.state != "retired"))
    return frozenset(label for classes in rows for label in classes)
