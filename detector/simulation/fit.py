"""Fitting an error model to what a detector saw in labelled pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from detector.evaluation.looks import Looks, Scene
from detector.scene.boxes import Floats, iou
from detector.scene.sightings import Mask
from detector.simulation.error_model import LABELS, ClassErrors, ErrorModel

FLOOR = 0.05
"""Least confidence that counts: far below every rule's, and above most of the network's noise."""

HIT = 0.5  # overlap (IoU) of a box that is the thing
TOUCH = 0.1  # ... below which a box is of something else

_EDGES = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8)
"""Confidences between which labelled boxes are counted for the fit."""

PRIOR = 10
"""A class is fitted as if so many more boxes had been seen, spread like those of all classes together."""

_MEANS = np.linspace(-8.0, 6.0, 113)
_SPREADS = np.linspace(0.5, 6.0, 45)


def fit(looks: Looks, fitted_on: str) -> ErrorModel:
    """The error model of the detector that looked. The detector must report boxes from ``FLOOR`` on.

    Per class the latent score's mean and spread are those under which the labelled boxes' best confidences,
    counted between fixed limits (what was not found: below the lowest), are most probable (maximum likelihood
    on a grid). A class with few labelled boxes leans on all classes together (``PRIOR``).
    """
    found = {label: np.concatenate([_best(s, label) for s in looks.scenes]) for label in LABELS}
    together = np.concatenate(list(found.values()))
    if not len(together):
        raise ValueError(
            "no labelled stall, shop_goods or pile in these pictures: nothing to fit; label some"
        )
    offs = np.concatenate([_offs(scene) for scene in looks.scenes])
    parts = sum(_parts(scene) for scene in looks.scenes)
    sides = [side for scene in looks.scenes for side in _false_sides(scene)]
    return ErrorModel(
        fitted_on=fitted_on,
        pictures=len(looks.scenes),
        floor=FLOOR,
        # The median's spread and not the root mean square: one box around two things is no jitter.
        jitter=float(np.clip(1.4826 * np.median(np.abs(offs)), 0.01, 0.3)) if len(offs) else 0.05,
        part_rate=min(1.0, parts / len(together)),
        false_side=float(np.median(sides)) if sides else 0.15,
        classes={label: _class_errors(looks.scenes, label, found[label], together) for label in LABELS},
    )


def refit(looks: Looks, fitted_on: str, assumed: ErrorModel) -> ErrorModel:
    """As ``fit``, with what pictures cannot tell taken from another model."""
    fitted = fit(looks, fitted_on)
    return replace(
        assumed,
        fitted_on=fitted.fitted_on,
        pictures=fitted.pictures,
        floor=fitted.floor,
        jitter=fitted.jitter,
        part_rate=fitted.part_rate,
        false_side=fitted.false_side,
        classes=fitted.classes,
    )


def _class_errors(scenes: Sequence[Scene], label: str, found: Floats, together: Floats) -> ClassErrors:
    mean, spread = latent(found, together)
    false = np.concatenate([_false(scene, label) for scene in scenes])
    tail = float(np.mean(logit(false) - logit(FLOOR))) if len(false) else 1.0
    wrong = sum(_mislabelled(scene, label) for scene in scenes)
    wrong_of_all = sum(_mislabelled(scene, other) for scene in scenes for other in LABELS) / len(together)
    return ClassErrors(
        boxes=len(found),
        mean=mean,
        spread=spread,
        mislabelled=(wrong + PRIOR * wrong_of_all) / (len(found) + PRIOR),
        false_rate=len(false) / len(scenes),
        false_tail=max(0.2, tail),
    )


def latent(best: Floats, together: Floats) -> tuple[float, float]:
    """(mean, spread) in logits of the normal score of boxes whose best confidences (N,) are ``best``; 0: missed.

    together: of all classes.
    """
    limits = [-math.inf, *(float(logit(edge)) for edge in _EDGES), math.inf]
    bins = [-1.0, *_EDGES, 2.0]
    counts = np.histogram(best, bins)[0] + PRIOR * np.histogram(together, bins)[0] / len(together)
    normal = NormalDist()
    cdf = np.vectorize(normal.cdf)
    most = (-math.inf, 0.0, 1.0)
    for spread in _SPREADS.tolist():
        below = cdf((np.array(limits)[None, :] - _MEANS[:, None]) / spread)
        likelihood = (counts * np.log(np.maximum(np.diff(below, axis=1), 1e-12))).sum(axis=1)
        i = int(np.argmax(likelihood))
        most = max(most, (float(likelihood[i]), float(_MEANS[i]), spread))
    return most[1], most[2]


def logit(share: Floats | float) -> Floats:
    """Log odds of shares strictly between 0 and 1."""
    held = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(held / (1 - held)), np.float64)


def _ours(scene: Scene) -> tuple[Floats, Floats, list[str]]:
    """Boxes, confidences and labels of the three classes, from the floor on."""
    seen = scene.seen
    mine = [i for i in range(len(seen)) if seen.label(i) in LABELS and seen.confidence[i] >= FLOOR]
    return (
        seen.xyxy[mine].astype(np.float64),
        seen.confidence[mine].astype(np.float64),
        [seen.label(i) for i in mine],
    )


def _truths(scene: Scene) -> tuple[Floats, list[str]]:
    boxes = [scene.truths[label].astype(np.float64) for label in LABELS if label in scene.truths]
    labels = [label for label in LABELS if label in scene.truths for _ in scene.truths[label]]
    return (np.concatenate(boxes) if boxes else np.zeros((0, 4))), labels


def _best(scene: Scene, label: str) -> Floats:
    """(N,) best confidence with which each labelled box of a class was found; 0: missed."""
    boxes, confidence, labels = _ours(scene)
    mine = np.array([seen == label for seen in labels], bool)
    truths = scene.truths.get(label, np.zeros((0, 4))).astype(np.float64)
    if not mine.any() or not len(truths):
        return np.zeros(len(truths))
    hit = iou(truths, boxes[mine]) >= HIT
    best: Floats = np.where(hit, confidence[mine], 0.0).max(axis=1)
    return best


def _offs(scene: Scene) -> Floats:
    """(N,) how far the sides of found boxes are off, as shares of the labelled width or height."""
    boxes, _, labels = _ours(scene)
    truths, names = _truths(scene)
    if not len(boxes) or not len(truths):
        return np.zeros(0)
    overlap = iou(truths, boxes) * np.array([[a == b for b in labels] for a in names])
    found = overlap.max(axis=1) >= HIT
    width, height = truths[:, 2] - truths[:, 0], truths[:, 3] - truths[:, 1]
    off = (boxes[overlap.argmax(axis=1)] - truths) / np.column_stack([width, height, width, height])
    sides: Floats = off[found].ravel()
    return sides


def _parts(scene: Scene) -> int:
    """Boxes that touch a labelled one of their class and are it not."""
    boxes, _, labels = _ours(scene)
    truths, names = _truths(scene)
    if not len(boxes) or not len(truths):
        return 0
    overlap = iou(truths, boxes) * np.array([[a == b for b in labels] for a in names])
    best = overlap.max(axis=0)
    return int(((best >= TOUCH) & (best < HIT)).sum())


def _mislabelled(scene: Scene, label: str) -> int:
    """Labelled boxes of a class whose surest box bears another label."""
    boxes, confidence, labels = _ours(scene)
    truths = scene.truths.get(label, np.zeros((0, 4))).astype(np.float64)
    if not len(boxes) or not len(truths):
        return 0
    sure = np.where(iou(truths, boxes) >= HIT, confidence, 0.0)
    return sum(row.max() > 0 and labels[int(row.argmax())] != label for row in sure)


def _false_mask(scene: Scene) -> Mask:
    boxes, _, _ = _ours(scene)
    truths, _ = _truths(scene)
    if not len(truths) or not len(boxes):
        return np.ones(len(boxes), bool)
    clear: Mask = iou(truths, boxes).max(axis=0) < TOUCH
    return clear


def _false(scene: Scene, label: str) -> Floats:
    """Confidences of the boxes of a class on nothing labelled."""
    _, confidence, labels = _ours(scene)
    mine = np.array([seen == label for seen in labels], bool)
    false: Floats = confidence[mine & _false_mask(scene)]
    return false


def _false_sides(scene: Scene) -> list[float]:
    boxes, _, _ = _ours(scene)
    false = boxes[_false_mask(scene)]
    share = (false[:, 2:] - false[:, :2]).prod(axis=1) / (scene.width * scene.height)
    return [float(side) for side in np.sqrt(share)]
