"""Permitted and ignored places on the ground, asked for what a surveyed fixed camera sees.

A bureau draws a permitted place once, on the map. A camera that knows where it stands and looks need not have it
drawn on its picture again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import shapely

from detector.scene.boxes import Floats, foot_points
from detector.scene.ground import LocalPlane, place_on_ground
from detector.scene.model import GroundPlace, Mounting, Space, Zone, ZoneKind
from detector.scene.zones import ZoneSet
from ingest.frame import Position

EXEMPT_KINDS = (ZoneKind.PERMITTED, ZoneKind.IGNORED)

CUT = 0.995
"""A box that ends below this share of the picture's height is cut: its foot lies outside."""

CUT_M = 1.5
"""Further error, metres, of the ground place of a box that is cut: half a stall."""


FOOT_BIAS = 0.08
"""Share of a box's height by which its lower edge may be off for good: two sigmas (``stands.EXEMPT``), because it is
off the same way at every look, and no number of looks takes that away.
"""

DRAWN_M = 0.1
"""Metres to which a place on a map is drawn, one sigma."""

STAYS_NEAR = 1.5
"""Sigmas within which a thing stays near a place to which it was near before."""


class GroundPermits:
    """The ground as one fixed camera sees it. zones: in ground space; other kinds are passed over.

    Without mounting, position or its heading nothing is placed and nobody let off. Raises BadZone.
    """

    def __init__(self, zones: Sequence[Zone], mounting: Mounting | None, position: Position | None) -> None:
        self._zones = ZoneSet([zone for zone in zones if zone.kind in EXEMPT_KINDS], Space.GROUND)
        self._mounting, self._position = mounting, position
        if position is not None:
            self._plane = LocalPlane(position.latitude, position.longitude)
            self._polygons = np.array(
                [shapely.Polygon(self._plane.to_local(zone.polygon)) for zone in self._zones.zones], object
            )

    def __len__(self) -> int:
        return len(self._zones)

    def active(self, at: datetime) -> tuple[bool, ...]:
        """Which of the places hold at ``at`` (aware)."""
        return self._zones.active(at)

    def ground(self, place: Floats, size: tuple[int, int]) -> GroundPlace | None:
        """Where a thing stands. place: (4,) box, 0-1 of a picture of ``size`` (width, height) px."""
        if self._mounting is None or self._position is None:
            return None
        x, y = foot_points(place[None])[0] * size
        foot_px = max(2.0, FOOT_BIAS * float(place[3] - place[1]) * size[1])
        ground = place_on_ground(self._mounting, self._position, size, float(x), float(y), foot_px)
        if ground is not None and place[3] >= CUT:
            ee, en, nn = ground.spread or (0.0, 0.0, 0.0)
            more = CUT_M**2
            ground = replace(
                ground, error_m=round(ground.error_m + CUT_M, 2), spread=(ee + more, en, nn + more)
            )
        return ground

    def near(self, place: Floats, size: tuple[int, int], known: Sequence[int] = ()) -> tuple[int, ...]:
        """The places, calendars aside, on which a thing stands or, within one sigma of its place, may stand.

        Doubt about the place speaks for the party (docs/decisions/0006). known: those that were near before; a
        box that jitters at the edge of doubt stays near them.
        """
        ground = self.ground(place, size) if len(self) else None
        if ground is None:
            return ()
        here = self._plane.to_local(np.array([ground.longitude, ground.latitude]))
        to_sigmas = _to_sigmas(ground)
        away = shapely.distance(
            shapely.transform(self._polygons, lambda corners: (corners - here) @ to_sigmas),
            shapely.Point(0, 0),
        )
        reach = np.ones(len(self))
        reach[list(known)] = STAYS_NEAR
        return tuple(np.flatnonzero(away <= reach).tolist())


def _to_sigmas(ground: GroundPlace) -> Floats:
    """(2, 2) that takes metres (east, north) off the place to sigmas of its error: a camera knows the direction of
    what it sees far better than the distance.
    """
    ee, en, nn = ground.spread or (ground.error_m**2, 0.0, ground.error_m**2)
    spread = np.array([[ee, en], [en, nn]]) + DRAWN_M**2 * np.eye(2)
    sigmas: Floats = np.linalg.inv(np.linalg.cholesky(spread)).T
    return sigmas
