"""Whether anything stands before a camera, from its pictures alone (筛选有效资源).

Pure: pictures come in as arrays. The score of a camera is made in ``casework.streams.usability``, where sharpness,
light, view, pavement and uptime are put together; there a reference picture is needed to see that the view is
blocked, and a camera that was just connected has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np

from ingest.frame import Image

SIDE = 480
"""Longest side, px, of the picture that is measured: noise is averaged away and every camera is measured alike."""

GRID = (6, 8)
"""Rows and columns of parts."""

FLAT = 3.0
"""Standard deviation, grey levels: a part of the grid below it shows nothing."""

BLOCKED = (0.5, 0.9)
"""Share of flat parts: sky and a bare wall fill up to the first (of 150 street photographs the worst had 0.33), a bag
over the lens the second."""


def clear(pictures: Sequence[Image]) -> float:
    """0 (blocked or blank) to 1, the median of the pictures, (H, W, 3) uint8 BGR, best from several hours of a day.

    Raises ValueError without pictures.
    """
    if not pictures:
        raise ValueError("no pictures: a camera is judged by what it shows")
    return median(_clear(picture) for picture in pictures)


def _clear(picture: Image) -> float:
    scale = SIDE / max(picture.shape[:2])
    small = (
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    )
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    parts = [p for row in np.array_split(grey, GRID[0]) for p in np.array_split(row, GRID[1], axis=1)]
    flat = float(np.mean([part.std() < FLAT for part in parts]))
    low, high = BLOCKED
    return 1.0 - min(1.0, max(0.0, (flat - low) / (high - low)))
