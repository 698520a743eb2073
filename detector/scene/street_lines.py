"""Streets' middle lines: what they say of where a vehicle drove, and on which side of it a thing stands.

A vehicle that drives along a street is on its carriageway, in a country that keeps right on the right half. So
a place that the receiver put on the pavement is drawn towards it, across the street only and by as much as both
errors say (one Kalman update); what was seen from there moves with it. Nothing is snapped hard.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.errors import BadZone
from detector.scene.boxes import Floats
from detector.scene.ground import LocalPlane
from detector.scene.roadside import Settled

WIDTH_M = 7.0
"""Carriageway of a street whose width nobody gave: two lanes."""
LINE_ERROR_M = 2.0
"""One sigma of a drawn middle line."""
ALONG = math.radians(25)
"""A vehicle whose way is turned further from a street than this drives another one, or turns off."""
LEAST_WAY_M = 3.0
"""The way between the first and the last look must be so long to have a direction."""
GATE = 3.0
"""A street further away than so many sigmas is not the one that was driven along."""
BESIDE_M = 2.0
"""A thing nearer than this to the vehicle's way stands on the carriageway: on neither side."""


@dataclass(frozen=True, slots=True)
class StreetLine:
    """A street's middle line. line: (K, 2) (longitude, latitude) degrees WGS-84, K >= 2. width_m: of its
    carriageway, kerb to kerb."""

    code: str
    line: NDArray[np.float64]
    width_m: float = WIDTH_M


@dataclass(frozen=True, slots=True)
class Driven:
    """The street that was driven along, the side of it (in the direction of travel) that a thing stands on,
    and how far the place was moved."""

    street: str
    side: str  # "right", "left", or "on" the carriageway
    moved_m: float


class StreetLines:
    """Checked middle lines. Raises BadZone."""

    def __init__(self, lines: Sequence[StreetLine]) -> None:
        self._codes: list[str] = []
        self._widths: list[float] = []
        parts: list[Floats] = []
        for line in lines:
            points = _checked(line)
            for a, b in pairwise(points):
                if (a != b).any():
                    parts.append(np.array([a, b]))
                    self._codes.append(line.code)
                    self._widths.append(line.width_m)
        self._parts = np.array(parts).reshape(-1, 2, 2)

    def place(
        self, settled: Settled, seen_from: Sequence[Floats], plane: LocalPlane
    ) -> tuple[Settled, Driven | None]:
        """The settled thing, drawn along with its vehicle; unchanged and None where no street is known.

        seen_from: the vehicle's places at the looks, (east, north) in ``plane``.
        """
        way = seen_from[-1] - seen_from[0]
        if not len(self._parts) or float(np.hypot(*way)) < LEAST_WAY_M:
            return settled, None
        course = way / np.hypot(*way)
        right = np.array([course[1], -course[0]])
        vehicle = np.mean(np.array(seen_from), axis=0)
        beside = float(right @ (settled.local - vehicle))
        side = "on" if abs(beside) < BESIDE_M else "right" if beside > 0 else "left"
        found = self._nearest(plane, vehicle, course)
        if found is None:
            return settled, None
        i, offset = found
        expected, doubt = self._widths[i] / 4, math.hypot(self._widths[i] / 4, LINE_ERROR_M)
        variance = float(right @ settled.position @ right)
        surprise = expected - offset
        if surprise**2 > GATE**2 * (variance + doubt**2):
            return settled, None
        gain = settled.position @ right / (variance + doubt**2)
        move = gain * surprise
        narrowed = settled.position - np.outer(gain, right @ settled.position)
        moved = replace(settled, local=settled.local + move, position=narrowed)
        return moved, Driven(self._codes[i], side, float(np.hypot(*move)))

    def _nearest(self, plane: LocalPlane, vehicle: Floats, course: Floats) -> tuple[int, float] | None:
        """The nearest piece that runs along the course, and how far right of it (m) the vehicle was."""
        ends = plane.to_local(self._parts) - vehicle
        start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
        length = np.hypot(*along.T)
        share = -(start * along).sum(axis=1) / length**2
        distance = np.hypot(*(start + np.clip(share, 0.0, 1.0)[:, None] * along).T)
        alike = np.abs(along @ course) / length >= math.cos(ALONG)
        if not alike.any():
            return None
        i = int(np.argmin(np.where(alike, distance, np.inf)))
        unit = along[i] / length[i] * math.copysign(1.0, float(along[i] @ course))
        return i, float(-np.array([unit[1], -unit[0]]) @ start[i])


def _checked(line: StreetLine) -> Floats:
    points = np.asarray(line.line, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise BadZone(f"street {line.code!r} has no line; give two or more (longitude, latitude) points")
    if np.abs(points[:, 0]).max() > 180 or np.abs(points[:, 1]).max() > 90:
        raise BadZone(f"street {line.code!r} is not on the Earth; give (longitude, latitude) in degrees")
    if not 2.0 <= line.width_m <= 80.0:
        raise BadZone(f"street {line.code!r}: width {line.width_m:g} m is impossible; give 2 to 80 m")
    return points
