"""Squads and streets by code or name, and by place, for thousands of cameras at a time."""

from __future__ import annotations

import numpy as np
from shapely import STRtree, prepare
from shapely.geometry import LineString, Point, shape
from sqlalchemy.orm import Session

from casework.places import queries

_M_PER_DEGREE = 111_320.0


class Whereabouts:
    """Read once. squads, streets: code or name -> row number."""

    def __init__(self, session: Session) -> None:
        squads, streets = queries.squads(session), queries.streets(session)
        self.squads = {s.name: s.id for s in squads} | {s.code: s.id for s in squads}
        self.streets = {s.name: s.id for s in streets} | {s.code: s.id for s in streets}
        self._boundaries = [(s.id, shape(s.boundary)) for s in squads]
        for _, boundary in self._boundaries:
            prepare(boundary)
        first = self._boundaries[0][1].centroid.y if self._boundaries else 31.0
        self._scale = np.array([_M_PER_DEGREE * np.cos(np.radians(first)), _M_PER_DEGREE])
        self._street_ids = [s.id for s in streets]
        lines = [LineString(np.asarray(s.line["coordinates"], float)[:, :2] * self._scale) for s in streets]
        self._lines = STRtree(lines)

    def of(self, latitude: float, longitude: float) -> tuple[int | None, int | None]:
        """(squad, street) of a place: the boundary that holds it, the nearest street within reach."""
        point = Point(longitude, latitude)
        squad = next((number for number, boundary in self._boundaries if boundary.covers(point)), None)
        here = Point(longitude * self._scale[0], latitude * self._scale[1])
        near = self._lines.query_nearest(here, max_distance=queries.STREET_REACH_M, all_matches=False)
        return squad, self._street_ids[int(near[0])] if len(near) else None
