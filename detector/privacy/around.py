"""Which of the networks' boxes are covered, given the persons and vehicles around. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.privacy.regions import FaceLimits, PlateLimits

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


def faces_kept(boxes: Boxes, confidence: Floats, persons: Boxes, limits: FaceLimits) -> Indices:
    """Indices of the faces (N, 4), strongest first: the sure ones, and of the doubtful ones the best where a
    person's (M, 4) face would be and no sure one is.
    """
    kept: NDArray[np.bool_] = confidence >= limits.threshold
    fits = _inside(boxes, persons)
    middle = (boxes[:, 1] + boxes[:, 3])[:, None] / 2 - persons[:, 1]
    height, whole = (boxes[:, 3] - boxes[:, 1])[:, None], persons[:, 3] - persons[:, 1]
    fits &= middle <= limits.head * whole
    fits &= (limits.least * whole <= height) & (height <= limits.most * whole)
    fits &= (confidence >= limits.doubtful)[:, None]
    for of_person in fits.T:
        if of_person.any() and not (kept & of_person).any():
            kept[np.flatnonzero(of_person)[confidence[of_person].argmax()]] = True
    return np.flatnonzero(kept)


def plates_kept(
    boxes: Boxes, confidence: Floats, vehicles: Boxes, width: int, limits: PlateLimits
) -> Indices:
    """Indices of the plates (N, 4): those on a vehicle (M, 4), and small ones in the picture of this width, px."""
    wide = boxes[:, 2] - boxes[:, 0]
    on = _inside(boxes, vehicles) & (wide[:, None] <= limits.share * (vehicles[:, 2] - vehicles[:, 0]))
    on_vehicle = on.any(axis=1) & (confidence >= limits.doubtful)
    small = (wide <= limits.small * width) & (confidence >= limits.threshold)
    return np.flatnonzero(on_vehicle | small)


def _inside(boxes: Boxes, around: Boxes) -> NDArray[np.bool_]:
    """(N, M): whether the middle of a box lies in the one around it."""
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    low, high = middle >= around[None, :, :2], middle <= around[None, :, 2:]
    return np.asarray(np.all(low & high, axis=2), np.bool_)
