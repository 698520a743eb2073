"""What a camera's own motion is read from: corners followed from one picture to the next, and long edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image

Floats = NDArray[np.float64]

MOST_CORNERS = 500
RETURN_PX = 0.7
"""A corner that, followed back, does not come this near to where it began was lost on the way."""
WINDOW = (25, 25)
LEVELS = 5

EDGE_SHARE = 0.12
"""Least length of an edge, as a share of the picture's width: shorter ones do not show a lens's bend."""
BEND = 0.03
"""An edge that leaves its chord by more than this share of its length is bent in the street, not by the lens."""
CORNER_DEG = 12.0
"""An edge that turns so far within twice ``REACH`` px is cut there."""
REACH = 9


def follow(before: Image, after: Image) -> tuple[Floats, Floats]:
    """(N, 2) px corners of one picture, and (N, 2) px where they are in the next one of the same size.

    Corners by Shi and Tomasi (1994), followed with pyramids by Lucas and Kanade (Bouguet 2001), there and back.
    """
    one, two = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (before, after))
    spacing = max(4.0, before.shape[1] / 120)
    corners = cv2.goodFeaturesToTrack(one, MOST_CORNERS, 0.005, spacing)
    if corners is None:
        return np.zeros((0, 2)), np.zeros((0, 2))
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        one, two, corners, corners.copy(), winSize=WINDOW, maxLevel=LEVELS
    )
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(
        two, one, there, there.copy(), winSize=WINDOW, maxLevel=LEVELS
    )
    start, end = corners.reshape(-1, 2).astype(np.float64), there.reshape(-1, 2).astype(np.float64)
    off = np.hypot(*(back.reshape(-1, 2) - start).T)
    inside = ((end >= 0) & (end < [before.shape[1], before.shape[0]])).all(axis=1)
    good = (found.ravel() == 1) & (found_back.ravel() == 1) & (off <= RETURN_PX) & inside
    return start[good], end[good]


def long_edges(image: Image) -> list[Floats]:
    """Edges that may be straight lines in the street: (K, 2) px points each, in order along the edge.

    Canny's edges (1986), cut at corners.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    edges = cv2.Canny(grey, 40, 100)
    least = EDGE_SHARE * image.shape[1]
    pieces: list[Floats] = []
    contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        points = contour.reshape(-1, 2).astype(np.float64)
        if len(points) >= least:
            pieces += [piece for piece in _cut(points) if len(piece) >= least]
    return [piece for piece in pieces if _nearly_straight(piece, least)]


def _cut(points: Floats) -> list[Floats]:
    """The parts of a contour between its corners (a contour of a thin edge turns round at the edge's ends)."""
    ahead, behind = points[2 * REACH :] - points[REACH:-REACH], points[REACH:-REACH] - points[: -2 * REACH]
    cross = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    turn = np.degrees(np.abs(np.arctan2(cross, (behind * ahead).sum(axis=1))))
    bends = np.flatnonzero(turn > CORNER_DEG) + REACH
    return np.split(points, bends)


def _nearly_straight(points: Floats, least: float) -> bool:
    chord = points[-1] - points[0]
    length = float(np.hypot(*chord))
    if length < least:
        return False
    off = points - points[0]
    return float(np.abs(off[:, 0] * chord[1] - off[:, 1] * chord[0]).max()) / length <= BEND * length
