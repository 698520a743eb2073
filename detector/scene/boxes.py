"""Boxes: overlap, the foot, and pairing, for arrays of (left, top, right, bottom) in any one unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FOOT = 0.25
"""Share of a box's height, from its lower edge, that counts as its foot.

A thing stands on the ground where its box ends; the upper part only hides what lies behind it. A strip
instead of the bare edge, because the thing has depth: seen from a pole or a car roof (10-35 degrees down) the
ground that a stall covers fills about the lowest fifth to third of its box. The strip is also less shaken by
an edge that jumps a pixel.
"""


def areas(boxes: Floats) -> Floats:
    """(N,) areas of (N, 4) boxes."""
    area: Floats = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return area


def intersections(a: Floats, b: Floats) -> Floats:
    """(A, B) areas common to (A, 4) and (B, 4) boxes."""
    # Side by side and not as one (A, B, 2) array: numpy is three times as fast on long rows.
    # In place, because this is most of what a look's arrays cost.
    common: Floats = np.minimum(a[:, 2, None], b[:, 2])
    common -= np.maximum(a[:, 0, None], b[:, 0])
    height = np.minimum(a[:, 3, None], b[:, 3])
    height -= np.maximum(a[:, 1, None], b[:, 1])
    np.maximum(common, 0.0, out=common)
    np.maximum(height, 0.0, out=height)
    common *= height
    return common


def iou(a: Floats, b: Floats) -> Floats:
    """(A, B) intersection over union; boxes must have an area."""
    common = intersections(a, b)
    union: Floats = areas(a)[:, None] + areas(b)[None, :] - common
    share: Floats = common / union
    return share


def contained(a: Floats, b: Floats) -> Floats:
    """(A, B) intersection over the smaller of the two areas."""
    share: Floats = intersections(a, b) / np.minimum(areas(a)[:, None], areas(b)[None, :])
    return share


def feet(boxes: Floats) -> Floats:
    """(N, 4) lowest strips of (N, 4) boxes, ``FOOT`` of the height."""
    strips = boxes.copy()
    strips[:, 1] = boxes[:, 3] - FOOT * (boxes[:, 3] - boxes[:, 1])
    return strips


def foot_points(boxes: Floats) -> Floats:
    """(N, 2) middles of the lower edges of (N, 4) boxes."""
    return np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])


def pair_up(score: Floats, least: float) -> list[tuple[int, int]]:
    """Pairs (row, column) with a score of ``least`` or more, best first, each row and column once.

    Greedy and not Hungarian: things that stand still overlap their own place far better than their
    neighbours', so both give the same pairs wherever it matters, and greedy needs no scipy.
    Ties go to the lower row, then column, so that the same input always gives the same pairs.
    """
    rows, columns = np.nonzero(score >= least)
    if not len(rows):
        return []
    order = np.argsort(-score[rows, columns], kind="stable")
    free_row, free_column = [True] * score.shape[0], [True] * score.shape[1]
    pairs: list[tuple[int, int]] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if free_row[row] and free_column[column]:
            free_row[row] = free_column[column] = False
            pairs.append((row, column))
    return pairs
