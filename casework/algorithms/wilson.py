"""Wilson's score interval for a share (Wilson 1927, J. Am. Stat. Assoc. 22:209; Newcombe 1998, method 3)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
"""95 %, two-sided: 1.95996."""


@dataclass(frozen=True, slots=True)
class Share:
    """hits of trials with the 95 % interval; value, low and high are none where nothing was tried."""

    hits: float
    trials: float
    value: float | None
    low: float | None
    high: float | None


def share(hits: float, trials: float) -> Share:
    """The share and its interval. Counts need not be whole: a weighted sample has an effective size."""
    if trials <= 0:
        return Share(hits, trials, None, None, None)
    p = hits / trials
    middle = p + Z * Z / (2 * trials)
    half = Z * sqrt(max(p * (1 - p), 0.0) / trials + Z * Z / (4 * trials * trials))
    scale = 1 + Z * Z / trials
    return Share(hits, trials, p, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def difference(
    hits: float, trials: float, other_hits: float, other_trials: float
) -> tuple[float, float, float] | None:
    """First share less the second, with its 95 % interval (low, high), from both Wilson intervals (Newcombe 1998,
    Stat. Med. 17:873, method 10); none where one of them has no trials.
    """
    one, other = share(hits, trials), share(other_hits, other_trials)
    if one.value is None or one.low is None or one.high is None:
        return None
    if other.value is None or other.low is None or other.high is None:
        return None
    by = one.value - other.value
    return (
        by,
        by - sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2),
        by + sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2),
    )
