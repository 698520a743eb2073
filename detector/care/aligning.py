"""Laying a look's picture over the reference: tile by tile near its place, or by corner points where that fails."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.care.features import REACH, TILE, WIDTH, Features, Floats, features
from ingest.frame import Image

Surface = NDArray[np.float64]
SIDE = 2 * REACH + 1


DISTINCT = 0.6
"""A tile is distinct when nothing at the border of its search is as alike to it as this."""

LEAST_TILES = 8
"""Distinct tiles that are enough."""


@dataclass(frozen=True, slots=True)
class Reference:
    """own: of the reference picture. places: (P, 2) rows and columns of the tiles that are looked for."""

    own: Features
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Laid:
    """shift: (x, y) px of the working picture. alike: share of the reference's tiles (0-1). turn_deg, zoom: against
    the reference, 0 where too little is alike to say.
    """

    shift: tuple[float, float]
    alike: float
    tiles: int
    turn_deg: float
    zoom: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """One shift, turn and zoom that corner points agree on. shift: of the picture's middle, px of the working
    picture. points: how many agree.
    """

    shift: tuple[float, float]
    turn_deg: float
    zoom: float
    points: int


def reference_of(image: Image) -> Reference:
    """Of the reference picture, (H, W, 3) uint8 BGR. A tile that is alike to what lies beside it (a kerb along
    itself, a row of windows) cannot tell a shift, and is left out where there are enough others.
    """
    own = features(image)
    textured = np.argwhere(own.textured)
    tells = np.array([_ring(s) < DISTINCT for s in _surfaces(own, own, textured)], bool)
    places = textured[tells] if tells.sum() >= LEAST_TILES else textured
    return Reference(own, places)


def lay(reference: Reference, look: Features, alike_tile: float) -> Laid:
    """Both of one shape. The shift is where all tiles together fit best: people and vehicles have no common one."""
    places = reference.places
    if not len(places):
        return Laid((0.0, 0.0), 0.0, 0, 0.0, 0.0)
    surfaces = _surfaces(reference.own, look, places)
    shift = _peak(surfaces.sum(axis=0))
    x, y = (min(max(round(s) + REACH, 1), SIDE - 2) for s in shift)
    near = surfaces[:, y - 1 : y + 2, x - 1 : x + 2].max(axis=(1, 2)) >= alike_tile
    turn, zoom = _turn_and_zoom(places[near], surfaces[near]) if near.sum() >= 8 else (0.0, 0.0)
    return Laid(shift, float(near.mean()), len(places), turn, zoom)


def fit_points(reference: Features, look: Features) -> Fitted | None:
    """By ORB corner points; none where fewer than four match. Costs more: for looks that ``lay`` finds unlike."""
    finder = cv2.ORB.create(nfeatures=500, fastThreshold=10)
    points_a, words_a = finder.detectAndCompute(reference.grey, None)
    points_b, words_b = finder.detectAndCompute(look.grey, None)
    if len(points_a) < 4 or len(points_b) < 4:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(words_a, words_b)
    if len(matches) < 4:
        return None
    a = np.array([points_a[m.queryIdx].pt for m in matches], np.float32)
    b = np.array([points_b[m.trainIdx].pt for m in matches], np.float32)
    cv2.setRNGSeed(1)  # the same pictures give the same answer
    matrix, inside = cv2.estimateAffinePartial2D(a, b, ransacReprojThreshold=2.0, maxIters=500)
    if matrix is None:
        return None
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    middle = np.array([WIDTH / 2, reference.grey.shape[0] / 2, 1.0])
    moved = matrix @ middle - middle[:2]
    turn = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
    return Fitted((float(moved[0]), float(moved[1])), turn, scale - 1, int(inside.sum()))


def _surfaces(reference: Features, look: Features, places: NDArray[np.int64]) -> Surface:
    """(P, SIDE, SIDE) likeness of each tile with what lies around its place; the middle is no shift."""
    wide = np.pad(look.edges, ((REACH, REACH), (REACH, REACH), (0, 0)))
    found = np.zeros((len(places), SIDE, SIDE), np.float32)
    for surface, (row, column) in zip(found, places.tolist(), strict=True):
        _lay_tile(reference.edges, wide, row, column, surface)
    return np.nan_to_num(found.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _ring(surface: Surface) -> float:
    """The best likeness at the border of the search."""
    return float(max(surface[0].max(), surface[-1].max(), surface[:, 0].max(), surface[:, -1].max()))


def _lay_tile(reference: Floats, wide: Floats, row: int, column: int, surface: Floats) -> None:
    """Write what a tile is like into its ``surface``; nothing where all around is flat."""
    y, x = row * TILE, column * TILE
    tile = reference[y : y + TILE, x : x + TILE]
    around = wide[y : y + TILE + 2 * REACH, x : x + TILE + 2 * REACH]
    if float(np.abs(around).max()) >= 1e-3:
        cv2.matchTemplate(around, tile, cv2.TM_CCOEFF_NORMED, surface)


def _peak(surface: Surface) -> tuple[float, float]:
    """(x, y) of the best shift, px, to a part of a pixel by a parabola."""
    y, x = np.unravel_index(int(surface.argmax()), surface.shape)
    row, column = surface[y], surface[:, x]
    return _between(row, int(x)) - REACH, _between(column, int(y)) - REACH


def _between(line: Surface, at: int) -> float:
    if not 0 < at < len(line) - 1:
        return float(at)
    left, middle, right = (float(v) for v in line[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return at + (0.5 * (left - right) / bend if bend < -1e-9 else 0.0)


def _turn_and_zoom(places: NDArray[np.int64], surfaces: Surface) -> tuple[float, float]:
    """Degrees and share, from how the shifts of opposite halves of the picture differ. Clockwise is positive."""
    turns, zooms = [], []
    for axis in (0, 1):  # upper and lower half, left and right half
        middle = float(np.median(places[:, axis]))
        first, last = places[:, axis] < middle, places[:, axis] > middle
        if min(first.sum(), last.sum()) < 4:
            continue
        apart = float(places[last, axis].mean() - places[first, axis].mean()) * TILE
        a, b = _peak(surfaces[first].sum(axis=0)), _peak(surfaces[last].sum(axis=0))
        along, across = (b[1] - a[1], a[0] - b[0]) if axis == 0 else (b[0] - a[0], b[1] - a[1])
        turns.append(math.degrees(math.atan2(across, apart)))
        zooms.append(along / apart)
    # A thing that two halves see differently (a lorry, a crowd) makes one axis lie; a turned camera turns both.
    return _weaker(turns), _weaker(zooms)


def _weaker(values: list[float]) -> float:
    if len(values) < 2 or values[0] * values[1] <= 0:
        return 0.0
    return min(values, key=abs)
