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
