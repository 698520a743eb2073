"""What the rules ask of the looks: how near follow-up looks lie, how long they go on, how seldom is too seldom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy.orm import Session

from casework.devices.service import SHANGHAI
from casework.rules.queries import rules_at
from detector.scene.model import Rule
from detector.scene.rules_data import DatedRule, in_force, parse

QUIET_DAYS = timedelta(days=14)
QUIET_LOOKS = 200
QUIET_MULTIPLE = 2.0
"""A camera that saw nothing in this time and so many looks falls to this multiple of its plan's interval."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Seconds. quick_s: between follow-up looks. quick_for_s: they go on so long after the last that saw something.

    slowest_s: a camera may not be looked at more seldom, or one missed look ends what stands there.
    """

    quick_s: float
    quick_for_s: float
    slowest_s: float


def needs(rules: Sequence[Rule]) -> Needs | None:
    """Of all rules together; none without rules.

    A follow-up look comes at the shortest spacing of pictures, and never later than the gap lets pass; looks by plan
    at most ``gap_most_s / gap_looks`` apart keep as many looks within the longest gap as the rule bridges.
    """
    if not rules:
        return None
    quick = min(min(rule.spacing_s, rule.gap_s) for rule in rules)
    return Needs(
        quick_s=max(quick, 1.0),
        quick_for_s=max(rule.dwell_s + rule.longest_gap_s(quick) for rule in rules),
        slowest_s=min(max(rule.gap_s, rule.gap_most_s) / max(rule.gap_looks, 1.0) for rule in rules),
    )


def needs_of(session: Session, types: Sequence[str], now: datetime) -> Needs | None:
    """Of the rules in force for some violation types; empty: all of them."""
    on = now.astimezone(SHANGHAI).date()
    rules = in_force(_parsed(rules_at(session, now).text), on)
    return needs([rule for rule in rules if not types or rule.type in types])


@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[DatedRule, ...]:
    return parse(text, None)


def is_quiet(quiet_since: datetime | None, quiet_looks: int, now: datetime) -> bool:
    """Whether nothing ever happens there: long enough, and looked at often enough to know."""
    return quiet_since is not None and now - quiet_since >= QUIET_DAYS and quiet_looks >= QUIET_LOOKS


def fallen(interval_s: float, slowest_s: float | None, named: bool, rule_needs: Needs | None) -> float:
    """The interval of a camera where nothing ever happens.

    slowest_s: the plan's limit, none: it does not fall. named: the plan names types, so the rules' longest gap limits
    it too. Never below the plan's own interval.
    """
    if slowest_s is None:
        return interval_s
    limit = min(slowest_s, rule_needs.slowest_s) if named and rule_needs else slowest_s
    return max(interval_s, min(QUIET_MULTIPLE * interval_s, limit))
