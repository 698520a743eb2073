"""What of a picture is compared: the directions of its edges, a thumbnail, its sharpness.

Edges and not grey levels: light, shadow and lamps change levels, and directions far less. Directions are doubled,
so that an edge which is bright on one side by day and on the other by night stays the same edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image

WIDTH = 320
"""Pixels of the working picture: half of what a detector sees, and noise is averaged away."""

TILE = 40
"""Pixels; a tile's side."""

REACH = 8
"""Pixels by which a tile is looked for around its place."""

EDGE = 3.0
"""Grey levels a pixel: slopes much weaker than this are noise."""

TEXTURED = 0.08
"""Least mean strength (0-1) of a tile's edges to say anything."""

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Features:
    """size: (width, height) px of the picture. grey, edges, corners: of the working picture.

    grey: (H, W). edges: (H, W, 2), cosine and sine of twice the direction, times strength 0-1. strength: (rows,
    columns) mean of each tile. bright: level that the brightest twentieth passes. sharpness: fine over coarse detail.
    """

    size: tuple[int, int]
    grey: Grey
    edges: Floats
    strength: Floats
    thumbnail: Floats
    bright: float
    sharpness: float

    @property
    def textured(self) -> NDArray[np.bool_]:
        """(rows, columns) which tiles have edges."""
        mask: NDArray[np.bool_] = self.strength >= TEXTURED
        return mask


class Working:
    """The working picture of a picture (H, W, 3) uint8 BGR: made when it is first asked for, once for all who ask."""

    def __init__(self, image: Image) -> None:
        self._image = image

    @cached_property
    def small(self) -> Image:
        """(high, ``WIDTH``, 3)."""
        height, width = self._image.shape[:2]
        high = max(2 * TILE, round(WIDTH * height / width))
        return np.asarray(cv2.resize(self._image, (WIDTH, high), interpolation=cv2.INTER_AREA), np.uint8)


def features(image: Image, working: Working | None = None) -> Features:
    """Of a picture (H, W, 3) uint8 BGR. working: of it, where others ask for it too."""
    height, width = image.shape[:2]
    small = (working or Working(image)).small
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    level = grey.astype(np.float32)
    soft = cv2.GaussianBlur(level, (0, 0), 1.0)
    edges = edge_directions(np.asarray(soft, np.float32))
    fine = float(np.std(level - soft))
    coarse = float(np.std(soft - cv2.GaussianBlur(soft, (0, 0), 3.0)))
    return Features(
        size=(width, height),
        grey=grey,
        edges=edges,
        strength=_per_tile(np.hypot(edges[:, :, 0], edges[:, :, 1])),
        thumbnail=np.asarray(cv2.resize(level, (32, 18), interpolation=cv2.INTER_AREA), np.float32),
        bright=float(np.percentile(grey[::2, ::2], 95)),
        sharpness=fine / max(coarse, 1e-3),
    )


def alike(a: Floats, b: Floats) -> float:
    """Correlation -1..1 of two pictures; 0 where one is flat."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-6 else 0.0


def edge_directions(level: Floats) -> Floats:
    """(H, W, 2) of a softened grey picture (H, W): cosine and sine of twice the direction, times strength 0-1."""
    x = cv2.Sobel(level, cv2.CV_32F, 1, 0, scale=0.125)
    y = cv2.Sobel(level, cv2.CV_32F, 0, 1, scale=0.125)
    square_x, square_y = x * x, y * y
    weight = 1.0 / (square_x + square_y + EDGE * EDGE)
    return np.asarray(np.dstack([(square_x - square_y) * weight, 2 * x * y * weight]), np.float32)


def _per_tile(values: Floats) -> Floats:
    rows, columns = values.shape[0] // TILE, values.shape[1] // TILE
    cut = values[: rows * TILE, : columns * TILE]
    return np.asarray(cut.reshape(rows, TILE, columns, TILE).mean(axis=(1, 3)), np.float32)
