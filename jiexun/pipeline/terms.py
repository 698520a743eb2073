"""Which rules hold when, for one device: versions of the rule set, and the days of the rules in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

from casework.devices.service import SHANGHAI
from casework.devices.tables import Device
from casework.rules.tables import RuleSet
from detector.scene.conditions import Conditions
from detector.scene.model import DeviceKind, Rule
from detector.scene.rules_data import DatedRule, parse

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Term:
    """What holds from ``since`` to before ``until`` (aware).

    rules, conditions: by code, as they are for the device. warnings: codes of rules in their warning phase.
    """

    since: datetime
    until: datetime
    rule_set: RuleSet
    rules: dict[str, Rule]
    conditions: dict[str, Conditions]
    warnings: frozenset[str]


class Terms:
    """The terms of one device, each read when a look reaches it.

    device: with its street. sets: each with the moment from which it holds, in order; the first holds before its
    moment too. labels: what the detector sees.
    """

    def __init__(
        self, device: Device, sets: Sequence[tuple[datetime, RuleSet]], labels: Sequence[str]
    ) -> None:
        self._device, self._labels = device, labels
        self._sets = list(sets)
        self._read: list[Term] = []

    def at(self, captured_at: datetime) -> Term:
        """What holds for a look captured at ``captured_at`` (aware). Raises BadRule, also where the rules name a
        class that the detector does not know."""
        for term in reversed(self._read):
            if term.since <= captured_at < term.until:
                return term
        term = self._term(captured_at)
        self._read.append(term)
        return term

    def renew(self, sets: Sequence[tuple[datetime, RuleSet]]) -> None:
        """Sets as they are known by now. What was read is forgotten if one was added."""
        if [(since, row.version) for since, row in sets] != [
            (since, row.version) for since, row in self._sets
        ]:
            self._sets, self._read = list(sets), []

    def _term(self, at: datetime) -> Term:
        begun = [n for n, (since, _) in enumerate(self._sets) if since <= at]
        n = begun[-1] if begun else 0
        row = self._sets[n][1]
        since = self._sets[n][0] if n else datetime.min.replace(tzinfo=UTC)
        until = self._sets[n + 1][0] if n + 1 < len(self._sets) else _EVER
        dated = _parsed(row.text, tuple(self._labels))
        edges = sorted({since, until, *(edge for edge in _days(dated) if since < edge < until)})
        since, until = next((a, b) for a, b in pairwise(edges) if a <= at < b)
        held = [d for d in dated if d.in_force(at.astimezone(SHANGHAI).date())]
        if self._device.kind == DeviceKind.FIXED:
            grade = self._device.street.grade if self._device.street is not None else None
            held = [d for d in held if d.conditions.holds_on(grade)]
        return Term(
            since,
            until,
            row,
            {d.rule.code: d.conditions.at_camera(d.rule, self._device.code) for d in held},
            {d.rule.code: d.conditions for d in held},
            frozenset(d.rule.code for d in held if row.warning_only or d.conditions.warning_only),
        )


@lru_cache(maxsize=16)
def _parsed(text: str, labels: tuple[str, ...]) -> tuple[DatedRule, ...]:
    """Read once for thousands of cameras."""
    return tuple(parse(text, labels))


def _days(dated: Sequence[DatedRule]) -> set[datetime]:
    """The midnights, in Shanghai, at which a rule's first day begins or its last has ended."""
    first = [d.valid_from for d in dated]
    after = [d.valid_to + timedelta(days=1) for d in dated if d.valid_to not in (None, date.max)]
    return {datetime.combine(day, time.min, SHANGHAI).astimezone(UTC) for day in (*first, *after)}
