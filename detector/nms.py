"""From a network's raw output to boxes: decoding and non-maximum suppression, in numpy alone.

Two output kinds are known. ``raw``: (N, 4 + C, A), for each of A anchor points a box as cx, cy, w, h and C
class scores 0-1. ``end2end``: (N, K, 6), K boxes already chosen as left, top, right, bottom, confidence,
class. Both in pixels of the square that the network looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.errors import BadOutput


@dataclass(frozen=True, slots=True)
class Found:
    """Boxes of one picture, strongest first. xyxy: (N, 4) float32. class_id: (N,) int64. confidence: (N,)
    float32.
    """

    xyxy: Boxes
    class_id: NDArray[np.int64]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.xyxy)


def overlap(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every box of ``a`` (N, 4) with every box of ``b`` (M, 4): (N, M) float32,
    0-1.

    A box without area overlaps nothing.
    """
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    union = _area(a)[:, None] + _area(b)[None, :] - shared
    out = np.zeros_like(shared, np.float32)
    np.divide(shared, union, out=out, where=union > 0, casting="unsafe")
    return out


def suppress(boxes: Boxes, confidence: NDArray[np.float32], limit: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: indices of the boxes kept, strongest first.

    A box goes when a stronger kept box overlaps it by more than ``limit``. Equal confidences keep their
    order.
    """
    return _suppress(boxes, confidence, np.zeros(len(boxes), np.int64), limit, len(boxes))


def decode_raw(
    output: NDArray[np.float32], *, floor: float, limit: float, most: int = 300, candidates: int = 3000
) -> list[Found]:
    """Boxes per picture from raw output (N, 4 + C, A).

    floor: least confidence kept. limit: overlap within a class above which the weaker box goes. most: boxes
    kept per picture. candidates: strongest anchor points looked at, so that a flood cannot stall the service.
    Raises BadOutput for another shape, NaN or infinity.
    """
    if output.ndim != 3 or output.shape[1] < 5:
        raise BadOutput(f"output is {output.shape}; (pictures, 4 + classes, anchors) is expected")
    _check_finite(output)
    return [_decode_one(picture, floor, limit, most, candidates) for picture in output]


def decode_end2end(output: NDArray[np.float32], *, floor: float) -> list[Found]:
    """Boxes per picture from NMS-free output (N, K, 6). Raises BadOutput for another shape, NaN or
    infinity.
    """
    if output.ndim != 3 or output.shape[2] != 6:
        raise BadOutput(f"output is {output.shape}; (pictures, boxes, 6) is expected")
    _check_finite(output)
    found = []
    for picture in output:
        rows = picture[picture[:, 4] >= floor]
        rows = rows[np.argsort(-rows[:, 4], kind="stable")]
        found.append(Found(rows[:, :4].copy(), rows[:, 5].round().astype(np.int64), rows[:, 4].copy()))
    return found


def _decode_one(
    picture: NDArray[np.float32], floor: float, limit: float, most: int, candidates: int
) -> Found:
    """One picture's (4 + C, A): each anchor point counts for its strongest class alone."""
    scores = picture[4:]
    confidence = scores.max(axis=0)
    chosen = np.flatnonzero(confidence >= floor)
    chosen = chosen[np.argsort(-confidence[chosen], kind="stable")][:candidates]
    class_id = scores[:, chosen].argmax(axis=0).astype(np.int64)
    centre, half = picture[:2, chosen].T, picture[2:4, chosen].T / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    strength = confidence[chosen].astype(np.float32)
    index = _suppress(boxes, strength, class_id, limit, most)
    return Found(boxes[index], class_id[index], strength[index])


def _suppress(
    boxes: Boxes, confidence: NDArray[np.float32], class_id: NDArray[np.int64], limit: float, most: int
) -> NDArray[np.int64]:
    """As ``suppress``, each class for itself, in one walk over all boxes that ends when ``most`` are kept."""
    order = np.argsort(-confidence, kind="stable")
    sides = np.ascontiguousarray(boxes[order].T)
    kinds, areas = class_id[order], _area(boxes[order])
    kept: list[int] = []
    while len(order) and len(kept) < most:
        kept.append(int(order[0]))
        wide = np.minimum(sides[2], sides[2, 0]) - np.maximum(sides[0], sides[0, 0])
        high = np.minimum(sides[3], sides[3, 0]) - np.maximum(sides[1], sides[1, 0])
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        gone = (shared > limit * (areas + areas[0] - shared)) & (kinds == kinds[0])
        gone[0] = True
        left = ~gone
        order, sides, kinds, areas = order[left], sides[:, left], kinds[left], areas[left]
    return np.array(kept, np.int64)


def _area(boxes: Boxes) -> NDArray[np.float32]:
    sides: NDArray[np.float32] = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return sides[:, 0] * sides[:, 1]


def _check_finite(output: NDArray[np.float32]) -> None:
    if not np.isfinite(output).all():
        raise BadOutput(
            "NaN or infinity in the output of the network; check the weights with 'jiexun verify'"
        )
