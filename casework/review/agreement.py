"""How far people agree beyond chance: Cohen's kappa for one person against others, Krippendorff's alpha for a panel.

Pure. Values are names of verdicts (nominal: two that differ are just different).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

from casework.algorithms.wilson import Z

Value = Hashable


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient of units with its 95 % interval. value is none where chance explains everything: only one value
    was ever given, or nothing was compared; low and high also where too few units carry an interval.
    """

    units: int
    value: float | None
    low: float | None
    high: float | None


def kappa(pairs: Sequence[tuple[Value, Value]]) -> Agreement:
    """Cohen's kappa (1960) of two people's values on the same things.

    Interval: the large-sample variance of Fleiss, Cohen and Everitt (1969), for a kappa that need not be nought.
    """
    n = len(pairs)
    cells, ours, theirs = Counter(pairs), Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    values = list(ours | theirs)
    chance = sum(ours[v] * theirs[v] for v in values) / (n * n) if n else 1.0
    if chance >= 1.0:
        return Agreement(n, None, None, None)
    observed = sum(cells[v, v] for v in values) / n
    found = (observed - chance) / (1 - chance)
    same = sum(cells[v, v] / n * (1 - (ours[v] + theirs[v]) / n * (1 - found)) ** 2 for v in values)
    differ = (1 - found) ** 2 * sum(
        cells[a, b] / n * ((theirs[a] + ours[b]) / n) ** 2 for a in values for b in values if a != b
    )
    variance = (same + differ - (found - chance * (1 - found)) ** 2) / (n * (1 - chance) ** 2)
    return _with_interval(n, found, variance)


def alpha(units: Sequence[Sequence[Value | None]]) -> Agreement:
    """Krippendorff's alpha (2011, nominal): units are things, each with the values that people gave it; none: a
    person who gave no value. Things with fewer than two values compare nothing and are left out.

    Interval: jackknife over the things (each left out in turn), which are what was drawn at random.
    """
    compared = [Counter(v for v in unit if v is not None) for unit in units]
    compared = [given for given in compared if given.total() > 1]
    totals: Counter[Value] = sum(compared, Counter())
    apart = [_apart(given) for given in compared]
    found = _alpha(totals, sum(apart))
    if found is None:
        return Agreement(len(compared), None, None, None)
    # Things with the same values are left out with the same result: each kind is computed once.
    kinds = Counter(frozenset(given.items()) for given in compared)
    left: list[tuple[float, int]] = []
    for kind, count in kinds.items():
        given = Counter(dict(kind))
        one = _alpha(totals - given, sum(apart) - _apart(given))
        if one is None:
            return Agreement(len(compared), found, None, None)
        left.append((one, count))
    n = len(compared)
    mean = sum(value * count for value, count in left) / n
    variance = (n - 1) / n * sum(count * (value - mean) ** 2 for value, count in left)
    return _with_interval(n, found, variance)


def _apart(given: Counter[Value]) -> float:
    """Pairs of differing values within one thing, each weighted by one less than the number of its values."""
    total = given.total()
    return sum(count * (total - count) for count in given.values()) / (total - 1)


def _alpha(totals: Counter[Value], apart: float) -> float | None:
    n = totals.total()
    chance = sum(count * (n - count) for count in totals.values())
    return 1 - (n - 1) * apart / chance if chance else None


def _with_interval(units: int, found: float, variance: float) -> Agreement:
    if variance <= 0:  # no spread at all: everybody agreed, which says little of the next one
        return Agreement(units, found, None, None)
    half = Z * sqrt(variance)
    return Agreement(units, found, max(-1.0, found - half), min(1.0, found + half))
