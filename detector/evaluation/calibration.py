"""Whether a confidence means what it says, and the precision-recall curve: what the page draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.matching import Floats, Tally

FROM = 0.1
"""Least confidence that counts: thousands of boxes near nought would hide how the others are calibrated."""

BINS = np.linspace(0, 1, 11)


@dataclass(frozen=True, slots=True)
class Bin:
    """Boxes of a range of confidence [low, high), the last with its end. confidence: their mean. right: the share
    at an overlap of one half.
    """

    low: float
    high: float
    boxes: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bins that hold any box. error: expected calibration error (Guo et al. 2017, arXiv:1706.04599), the mean
    distance of confidence and share right, by boxes; NaN without boxes.
    """

    error: float
    bins: tuple[Bin, ...]


def calibration(t: Tally) -> Calibration:
    """Of one class, boxes from ``FROM`` on."""
    strong = t.confidence >= FROM
    confidence, hit = t.confidence[strong].astype(np.float64), t.hit[strong, 0]
    place = np.clip(np.digitize(confidence, BINS) - 1, 0, len(BINS) - 2)
    bins = tuple(_bin(i, confidence[place == i], hit[place == i]) for i in np.unique(place).tolist())
    total = sum(b.boxes for b in bins)
    error = sum(b.boxes * abs(b.confidence - b.right) for b in bins) / total if total else float("nan")
    return Calibration(error, bins)


def _bin(i: int, confidence: Floats, hit: NDArray[np.bool_]) -> Bin:
    low, high = float(BINS[i]), float(BINS[i + 1])
    return Bin(low, high, len(hit), float(confidence.mean()), float(hit.mean()))


def precision_recall(t: Tally) -> Floats:
    """(M, 3): confidence, recall and precision with all boxes down to each, at an overlap of one half."""
    right = t.hit[:, 0].cumsum()
    recall = right / max(int(t.truths.sum()), 1)
    return np.stack([t.confidence, recall, right / np.arange(1, len(right) + 1)], axis=1)
