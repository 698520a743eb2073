"""From the two networks' raw output to boxes, in pixels of what they looked at. Pure numpy.

Faces: CenterFace (Xu et al., 2019): a heat map of face centres with size and offset, one cell for 4 x 4 pixels.
Plates: RetinaFace's single-shot head (Deng et al., 2019) trained on plates: corrections to fixed priors.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes
from detector.errors import BadOutput
from detector.nms import suppress

Floats = NDArray[np.float32]

FACE_STRIDE = 4
PRIOR_STRIDES = (8, 16, 32)
PRIOR_SIDES = ((24, 48), (96, 192), (384, 768))
VARIANCE = (0.1, 0.2)
MOST = 2000
"""Strongest places that are looked at, so that a flood cannot stall the service."""


def decode_faces(
    heat: Floats, scale: Floats, offset: Floats, *, threshold: float, overlap: float
) -> tuple[Boxes, Floats]:
    """Boxes (N, 4) and confidences (N,), strongest first.

    heat: (H, W) 0-1. scale, offset: (2, H, W), vertical first; scale is the logarithm of the side in cells. overlap:
    intersection over union above which the weaker box goes. Raises BadOutput for other shapes, NaN or infinity.
    """
    if heat.ndim != 2 or scale.shape != (2, *heat.shape) or offset.shape != (2, *heat.shape):
        raise BadOutput(f"faces: heat map {heat.shape}, sizes {scale.shape}, offsets {offset.shape}")
    row, column = np.nonzero(heat >= threshold)
    confidence = heat[row, column]
    _check_finite(heat, scale[:, row, column], offset[:, row, column])
    chosen = np.argsort(-confidence, kind="stable")[:MOST]
    row, column, confidence = row[chosen], column[chosen], confidence[chosen]
    at = np.stack([column, row], axis=1) + offset[::-1, row, column].T + 0.5
    half = np.exp(scale[::-1, row, column].T.clip(max=10)) / 2
    boxes = (np.concatenate([at - half, at + half], axis=1) * FACE_STRIDE).astype(np.float32)
    return _strongest(boxes, confidence, overlap)


def decode_plates(
    moves: Floats, confidence: Floats, width: int, height: int, *, threshold: float, overlap: float
) -> tuple[Boxes, Floats]:
    """Boxes (N, 4) and confidences (N,), strongest first.

    moves: (A, 4) corrections to the priors of a picture of this width and height. confidence: (A,) 0-1.
    Raises BadOutput for other shapes, NaN or infinity.
    """
    fixed = priors(width, height)
    if moves.shape != fixed.shape or confidence.shape != (len(fixed),):
        raise BadOutput(f"plates: {moves.shape} for {fixed.shape} priors, confidences {confidence.shape}")
    _check_finite(confidence)
    chosen = np.flatnonzero(confidence >= threshold)
    chosen = chosen[np.argsort(-confidence[chosen], kind="stable")][:MOST]
    move, prior = moves[chosen], fixed[chosen]
    _check_finite(move)
    centre = prior[:, :2] + move[:, :2] * VARIANCE[0] * prior[:, 2:]
    half = prior[:, 2:] * np.exp((move[:, 2:] * VARIANCE[1]).clip(max=10)) / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    return _strongest(boxes, confidence[chosen], overlap)


@lru_cache(maxsize=16)
def priors(width: int, height: int) -> Floats:
    """(A, 4): centre x, centre y, width, height in px, by stride, then row, column and side."""
    parts = []
    for stride, sides in zip(PRIOR_STRIDES, PRIOR_SIDES, strict=True):
        rows, columns = -(-height // stride), -(-width // stride)
        y, x, side = np.meshgrid(
            (np.arange(rows) + 0.5) * stride, (np.arange(columns) + 0.5) * stride, sides, indexing="ij"
        )
        parts.append(np.stack([x, y, side, side], axis=-1).reshape(-1, 4))
    return np.concatenate(parts).astype(np.float32)


def _strongest(boxes: Boxes, confidence: Floats, overlap: float) -> tuple[Boxes, Floats]:
    kept = suppress(boxes, confidence, overlap)
    return boxes[kept], confidence[kept].astype(np.float32)


def _check_finite(*values: Floats) -> None:
    if not all(np.isfinite(v).all() for v in values):
        raise BadOutput("NaN or infinity in the output of a privacy network; take weights/ from the release")
