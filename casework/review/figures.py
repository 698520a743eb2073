"""Figures of how right reviewers are, from what they said and what turned out. Pure: counts, shares, intervals, drift.

Every share has its 95 % interval (Wilson); one of fewer than ``least`` is marked as small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from casework.algorithms.wilson import Share, difference, share
from casework.review.agreement import Agreement, alpha, kappa
from casework.review.quality_rules import QualityRules
from casework.review.said import Said
from casework.review.second import JUDGES

Key = str | int | None
BY: dict[str, Callable[[Said], Key]] = {
    "all": lambda s: None,
    "reason": lambda s: s.reason,
    "type": lambda s: s.type,
    "device": lambda s: s.device,
    "hour": lambda s: s.hour,
}


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One row; ``by`` says of what: all, reason, type, device, hour (of deciding, Asia/Shanghai), with its key.

    keeps, rejects: of what was kept or rejected, the share that was upheld. agreement: with the other of random second
    looks. planted: right answers, of those that said yes or no. hasty: decided faster than the pictures could be seen.
    small: names of the shares that rest on too few.
    """

    by: str
    key: Key
    decisions: int
    kept: int
    rejected: int
    unsure: int
    keeps: Share
    rejects: Share
    agreement: Share
    planted: Share
    hasty: Share
    small: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """A share of the last days against that of the days before. difference: last less before, with its interval
    (Newcombe 1998, method 10); none where there is nothing to compare. drifted: the interval leaves out nought."""

    what: str
    last: Share
    before: Share
    difference: float | None
    low: float | None
    high: float | None
    drifted: bool


def rows_of(said: Sequence[Said], rules: QualityRules) -> list[QualityRow]:
    """All of it, then by reason, type, camera and hour; what has no such key (a kept one no reason) is left out."""
    found: list[QualityRow] = []
    for by, key in BY.items():
        groups: dict[Key, list[Said]] = {}
        for one in said:
            groups.setdefault(key(one), []).append(one)
        if by != "all":
            groups.pop(None, None)
        found += [row_of(by, value, groups[value], rules) for value in sorted(groups, key=_order)]
    return found


def row_of(by: str, key: Key, said: Iterable[Said], rules: QualityRules) -> QualityRow:
    """The figures of some decisions."""
    said = list(said)
    real = [s for s in said if s.known is None]
    shares = {
        "keeps": _share(s.upheld for s in real if s.verdict == "keep"),
        "rejects": _share(s.upheld for s in real if s.verdict == "reject"),
        "agreement": _share(s.verdict == s.other for s in real if s.other is not None),
        "planted": _share(s.verdict == s.known for s in said if s.known is not None and s.verdict in JUDGES),
        "hasty": _share(s.hasty for s in said),
    }
    return QualityRow(
        by,
        key,
        decisions=len(real),
        kept=sum(s.verdict == "keep" for s in real),
        rejected=sum(s.verdict == "reject" for s in real),
        unsure=sum(s.verdict not in JUDGES for s in real),
        **shares,
        small=tuple(name for name, value in shares.items() if value.trials < rules.least),
    )


def kappa_of(said: Iterable[Said]) -> Agreement:
    """One person's agreement with the others of random second looks, beyond chance."""
    return kappa([(s.verdict, s.other) for s in said if s.other is not None])


def alpha_of(said: Iterable[Said]) -> Agreement:
    """A panel's agreement over its random second looks; who was unsure gave no value."""
    units: dict[int, list[str | None]] = {}
    for one in said:
        if one.look is not None:
            units.setdefault(one.look, []).append(one.verdict if one.verdict in JUDGES else None)
    return alpha(list(units.values()))


def drift_of(said: Sequence[Said], until: datetime, rules: QualityRules) -> list[Drift]:
    """The last days before ``until`` against those before them; said: of all these days."""
    turn = until - timedelta(days=rules.drift_last_days)
    begin = turn - timedelta(days=rules.drift_before_days)
    last = row_of("all", None, (s for s in said if turn <= s.at < until), rules)
    before = row_of("all", None, (s for s in said if begin <= s.at < turn), rules)
    found = []
    for what in ("keeps", "rejects", "agreement", "planted", "hasty"):
        one, other = getattr(last, what), getattr(before, what)
        by = difference(one.hits, one.trials, other.hits, other.trials)
        value, low, high = by if by is not None else (None, None, None)
        drifted = low is not None and high is not None and (low > 0 or high < 0)
        found.append(Drift(what, one, other, value, low, high, drifted))
    return found


def seconds_of(said: Iterable[Said]) -> float | None:
    """The median of what a decision took."""
    taken = [s.seconds for s in said]
    return median(taken) if taken else None


def _share(held: Iterable[bool | None]) -> Share:
    known = [h for h in held if h is not None]
    return share(sum(known), len(known))


def _order(key: Key) -> str:
    return f"{key:02d}" if isinstance(key, int) else str(key)
