"""Shops by frontage: which door line a place on the ground lies before, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.errors import BadZone
from detector.scene.boxes import Floats
from detector.scene.ground import LocalPlane
from detector.scene.model import DoorLine

ENOUGH = 0.5
"""A shop is named when it is likelier than all else together; else the shop is unknown."""

NEAR_A_FRONT = 0.2
"""Least mass before all door lines together for a thing to be before any."""

_FAR_M = 40.0  # a frontage further away holds none of the error's mass
_STEPS = np.linspace(-4.0, 4.0, 81)  # sigmas along the line; the trapezium rule is good to 1e-4


@dataclass(frozen=True, slots=True)
class Door:
    """A door line as seen from a place. distance_m: to the line. ahead_m: on its street side, negative behind
    it. confidence: share 0-1 of the place's error ellipse that lies before it (see ``Frontages.around``)."""

    shop: str
    distance_m: float
    ahead_m: float
    ahead_error_m: float
    confidence: float


class Frontages:
    """Checked door lines. Raises BadZone."""

    def __init__(self, door_lines: Sequence[DoorLine]) -> None:
        self._shops = [door.shop for door in door_lines]
        self._lines = np.array([_checked(door) for door in door_lines], np.float64).reshape(-1, 2, 2)

    def around(self, here: LocalPlane, spread: Floats, vehicle: Floats, reach_m: float) -> list[Door]:
        """The doors within 40 m of the origin of ``here``, nearest first.

        spread: (2, 2) m², error of that place. vehicle: (2,) metres from there; the street side of a line is
        where the vehicle was, for it cannot have driven through the shop. confidence: mass of the normal
        distribution within the line's ends and ``reach_m`` of it to either side; what lies behind a door line
        is that shop's as well.
        """
        if not len(self._lines):
            return []
        ends = here.to_local(self._lines)
        start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
        length = np.hypot(*along.T)
        share = np.clip(-(start * along).sum(axis=1) / length**2, 0.0, 1.0)
        distance = np.hypot(*(start + share[:, None] * along).T)
        doors = []
        for i in np.argsort(distance, kind="stable").tolist():
            if distance[i] > _FAR_M:
                break
            unit = along[i] / length[i]
            normal = np.array([-unit[1], unit[0]])
            if normal @ (vehicle - start[i]) < 0:
                normal = -normal
            ahead = float(-normal @ start[i])
            axes = np.array([unit, normal])
            mass = _mass(
                (float(-unit @ start[i]), ahead), axes @ spread @ axes.T, (0.0, float(length[i])), reach_m
            )
            error = math.sqrt(float(normal @ spread @ normal))
            doors.append(Door(self._shops[i], float(distance[i]), ahead, error, mass))
        return doors


def named_shop(doors: Sequence[Door], some_shops: bool) -> Door | None:
    """The likeliest door, with the confidence that the thing is that shop's; None where there is no door.

    some_shops: the thing belongs to a shop, whichever (goods before a door): then the shops share the whole by
    their masses, and an error across the street, which is the same for all of them, does not count against each.
    """
    if not doors:
        return None
    best = max(doors, key=lambda door: door.confidence)
    whole = sum(door.confidence for door in doors)
    if some_shops and whole >= NEAR_A_FRONT:
        return replace(best, confidence=best.confidence / max(whole, best.confidence))
    return best


def _mass(mean: tuple[float, float], spread: Floats, along: tuple[float, float], reach_m: float) -> float:
    """Mass of a normal distribution (along, ahead) within the span ``along`` and ``reach_m`` of 0 ahead.

    By the trapezium rule over the first coordinate, given which the second is normal too.
    """
    sigma = math.sqrt(max(float(spread[0, 0]), 1e-6))
    slope = float(spread[0, 1]) / sigma
    rest = math.sqrt(max(float(spread[1, 1]) - slope**2, 1e-6))
    least, most = ((end - mean[0]) / sigma for end in along)
    steps = np.unique(np.clip(np.append(_STEPS, [least, most]), max(least, -8.0), min(most, 8.0)))
    if len(steps) < 2:
        return 0.0
    middle = mean[1] + slope * steps
    inner = [
        (math.erf((reach_m - m) / rest / math.sqrt(2)) - math.erf((-reach_m - m) / rest / math.sqrt(2))) / 2
        for m in middle.tolist()
    ]
    density = np.exp(-(steps**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.trapezoid(density * np.array(inner), steps))


def _checked(door: DoorLine) -> Floats:
    line = np.asarray(door.line, np.float64)
    if line.shape != (2, 2) or not np.isfinite(line).all() or (line[0] == line[1]).all():
        raise BadZone(
            f"door line of {door.shop!r} is no line; give two different (longitude, latitude) points"
        )
    if np.abs(line[:, 0]).max() > 180 or np.abs(line[:, 1]).max() > 90:
        raise BadZone(
            f"door line of {door.shop!r} is not on the Earth; give (longitude, latitude) in degrees"
        )
    return line
