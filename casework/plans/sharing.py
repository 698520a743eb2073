"""Sharing a budget of looks that is short.

Every camera asks for a rate r (looks a second) and has a weight w. All get the same share of what they ask for, times
their weight, and nobody gets more than it asks for::

    rate = r x min(1, w x L),   L such that the rates add up to the budget

With equal weights every interval is stretched by the same factor, demand / budget; a camera of weight 2 is stretched
half as much; what those leave who get all that they ask for is shared among the others.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEP = 1.05
"""Stretches are rounded up to powers of this, so that intervals do not change with every camera that comes or goes."""

LEAST_SHARE = 0.1
"""Of the budget, for the cameras without special duty and follow-up looks, however much those ask for."""

QUICK_RESERVE = 0.1
"""Of the budget, kept for follow-up looks even while there are none."""


def stretch(rates: Floats, weights: Floats, budget: float) -> Floats:
    """By which factor (1 or more) each interval grows. rates, weights: (N,), more than 0; budget: looks a second."""
    if rates.sum() <= budget:
        return np.ones_like(rates)
    share = _level(rates, weights, budget)
    with np.errstate(divide="ignore"):
        factors = np.maximum(1.0, 1.0 / (weights * share))
    steps = np.ceil(np.log(factors) / math.log(STEP) - 1e-9)
    return np.asarray(STEP**steps, np.float64)


def _level(rates: Floats, weights: Floats, budget: float) -> float:
    """L: found from the heaviest on, who are full first."""
    full = 0.0
    for weight in np.unique(weights)[::-1]:
        rest = weights <= weight
        level = (budget - full) / float((weights[rest] * rates[rest]).sum())
        if level * weight < 1:
            return level
        full += float(rates[weights == weight].sum())
    return 1.0 / float(weights.min())  # not reached while the demand is above the budget


def elastic_budget(budget: float, special: float, quick: float) -> float:
    """What is left for all others. Looks a second: the budget, special duty (always full), follow-up looks."""
    return max(LEAST_SHARE * budget, budget - special - max(quick, QUICK_RESERVE * budget))
