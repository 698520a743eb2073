"""From new edges to things: what has an outline, hides the street, and was put there rather than taken away.

New edges say that something is there: light and shadow move few of them. Its silhouette is where grey level or colour
changed more than beside it; where that says nothing, it is the hull of its edges.
"""

from __future__ import annotations

import math
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.background.cells import COLOUR, EDGES, LEVEL, strength
from detector.background.learning import Background
from detector.background.model import Blob, Floats, Limits, Mask, Window, stands_on

_NEAR = np.ones((3, 3), np.uint8)
DARK = 0.04
"""Grey level 0-1: at night, ratios of levels much below it are noise."""

SILHOUETTE = 0.4
"""Least part of the hull that a silhouette must fill to be believed."""

TEXTURED = 0.15
"""Share of the cells inside with edges of the street, from which on they tell whether it is still seen."""

EVEN = 0.1
"""Spread of the change of grey level (logarithm) within a shadow on bare ground."""

_BESIDE, _ROOM = 3, 6
"""Cells around a group of edges that tell how light and colour changed there; and that are cut out with it."""


class Kind(StrEnum):
    """What a group of new edges is."""

    THING = "thing"
    GHOST = "ghost"  # something that was background has left
    LIGHT = "light"  # the street is still seen in it, or nothing says whether it came or went
    SCRAP = "scrap"  # too small, too large, or no outline


class Judge:
    """Judges one moment of a background. new: (rows, columns) strength 0-1 of its new edges. edge: least one."""

    def __init__(self, ground: Background, limits: Limits) -> None:
        self._limits = limits
        self._was, self._is = ground.long.astype(np.float32), ground.short.astype(np.float32)
        self.new = ground.new
        self.edge = limits.edge + 3 * float(np.median(self.new))  # rain and a sensor's noise are everywhere
        ratio = (self._is[..., LEVEL] + DARK) / (self._was[..., LEVEL] + DARK)
        tint = (self._is - self._was)[..., COLOUR]
        self._light: Floats = np.dstack([np.log(ratio), tint])

    @property
    def changed(self) -> float:
        """Share of the cells with new edges."""
        return float((self.new > self.edge).mean())

    def groups(self, wanted: Mask) -> list[Blob]:
        """Groups of new edges that are large enough to be looked at and have some of their foot on ``wanted`` cells,
        each with its silhouette.
        """
        mask = (self.new > self.edge).astype(np.uint8)
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _NEAR)
        found, wide = list[Blob](), _grown(wanted, 2)
        for contour in cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
            left, top, width, height = cv2.boundingRect(contour)
            near = stands_on((left, top, left + width, top + height), wide)
            if min(width, height) < self._limits.least_cells or not near:
                continue
            window = (
                slice(max(0, top - _ROOM), top + height + _ROOM),
                slice(max(0, left - _ROOM), left + width + _ROOM),
            )
            hull = np.zeros_like(mask[window])
            shift = (-window[1].start, -window[0].start)
            cv2.fillConvexPoly(hull, cv2.convexHull(contour) + np.array(shift, np.int32), 1)
            cells = self._silhouette(hull > 0, window)
            edge = float(self.new[window][(hull > 0) & (mask[window] > 0)].mean())
            blob = Blob(window, cells, _box(cells, window), edge / (edge + self.edge))
            if stands_on(blob.box, wanted):
                found.append(blob)
        return found

    def kind_of(self, blob: Blob) -> Kind:
        """See ``Kind``."""
        limits, window = self._limits, blob.window
        grown, core = _grown(blob.cells), _shrunk(blob.cells)
        if not core.any() or blob.cells.sum() > limits.most_share * self.new.size:
            return Kind.SCRAP
        rim = grown & ~core
        normals = _normals(blob.cells)[rim]
        gained = _outlined(self._is[window], normals, rim) / max(
            _outlined(self._was[window], normals, rim), 1e-3
        )
        if gained < limits.outline:
            return Kind.GHOST if gained * limits.outline <= 1 else Kind.LIGHT
        border = blob.cells & ~core
        if _grown(self.new[window] > self.edge)[border].mean() < limits.round_about:
            return Kind.SCRAP
        return Kind.LIGHT if self._is_light(core, blob) else Kind.THING

    def _aside(self, cells: Mask, window: Window) -> Floats:
        """(rows, columns, 3) change of grey level (logarithm) and colour against the change beside ``cells``."""
        beside, light = _grown(cells, _BESIDE) & ~_grown(cells), self._light[window]
        if not beside.any():
            return light
        return np.asarray(light - np.median(light[beside], axis=0), np.float32)

    def _silhouette(self, hull: Mask, window: Window) -> Mask:
        aside = np.abs(self._aside(hull, window))
        other = (aside[..., 0] > self._limits.level) | (aside[..., 1:].max(axis=2) > self._limits.colour)
        near = (other & _grown(hull)).astype(np.uint8)
        filled = np.zeros_like(near)
        outlines = cv2.findContours(near, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        if outlines:
            cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
        return filled > 0 if filled.sum() >= SILHOUETTE * hull.sum() else hull

    def _is_light(self, core: Mask, blob: Blob) -> bool:
        """Whether the street is seen in it as before, or no more than evenly darker or brighter."""
        limits, window = self._limits, blob.window
        was, now = self._was[window][..., EDGES][core], self._is[window][..., EDGES][core]
        known = strength(was)
        told = known >= limits.edge
        if told.sum() >= max(3, TEXTURED * len(told)):
            fits = (was[told] * now[told]).sum(axis=1) / known[told] ** 2
            return float(np.clip(fits, -1, 1).mean()) >= limits.shown_through
        level, *colour = self._aside(blob.cells, window)[core].T
        even = float(level.std()) <= EVEN and abs(float(level.mean())) <= -math.log(limits.darkest)
        coloured = max(abs(float(np.median(c))) for c in colour) >= limits.colour
        return even and not coloured and float(self.new[window][core].mean()) < self.edge


def _box(cells: Mask, window: Window) -> tuple[int, int, int, int]:
    left, top, width, height = cv2.boundingRect(cells.astype(np.uint8))
    x, y = window[1].start + left, window[0].start + top
    return x, y, x + width, y + height


def _normals(cells: Mask) -> Floats:
    """(rows, columns, 2) unit vectors across the border of ``cells``."""
    soft = cv2.GaussianBlur(cells.astype(np.float32), (0, 0), 1.0)
    across = np.dstack([cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)])
    return np.asarray(across / np.maximum(np.hypot(*np.moveaxis(across, 2, 0)), 1e-6)[..., None], np.float32)


def _outlined(street: Floats, normals: Floats, rim: Mask) -> float:
    """How much a rim is an outline in a picture of the street: edges along it, times steps of level and colour
    across it. What was put there outlines itself; so does what was there before it was taken away.
    """
    x, y = normals.T
    edges = street[..., EDGES][rim]
    along = np.maximum(edges[:, 0] * (x * x - y * y) + edges[:, 1] * 2 * x * y, 0).sum()
    shades = np.dstack([np.log(street[..., LEVEL] + DARK), 3 * street[..., COLOUR]])
    across = [
        cv2.Sobel(shades, cv2.CV_32F, *d, scale=0.125)[rim] * n[:, None]
        for d, n in (((1, 0), x), ((0, 1), y))
    ]
    return float(np.sqrt(along * np.abs(across[0] + across[1]).sum()))


def _grown(cells: Mask, by: int = 1) -> Mask:
    """Wider by so many cells."""
    return np.asarray(cv2.dilate(cells.astype(np.uint8), _NEAR, iterations=by) > 0)


def _shrunk(cells: Mask) -> Mask:
    inside: NDArray[np.uint8] = np.asarray(
        cv2.erode(cells.astype(np.uint8), _NEAR, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8
    )
    return np.asarray(inside > 0)
