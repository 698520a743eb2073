"""Every box shown and every label of a picture, put into words: right, or which kind of error.

Kinds after TIDE (Bolya et al. 2020, arXiv:2008.08115), with one more overlap class: a loose box is neither
wholly false nor right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.looks import Scene
from detector.evaluation.matching import CLOSE
from detector.nms import overlap

FOUND = 0.5
"""Overlap from which a box is on its thing."""

LOOSE = 0.3
"""Overlap from which a box is near its thing."""

BACKGROUND = "background"


class Kind(StrEnum):
    """What became of a box or a label."""

    RIGHT = "right"
    FALSE = "false"
    MISSED = "missed"
    CONFUSED = "confused"
    LOOSE = "loose"
    DOUBLED = "doubled"


@dataclass(frozen=True, slots=True)
class Finding:
    """One box shown, or one label missed.

    scene: where. shown, labelled: class names, the background where there is none. confidence: of the box, 0 where
    none is shown. box: (4,) pixels, the box shown or the label missed. share: its area as a share of the picture.
    overlap: intersection over union with the label.
    """

    scene: Scene
    kind: Kind
    shown: str
    labelled: str
    confidence: float
    box: NDArray[np.float32]
    overlap: float

    @property
    def share(self) -> float:
        """Area of the box as a share of the picture, 0-1."""
        width, height = self.box[2:] - self.box[:2]
        return float(width * height) / (self.scene.width * self.scene.height)


def findings(scene: Scene, names: tuple[str, ...], thresholds: Mapping[str, float]) -> list[Finding]:
    """Match a picture over all classes at once: by falling confidence, each box at its threshold takes the free
    label that it overlaps most, if by one half, one of its own class before others.
    """
    labels = np.concatenate([scene.truths[n] for n in names])
    label_names = list(chain.from_iterable([n] * len(scene.truths[n]) for n in names))
    seen = scene.seen
    shown = [
        i
        for i in range(len(seen))
        if seen.label(i) in names and seen.confidence[i] >= thresholds[seen.label(i)]
    ]
    shown.sort(key=lambda i: -seen.confidence[i])
    shared = overlap(seen.xyxy[shown], labels)
    free = np.ones(len(labels), bool)
    near = np.zeros(len(labels))
    out = []
    for row, i in enumerate(shown):
        name = seen.label(i)
        own = np.array([n == name for n in label_names], bool)
        kind, label, best = _judge(shared[row], own, free)
        if kind in (Kind.RIGHT, Kind.CONFUSED):
            free[label] = False
        if kind is Kind.LOOSE:
            near[label] = max(near[label], best)
        labelled = BACKGROUND if kind is Kind.FALSE else label_names[label]
        out.append(Finding(scene, kind, name, labelled, float(seen.confidence[i]), seen.xyxy[i], best))
    for label in np.flatnonzero(free).tolist():
        near_it = float(near[label])
        out.append(Finding(scene, Kind.MISSED, BACKGROUND, label_names[label], 0.0, labels[label], near_it))
    return out


def _judge(
    shared: NDArray[np.float32], own: NDArray[np.bool_], free: NDArray[np.bool_]
) -> tuple[Kind, int, float]:
    """(kind, label, overlap) of one box. shared: (M,) overlap with each label. own: labels of its class."""
    tests = (
        (Kind.RIGHT, own & free, FOUND),
        (Kind.CONFUSED, ~own & free, FOUND),
        (Kind.DOUBLED, own, FOUND),
        (Kind.LOOSE, own & free, LOOSE),
    )
    for kind, allowed, least in tests:
        candidates = np.where(allowed, shared, -1)
        best = int(candidates.argmax()) if len(candidates) else 0
        if len(candidates) and candidates[best] >= least - CLOSE:
            return kind, best, float(candidates[best])
    return Kind.FALSE, -1, float(shared.max(initial=0))


def confusion(found: list[Finding], names: tuple[str, ...]) -> NDArray[np.int64]:
    """(C + 1, C + 1) counts, labelled by shown, the background last. A loose or doubled box counts as shown on
    the background.
    """
    place = {name: i for i, name in enumerate((*names, BACKGROUND))}
    counts = np.zeros((len(place), len(place)), np.int64)
    for one in found:
        stray = one.kind in (Kind.LOOSE, Kind.DOUBLED)
        counts[place[BACKGROUND if stray else one.labelled], place[one.shown]] += 1
    return counts
