"""Covering regions so that nothing of them can be won back."""

from __future__ import annotations

from math import ceil, floor

import cv2
import numpy as np

from detector.detections import Boxes
from detector.privacy.regions import Limits, Regions
from ingest.frame import Image


def grown(xyxy: Boxes, margin: float) -> Boxes:
    """Boxes (N, 4) with ``margin`` of their sides added all around."""
    extra = (xyxy[:, 2:] - xyxy[:, :2]) * np.float32(margin)
    return np.concatenate([xyxy[:, :2] - extra, xyxy[:, 2:] + extra], axis=1).astype(np.float32)


def covered(image: Image, regions: Regions, limits: Limits) -> Image:
    """A copy of the picture (H, W, 3) uint8 with its regions covered, each with its margin.

    A face is left as ``cells`` mean colours along its longer side, blended into each other: less than anybody can be
    known by. A plate is left as one colour: its letters have a known form, and a mosaic of them is read by trying.
    """
    out = image.copy()
    for kind in ("face", "plate"):
        of = np.array([k == kind for k in regions.kind], np.bool_)
        cells = limits.cells if kind == "face" else 1
        for box in grown(regions.xyxy[of], limits.margin(kind)):
            _cover(out, box.tolist(), cells)
    return out


def _cover(image: Image, box: list[float], cells: int) -> None:
    height, width = image.shape[:2]
    left, top = max(0, floor(box[0])), max(0, floor(box[1]))
    right, bottom = min(width, ceil(box[2])), min(height, ceil(box[3]))
    if right <= left or bottom <= top:
        return
    window = image[top:bottom, left:right]
    across, down = right - left, bottom - top
    cell = max(across, down) / cells
    few = max(1, min(cells, floor(across / cell))), max(1, min(cells, floor(down / cell)))
    small = cv2.resize(window, few, interpolation=cv2.INTER_AREA)
    window[:] = cv2.resize(small, (across, down), interpolation=cv2.INTER_LINEAR)
