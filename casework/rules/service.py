"""Entering a rule set: checked as a whole, from a moment that has not passed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.counters import lock_counter
from casework.db import utcnow
from casework.errors import Conflict, Invalid
from casework.rules import queries
from casework.rules.tables import RuleSet
from detector.errors import BadRule
from detector.scene.rules_data import DatedRule, parse

MOST_BYTES = 200_000
LATE = timedelta(minutes=5)
"""A clock that is a little behind does not make "from now on" a moment of the past."""


@dataclass(frozen=True, slots=True)
class NewRules:
    """valid_from none: from now on. after: the newest version that the person saw (none: not asked)."""

    text: str
    reason: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    warning_only: bool = False
    after: int | None = None


def checked(text: str, labels: Collection[str]) -> tuple[DatedRule, ...]:
    """The rules of a text. labels: what the algorithms see. Raises Invalid in one line: what and how to mend it."""
    try:
        if len(text.encode()) > MOST_BYTES:
            raise BadRule(f"rules are longer than {MOST_BYTES} bytes; this is no rule set")
        found = parse(text, labels)
        if not found:
            raise BadRule("rules hold no [[rule]] table; nothing would ever be judged")
    except BadRule as error:
        raise Invalid("bad_rules", zh=f"规则无法使用：{error}", en=str(error)) from error
    return found


def adopt_shipped(session: Session) -> None:
    """Write the shipped rules down as version 1, where there is none, so that what names it can be read later."""
    lock_counter(session, "rules")
    if queries.rule_sets(session)[0].made_by == "system" and session.get(RuleSet, 1) is None:
        session.add(queries.shipped_set())
        session.flush()


def add(session: Session, actor: str, new: NewRules, labels: Collection[str]) -> RuleSet:
    """Enter the next version. Raises Invalid (rules, dates, reason), Conflict (somebody was first, no change)."""
    rules = checked(new.text, labels)
    if not new.reason.strip():
        raise Invalid("reason_needed", zh="请写明修改理由", en="say in words why the rules change")
    now = utcnow()
    valid_from = new.valid_from or now
    if valid_from < now - LATE:
        raise Invalid(
            "rules_of_the_past",
            zh="规则不得溯及既往：生效时间须在现在之后",
            en="rules do not reach back: valid_from must not lie in the past",
        )
    if new.valid_to is not None and new.valid_to <= valid_from:
        raise Invalid("bad_dates", zh="失效时间须晚于生效时间", en="valid_to must be later than valid_from")
    adopt_shipped(session)
    newest = queries.rule_sets(session)[0]
    if new.after is not None and new.after != newest.version:
        raise Conflict(
            "rules_changed",
            zh=f"规则已由他人更新到第 {newest.version} 版，请刷新后重试",
            en=f"somebody entered version {newest.version} meanwhile; read it first",
        )
    _count_up(rules, queries.rule_sets(session))
    digest = hashlib.sha256(new.text.encode()).hexdigest()
    row = RuleSet(
        version=newest.version + 1,
        text=new.text,
        sha256=digest,
        valid_from=valid_from,
        valid_to=new.valid_to,
        warning_only=new.warning_only,
        reason=new.reason.strip(),
        made_by=actor,
        made_at=now,
    )
    session.add(row)
    session.flush()
    detail = {"sha256": digest, "valid_from": valid_from.isoformat(), "reason": row.reason}
    record(session, actor, "rules_added", f"rules:{row.version}", detail)
    return row


def _count_up(rules: Collection[DatedRule], sets: Collection[RuleSet]) -> None:
    """One version of one rule is one rule: its violations' keys are made of code and version.

    Dates, conditions and the warning phase may change without a new version: they do not say what is judged.
    Raises Invalid.
    """
    known: dict[tuple[str, int], DatedRule] = {}
    for row in sets:
        try:
            known |= {(d.rule.code, d.rule.version): d for d in parse(row.text, None)}
        except BadRule:  # the checks have grown stricter since; it cannot come back anyway
            continue
    for dated in rules:
        before = known.get((dated.rule.code, dated.rule.version))
        if before is not None and before.rule != dated.rule:
            raise Invalid(
                "rule_version",
                zh=f"规则 {dated.rule.code} 内容有变，请把 version 从 {dated.rule.version} 调大",
                en=f"rule {dated.rule.code!r} differs from its version {dated.rule.version} before; "
                "count its version up",
            )
