"""Zones: checking polygons, reading and writing them, and how much of a foot lies in which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import shapely

from detector.errors import BadZone
from detector.scene import calendar as calendars
from detector.scene.boxes import Floats
from detector.scene.model import Space, Zone, ZoneKind

_KEYS = frozenset({"code", "version", "kind", "space", "polygon", "shop", "calendar"})


def checked(zone: Zone) -> Zone:
    """The zone itself. Raises BadZone, in one line: which zone, what is wrong, how to mend it."""
    name = f"zone {zone.code!r}"
    if not zone.code or zone.version < 1:
        raise BadZone(f"{name} version {zone.version}: give it a code and a version from 1")
    points = zone.polygon
    if points.ndim != 2 or points.shape[1] != 2:
        raise BadZone(f"{name}: polygon is {points.shape}; give a list of (x, y) points")
    if not np.isfinite(points).all():
        raise BadZone(f"{name}: a corner is not a number; draw that corner again")
    if len(np.unique(points, axis=0)) < 3:
        raise BadZone(f"{name}: fewer than 3 different corners; add corners")
    _check_range(zone, name)
    polygon = shapely.Polygon(points)
    if polygon.convex_hull.area <= 0:
        raise BadZone(f"{name}: its corners lie on one line; move one aside")
    if not polygon.is_valid:
        raise BadZone(
            f"{name}: crosses or touches itself ({shapely.is_valid_reason(polygon)}); "
            "give the corners in order"
        )
    calendars.checked(zone.calendar)
    return zone


def _check_range(zone: Zone, name: str) -> None:
    points = zone.polygon
    if zone.space is Space.IMAGE:
        if points.min() < 0 or points.max() > 1:
            raise BadZone(
                f"{name}: a corner lies outside the picture; give shares 0 to 1 of its width and height"
            )
    elif np.abs(points[:, 0]).max() > 180 or np.abs(points[:, 1]).max() > 90:
        raise BadZone(
            f"{name}: a corner is not on the Earth; give (longitude, latitude) in degrees, in this order"
        )


def from_dict(data: Mapping[str, object]) -> Zone:
    """A checked zone from its JSON form (see ``to_dict``). Raises BadZone."""
    code = data.get("code")
    name = f"zone {code!r}"
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise BadZone(f"{name} has unknown parts {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}")
    version, shop, calendar = data.get("version", 1), data.get("shop"), data.get("calendar") or {}
    if not isinstance(code, str) or isinstance(version, bool) or not isinstance(version, int):
        raise BadZone(f"{name} version {version!r}: give the code as text and the version as a whole number")
    if not (shop is None or isinstance(shop, str)) or not isinstance(calendar, Mapping):
        raise BadZone(f"{name}: give the shop as its code and the calendar as an object")
    try:
        kind, space = ZoneKind(str(data.get("kind"))), Space(str(data.get("space")))
    except ValueError as error:
        raise BadZone(
            f"{name}: {error}; give kind {'/'.join(ZoneKind)} and space {'/'.join(Space)}"
        ) from error
    try:
        polygon = np.array(data.get("polygon"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadZone(f"{name}: polygon is no list of (x, y) points; draw it again") from error
    return checked(Zone(code, version, kind, space, polygon, shop, calendars.from_dict(calendar)))


def to_dict(zone: Zone) -> dict[str, object]:
    """The JSON form: plain lists, texts and numbers; ``from_dict`` reads it back to an equal zone."""
    return {
        "code": zone.code,
        "version": zone.version,
        "kind": zone.kind.value,
        "space": zone.space.value,
        "polygon": zone.polygon.tolist(),
        "shop": zone.shop,
        "calendar": calendars.to_dict(zone.calendar),
    }


class ZoneSet:
    """Checked zones of one space, ready to be asked often.

    Raises BadZone for a bad, foreign or doubled zone.
    """

    def __init__(self, zones: Sequence[Zone], space: Space) -> None:
        self.zones = tuple(checked(zone) for zone in zones)
        self.names = tuple((zone.code, zone.version) for zone in self.zones)
        codes = [zone.code for zone in self.zones]
        doubled = sorted({code for code in codes if codes.count(code) > 1})
        if doubled:
            raise BadZone(f"zone {doubled[0]!r} is given twice; keep one version of it")
        for zone in self.zones:
            if zone.space is not space:
                raise BadZone(f"zone {zone.code!r} is drawn in {zone.space}; {space} is needed here")
        self._polygons = np.array([shapely.Polygon(zone.polygon) for zone in self.zones], dtype=object)
        self._bounds = shapely.bounds(self._polygons).reshape(-1, 4)
        shapely.prepare(self._polygons)

    def __len__(self) -> int:
        return len(self.zones)

    def active(self, at: datetime) -> tuple[bool, ...]:
        """(Z,) which zones' calendars hold at ``at`` (aware)."""
        return tuple(calendars.holds(zone.calendar, at) for zone in self.zones)

    def shares(self, feet: Floats) -> Floats:
        """(N, Z) share 0-1 of each foot's area in each zone, calendars aside. feet: (N, 4) in the zones'
        space.
        """
        feet = _with_area(feet)
        low = np.maximum(feet[:, None, :2], self._bounds[None, :, :2])
        high = np.minimum(feet[:, None, 2:], self._bounds[None, :, 2:])
        near_foot, near_zone = np.nonzero((low < high).all(axis=2))
        share = np.zeros((len(feet), len(self.zones)))
        if len(near_foot):
            boxes = shapely.box(*feet[near_foot].T)
            common = shapely.area(shapely.intersection(boxes, self._polygons[near_zone]))
            share[near_foot, near_zone] = common / shapely.area(boxes)
        return share

    def share_of_union(self, foot: Floats, which: Sequence[int]) -> float:
        """Share 0-1 of one foot (4,) in the zones ``which`` taken together, none counted twice."""
        if not which:
            return 0.0
        box = shapely.box(*_with_area(foot[None])[0])
        together = shapely.union_all(self._polygons[list(which)])
        return float(shapely.area(shapely.intersection(box, together)) / box.area)

    def at_point(self, x: float, y: float) -> list[int]:
        """Indices of the zones that hold the point, edges included."""
        if not self.zones:
            return []
        hit = shapely.intersects_xy(self._polygons, x, y)
        return [int(i) for i in np.flatnonzero(hit)]


def _with_area(feet: Floats) -> Floats:
    """Feet without width or height get a hair of both, so that a share of them means something."""
    grown = feet.copy()
    grown[:, 2:] = np.maximum(feet[:, 2:], feet[:, :2] + 1e-9)
    return grown
