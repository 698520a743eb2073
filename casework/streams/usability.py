"""How usable a street camera is (筛选有效资源): 0-100 from what one picture, its zones and its last week show.

The score is 100 times the geometric mean of the parts that are known, each 0-1: a part that is nearly nought makes the
camera unusable, however good the others are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from detector.care.aligning import reference_of
from detector.care.features import features
from detector.care.judging import judge_picture
from detector.care.model import shipped
from ingest.frame import Image

PARTS = ("size", "sharp", "lit", "clear", "view", "pavement", "uptime")
"""clear: nothing stands before it (``ingest.streams.usability``)."""

BLURRED, SHARP = 0.25, 0.70
"""Fine over coarse detail (``detector.care.features``): streets by day and night have 0.75 to 1, the same pictures
blurred by 16 pixels of 1920 have 0.18, by 8 pixels 0.28."""

DARK, BRIGHT = 24.0, 90.0  # grey levels that the brightest twentieth passes
BURNT, BURNT_MOST = 0.10, 0.50  # share of pixels at 250 and more
LEAST_WIDTH, LEAST_HEIGHT = 1280, 720  # GA/T 832
PAVEMENT = 0.08  # share of the picture that zones should cover


def of_picture(image: Image, reference: Image | None) -> dict[str, float | None]:
    """size, sharp, lit and view of a picture (H, W, 3) uint8 BGR. view: as on the reference; none without one."""
    height, width = image.shape[:2]
    seen = features(image)
    burnt = float((seen.grey >= 250).mean())
    lit = min(_between(seen.bright, DARK, BRIGHT), 1.0 - _between(burnt, BURNT, BURNT_MOST))
    view = None
    if reference is not None:
        view = 1.0 if judge_picture(reference_of(reference), image, shipped()).condition.usable else 0.0
    return {
        "size": round(min(width / LEAST_WIDTH, height / LEAST_HEIGHT, 1.0), 3),
        "sharp": round(_between(seen.sharpness, BLURRED, SHARP), 3),
        "lit": round(lit, 3),
        "view": view,
    }


def of_pavement(polygons: Sequence[Sequence[Sequence[float]]]) -> float | None:
    """Whether enough pavement and frontage is in the picture: by the zones drawn, points 0-1; none where none are."""
    if not polygons:
        return None
    area = sum(_area(np.asarray(polygon, np.float64)) for polygon in polygons)
    return round(min(area / PAVEMENT, 1.0), 3)


def of_uptime(asked: int, got: int) -> float | None:
    """Share of looks that got a picture; none before any was asked for."""
    return round(got / asked, 3) if asked else None


def score(parts: dict[str, float | None]) -> int | None:
    """0-100; none where nothing is known."""
    known = [value for value in parts.values() if value is not None]
    if not known:
        return None
    return round(100 * math.prod(known) ** (1 / len(known)))


def _between(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _area(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Of a polygon (K, 2) that is not closed: half the sum of cross products."""
    x, y = points[:, 0], points[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
