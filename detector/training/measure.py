"""Figures of a detector against labels, pure numpy: matching, average precision, resampled intervals.

Average precision follows COCO (Lin et al. 2014, arXiv:1405.0312; pycocotools ``COCOeval.accumulate``):
detections of a class over all pictures in the order of their confidence, precision made to fall only, read at
101 recalls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.nms import overlap

LEVELS = np.arange(0.5, 1.0, 0.05)
"""Intersection over union from which a box counts as found: 0.50, 0.55 ... 0.95."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the range that holds 95 of 100 resampled ones; all NaN where nothing could be measured."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tally:
    """One class over P pictures, its M detections sorted by falling confidence.

    confidence: (M,). picture: (M,) int64, index of the picture. hit: (M, L) bool, found at each of
    ``LEVELS``. truths: (P,) int64, labelled boxes per picture.
    """

    confidence: NDArray[np.float32]
    picture: NDArray[np.int64]
    hit: NDArray[np.bool_]
    truths: NDArray[np.int64]


def match(boxes: Boxes, truths: Boxes) -> NDArray[np.bool_]:
    """Which detections of one class in one picture are right, (N, L) at each of ``LEVELS``.

    boxes: (N, 4) by falling confidence. truths: (M, 4). Each detection takes the free label that it overlaps
    most, if it overlaps it enough; a label is taken once, so a second box on the same thing is wrong.
    """
    shared = overlap(boxes, truths)
    hit = np.zeros((len(boxes), len(LEVELS)), bool)
    if not len(truths):
        return hit
    for column, level in enumerate(LEVELS):
        free = np.ones(len(truths), bool)
        for row in range(len(boxes)):
            candidates = np.where(free, shared[row], -1)
            best = int(candidates.argmax())
            if candidates[best] >= level - 1e-9:
                hit[row, column] = True
                free[best] = False
    return hit


def tally(found: list[tuple[Boxes, NDArray[np.float32]]], truths: list[Boxes], most: int = 100) -> Tally:
    """One class over all pictures: per picture its detections (boxes, confidences) and its labels.

    Only the ``most`` strongest detections of a picture count, as with COCO.
    """
    confidence, picture, hit = [], [], []
    for index, ((boxes, strength), truth) in enumerate(zip(found, truths, strict=True)):
        order = np.argsort(-strength, kind="stable")[:most]
        confidence.append(strength[order])
        picture.append(np.full(len(order), index, np.int64))
        hit.append(match(boxes[order], truth))
    strengths = np.concatenate(confidence)
    order = np.argsort(-strengths, kind="stable")
    counts = np.array([len(t) for t in truths], np.int64)
    return Tally(strengths[order], np.concatenate(picture)[order], np.concatenate(hit)[order], counts)


def average_precision(hit: NDArray[np.bool_], weight: Floats, truths: float) -> float:
    """COCO's 101-point average precision, 0-1; NaN when nothing is labelled.

    hit: (M,) by falling confidence. weight: (M,), how often each detection's picture counts (all ones, or the
    draws of a resample). truths: labelled boxes, weighted the same way.
    """
    if truths <= 0:
        return float("nan")
    right, wrong = np.cumsum(weight * hit), np.cumsum(weight * ~hit)
    recall = right / truths
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(right / (right + wrong))
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(recall, np.linspace(0, 1, 101) - 1e-12, side="left")
    return float(np.append(precision, 0.0)[place].mean())


def tally_precision(t: Tally, draws: Floats, level: int = 0) -> float:
    """Average precision of a tally at ``LEVELS[level]``; draws: (P,), how often each picture counts."""
    return average_precision(t.hit[:, level], draws[t.picture], float((draws * t.truths).sum()))


def rates(t: Tally, threshold: float, draws: Floats) -> tuple[float, float]:
    """(precision, recall) at a confidence threshold and an overlap of one half; NaN where there is nothing to
    count.
    """
    shown = t.confidence >= threshold
    weight = draws[t.picture] * shown
    right, all_shown, truths = (weight * t.hit[:, 0]).sum(), weight.sum(), (draws * t.truths).sum()
    return (
        float(right / all_shown) if all_shown else float("nan"),
        float(right / truths) if truths else float("nan"),
    )


def resamples(groups: list[str], count: int, seed: int) -> Floats:
    """Draws for a bootstrap by group, (count, P): how often each picture counts in each resample.

    Pictures of one place are drawn together, since they are alike: drawing them singly would make intervals
    narrow.
    """
    names, member = np.unique(np.array(groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    return draws[:, member].astype(np.float64)


def interval(value: float, samples: list[float]) -> Interval:
    """The figure with the 2.5 and 97.5 percentiles of its resamples; resamples without a figure are left
    out.
    """
    known = np.array([s for s in samples if np.isfinite(s)])
    if not np.isfinite(value) or not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(value, float(low), float(high))
