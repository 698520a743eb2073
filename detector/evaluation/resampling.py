"""Figures of a tally for many resamples at once, and the interval that they span.

``draws`` is (D, P) everywhere: how often each of P pictures counts in each of D resamples; one row of ones is
the set itself. Every figure comes as (D,), NaN where there is nothing to count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.matching import LEVELS, Floats, Tally

_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the range that holds 95 of 100 resampled ones; NaN where nothing could be measured."""

    value: float
    low: float
    high: float


def resamples(groups: list[str], count: int, seed: int) -> Floats:
    """Draws for a bootstrap by group (count, P).

    Pictures of one place are drawn together, since they are alike: drawing them singly would make intervals
    narrow.
    """
    names, member = np.unique(np.array(groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    return draws[:, member].astype(np.float64)


def interval(value: float, samples: Floats) -> Interval:
    """The figure with the 2.5 and 97.5 percentiles of its resamples; those without a figure are left out."""
    known = samples[np.isfinite(samples)]
    if not np.isfinite(value) or not len(known):
        return Interval(float(value), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))


def average_precision(t: Tally, draws: Floats, level: int = 0) -> Floats:
    """COCO's 101-point average precision at ``LEVELS[level]``."""
    recall, envelope, truths = _curve(t, draws, level)
    # how many of the 101 recalls are reached with each found label; those read the envelope there
    reached = np.searchsorted(_RECALLS - 1e-12, recall.ravel(), side="right").reshape(recall.shape)
    fresh = np.diff(reached, axis=1, prepend=0)
    return _where(truths, (fresh * envelope).sum(axis=1) / len(_RECALLS))


def mean_average_precision(t: Tally, draws: Floats) -> Floats:
    """Mean of the average precision over ``LEVELS``."""
    total = sum((average_precision(t, draws, level) for level in range(len(LEVELS))), np.zeros(len(draws)))
    return total / len(LEVELS)


def precision_at_recall(t: Tally, draws: Floats, least: float) -> Floats:
    """Best precision at a recall of at least ``least``, at an overlap of one half; 0 where it is never reached."""
    recall, envelope, truths = _curve(t, draws, 0)
    enough = recall >= least - 1e-12
    return _where(truths, np.where(enough, envelope, 0.0).max(axis=1, initial=0.0))


def rates(t: Tally, threshold: float, draws: Floats) -> tuple[Floats, Floats]:
    """(precision, recall) of the boxes shown at a confidence threshold, at an overlap of one half."""
    shown = t.confidence >= threshold
    counts = np.bincount(t.picture[shown], minlength=len(t.truths))
    right = np.bincount(t.picture[shown & t.hit[:, 0]], minlength=len(t.truths))
    found = draws @ right
    return _share(found, draws @ counts), _share(found, draws @ t.truths)


def _curve(t: Tally, draws: Floats, level: int) -> tuple[Floats, Floats, Floats]:
    """At each found label, by falling confidence: recall (D, H), precision made to fall only (D, H); and the
    number of labels (D,).

    Precision can only rise where a label is found, so these H places hold all that the envelope needs.
    """
    hit = t.hit[:, level]
    places = np.flatnonzero(hit)
    false = np.flatnonzero(~hit)
    before = np.zeros((len(t.truths), len(places) + 1))  # wrong boxes of a picture that come before a place
    np.add.at(before, (t.picture[false], np.searchsorted(places, false)), 1)
    wrong = draws @ before[:, :-1].cumsum(axis=1)
    right = draws[:, t.picture[places]].cumsum(axis=1)
    truths = draws @ t.truths
    precision = _share(right, right + wrong, 0.0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return _share(right, truths[:, None], 0.0), envelope, truths


def _share(part: Floats, whole: Floats, otherwise: float = float("nan")) -> Floats:
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), otherwise)
    np.divide(part, whole, out=out, where=np.broadcast_to(whole, out.shape) > 0)
    return out


def _where(truths: Floats, values: NDArray[np.float64]) -> Floats:
    """NaN where nothing is labelled."""
    return np.where(truths > 0, values, np.nan)
