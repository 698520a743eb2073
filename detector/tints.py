"""Tints: the colours of what boxes hold, in four bytes each, to tell neighbours apart where places cannot.

Of a box's upper and of its lower half: how much redder than green the light is, and how much bluer than both, as
shares of all light. Brightness is left out, as it changes with every cloud.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from ingest.frame import Image

Tints = NDArray[np.int8]
"""(N, 4): red and blue of the upper half, red and blue of the lower, in 1/256 of the light; ``UNKNOWN`` where dark."""

UNKNOWN = -128
SIDE = 0.15
"""Left out at each side of a box: what stands behind the thing shows there."""

GRID = 6
"""Pixels looked at along each side of a box. A mean of eighteen is as good as one of thousands to tell red from blue,
and costs a fiftieth of a millisecond."""

DARK = 60
"""Least sum of the three channels, 0-765, at which a colour can be told."""

ALIKE = 24.0
"""Tints that differ by this much in any part, a tenth of the light, have nothing in common."""


def tints_of(image: Image, xyxy: NDArray[np.float32]) -> Tints:
    """Tints of boxes (N, 4) px in a picture (H, W, 3) BGR. Boxes may reach beyond it."""
    height, width = image.shape[:2]
    inner = SIDE + (1 - 2 * SIDE) * (np.arange(GRID) + 0.5) / GRID
    x = xyxy[:, 0, None] + inner * (xyxy[:, 2] - xyxy[:, 0])[:, None]
    y = xyxy[:, 1, None] + inner * (xyxy[:, 3] - xyxy[:, 1])[:, None]
    columns = np.clip(x, 0, width - 1).astype(np.intp)
    rows = np.clip(y, 0, height - 1).astype(np.intp)
    points = image[rows[:, :, None], columns[:, None, :]]  # (N, GRID, GRID, 3)
    halves = points.reshape(len(xyxy), 2, GRID * GRID // 2, 3).mean(axis=2)
    light = halves.sum(axis=2)
    blue, green, red = halves[..., 0], halves[..., 1], halves[..., 2]
    lit = np.maximum(light, DARK)
    both = np.stack([(red - green) / lit, (blue - (red + green) / 2) / lit], axis=2)
    tint = np.clip(np.rint(both * 256), -127, 127)
    tint[light < DARK] = UNKNOWN
    found: Tints = tint.reshape(len(xyxy), 4).astype(np.int8)
    return found


def tinted(seen: Detections, image: Image) -> Detections:
    """What was seen in a picture (H, W, 3) BGR, with its tints."""
    return replace(seen, tints=tints_of(image, seen.xyxy))


def alike(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(A, B) likeness 0-1 of tints (A, 4) and (B, 4); 0.5 where one is not known (NaN in any part)."""
    apart = np.abs(a[:, None] - b[None]).max(axis=2)
    like: NDArray[np.float64] = np.where(np.isnan(apart), 0.5, 1 - np.minimum(apart / ALIKE, 1))
    return like


def known(seen: Detections) -> NDArray[np.float64]:
    """(N, 4) the tints as numbers, NaN where they are not known."""
    if seen.tints is None:
        return np.full((len(seen), 4), np.nan)
    return np.where(seen.tints == UNKNOWN, np.nan, seen.tints.astype(np.float64))


def mixed(
    was: NDArray[np.float64], now: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, 4) tints drawn towards new ones by ``weight`` (N, 1); what is not known of either changes nothing."""
    drawn = was + weight * (now - was)
    return np.where(np.isnan(drawn), np.where(np.isnan(was), now, was), drawn)
