"""A picture as a small grid: in each cell the direction of its edges, its grey level and its colour."""

from __future__ import annotations

import math

import cv2
import numpy as np

from detector.background.model import Floats
from detector.care.features import WIDTH, Working, edge_directions
from ingest.frame import Image

CELLS = 5184
"""Cells of a grid: 96 by 54 for a wide picture. The smallest thing is three across, a thirtieth of the picture."""

EDGES, LEVEL, COLOUR = slice(0, 2), 2, slice(3, 5)
"""Where in a cell's five numbers they lie."""


def grid_of(width: int, height: int) -> tuple[int, int]:
    """(rows, columns) of the grid of a picture: cells are square, and there are as many whatever its shape."""
    columns = max(12, round(math.sqrt(CELLS * width / height)))
    return max(12, round(CELLS / columns)), columns


def cells_of(image: Image, shift: tuple[float, float] = (0.0, 0.0), working: Working | None = None) -> Floats:
    """(rows, columns, 5) of a picture (H, W, 3) uint8 BGR: cosine and sine of twice the edges' direction times strength
    0-1, grey level 0-1, shares of blue and of red less that of green.

    shift: by which the picture lies off its reference, shares of width and height, right and down positive.
    working: of the picture, where others ask for it too.
    """
    height, width = image.shape[:2]
    small = (working or Working(image)).small
    high = len(small)
    if shift != (0.0, 0.0):
        back = np.array([[1, 0, -shift[0] * WIDTH], [0, 1, -shift[1] * high]], np.float32)
        moved = cv2.warpAffine(small, back, (WIDTH, high), borderMode=cv2.BORDER_REPLICATE)
        small = np.asarray(moved, np.uint8)
    level = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    soft = cv2.GaussianBlur(level, (0, 0), 1.0)
    rows, columns = grid_of(width, height)
    size = (columns, rows)
    found = np.empty((rows, columns, 5), np.float32)
    edges = edge_directions(np.asarray(soft, np.float32))
    found[..., EDGES] = cv2.resize(edges, size, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(small, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    total = colour.sum(axis=2) + 30.0  # in the dark colours are noise
    found[..., LEVEL] = colour.mean(axis=2) / 255
    found[..., 3] = (colour[..., 0] - colour[..., 1]) / total
    found[..., 4] = (colour[..., 2] - colour[..., 1]) / total
    return found


def strength(edges: Floats) -> Floats:
    """(rows, columns) of (rows, columns, 2)."""
    return np.asarray(np.hypot(edges[..., 0], edges[..., 1]), np.float32)


def beyond(edges: Floats, known: Floats) -> Floats:
    """(rows, columns) strength 0-1 of the edges that ``known`` has not. Both (rows, columns, 2)."""
    own = strength(edges)
    common = (edges * known).sum(axis=2)
    return np.asarray(np.maximum(own - np.maximum(common, 0) / np.maximum(own, 1e-3), 0.0), np.float32)
