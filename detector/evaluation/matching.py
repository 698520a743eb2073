"""Which detections are right, pure numpy, after COCO (Lin et al. 2014, arXiv:1405.0312; pycocotools ``COCOeval``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.nms import overlap

LEVELS = np.arange(0.5, 1.0, 0.05)
"""Intersection over union from which a box counts as found: 0.50, 0.55 ... 0.95."""

MOST = 100
"""Only so many boxes of a class count in one picture, the strongest, as with COCO."""

CLOSE = 1e-6
"""Overlaps are float32: one that is short of a level by less than this is on it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """One class over P pictures: its M detections by falling confidence, its T labels.

    confidence: (M,). picture: (M,) int64, index of the picture. hit: (M, L) bool, found at each of ``LEVELS``.
    share: (M,), area as a share of the picture: the label's where one was found at an overlap of one half, else
    the box's own. truths: (P,) int64, labels per picture. label_picture, label_share: (T,), the same of labels.
    """

    confidence: NDArray[np.float32]
    picture: NDArray[np.int64]
    hit: NDArray[np.bool_]
    share: Floats
    truths: NDArray[np.int64]
    label_picture: NDArray[np.int64]
    label_share: Floats

    def of_size(self, low: float, high: float) -> Tally:
        """Labels whose share of the picture lies in [low, high), and the detections counted with them."""
        mine = (self.share >= low) & (self.share < high)
        labels = (self.label_share >= low) & (self.label_share < high)
        pictures = self.label_picture[labels]
        return Tally(
            self.confidence[mine], self.picture[mine], self.hit[mine], self.share[mine],
            np.bincount(pictures, minlength=len(self.truths)), pictures, self.label_share[labels],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """One class in one picture: boxes (N, 4) with confidence (N,), labels (M, 4), area of the picture in px²."""

    boxes: Boxes
    confidence: NDArray[np.float32]
    labels: Boxes
    area: float


def match(boxes: Boxes, labels: Boxes) -> NDArray[np.int64]:
    """Which label each detection finds, (N, L) at each of ``LEVELS``; -1 is none.

    boxes: (N, 4) by falling confidence. labels: (M, 4). Each detection takes the free label that it overlaps
    most, if it overlaps it enough; a label is taken once, so a second box on the same thing is wrong.
    """
    found = np.full((len(boxes), len(LEVELS)), -1, np.int64)
    if not len(labels):
        return found
    shared = overlap(boxes, labels)
    free = np.ones((len(LEVELS), len(labels)), bool)
    every = np.arange(len(LEVELS))
    for row in np.flatnonzero(shared.max(axis=1) >= LEVELS[0] - CLOSE):
        candidates = np.where(free, shared[row], -1)
        best = candidates.argmax(axis=1)
        enough = candidates[every, best] >= LEVELS - CLOSE
        found[row, enough] = best[enough]
        free[every[enough], best[enough]] = False
    return found


def tally(pictures: Sequence[Seen]) -> Tally:
    """One class over all pictures."""
    confidence, picture, hit, share, labels = [], [], [], [], []
    for index, seen in enumerate(pictures):
        order = np.argsort(-seen.confidence, kind="stable")[:MOST]
        boxes, label_share = seen.boxes[order], _areas(seen.labels) / seen.area
        found = match(boxes, seen.labels)
        at_half = found[:, 0]
        own = _areas(boxes) / seen.area
        share.append(np.where(at_half >= 0, label_share[at_half], own) if len(label_share) else own)
        confidence.append(seen.confidence[order])
        picture.append(np.full(len(order), index, np.int64))
        hit.append(found >= 0)
        labels.append(label_share)
    strength = np.concatenate([*confidence, np.zeros(0, np.float32)])
    order = np.argsort(-strength, kind="stable")
    truths = np.array([len(one) for one in labels], np.int64)
    return Tally(
        strength[order],
        np.concatenate([*picture, np.zeros(0, np.int64)])[order],
        np.concatenate([*hit, np.zeros((0, len(LEVELS)), bool)])[order],
        np.concatenate([*share, np.zeros(0)])[order],
        truths,
        np.repeat(np.arange(len(truths)), truths),
        np.concatenate([*labels, np.zeros(0)]),
    )


def _areas(boxes: Boxes) -> Floats:
    sides = np.clip(boxes[:, 2:].astype(np.float64) - boxes[:, :2], 0, None)
    areas: Floats = sides[:, 0] * sides[:, 1]
    return areas
