"""The street as a vehicle's rules need it: ground zones and door lines, and what they say of a settled
thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from detector.errors import BadZone
from detector.scene.boxes import Floats
from detector.scene.ground import LocalPlane
from detector.scene.looks import Span, Tally
from detector.scene.model import DoorLine, GroundPlace, Rule, Space, Violation, Zone, ZoneKind
from detector.scene.pictures import least_spacing
from detector.scene.roadside import RoadThing, Settled
from detector.scene.stands import violation_key
from detector.scene.zones import ZoneSet

_EXEMPT = (ZoneKind.PERMITTED, ZoneKind.IGNORED)


@dataclass(frozen=True, slots=True)
class Door:
    """The nearest door line. distance_m: to it. ahead_m: on its street side, negative behind it."""

    shop: str
    distance_m: float
    ahead_m: float


class Street:
    """Checked ground zones and door lines. Raises BadZone."""

    def __init__(self, zones: Sequence[Zone], door_lines: Sequence[DoorLine]) -> None:
        self._zones = ZoneSet(zones, Space.GROUND)
        self._shops = [door.shop for door in door_lines]
        self._lines = np.array([_checked(door) for door in door_lines], np.float64).reshape(-1, 2, 2)

    def clue(
        self, device_id: str, thing: RoadThing, rule: Rule, settled: Settled, plane: LocalPlane
    ) -> Violation | None:
        """The violation, not proven, that one pass at a thing makes; None where the place lets it off."""
        longitude, latitude = plane.to_wgs84(settled.local).tolist()
        here = LocalPlane(
            latitude, longitude
        )  # an own plane, so that a long drive's distortion does not count
        times = thing.history.times
        active = self._zones.active(times[-1])
        inside = [i for i in self._zones.at_point(longitude, latitude) if active[i]]
        if self._may_be_exempt(here, active, settled.error_m):
            return None
        # Only rules about a shop's front ask for doors; a door behind the thing means that it stands in the
        # shop.
        seen_from = np.median(np.array(thing.seen_from), axis=0) - settled.local
        door = self._nearest_door(here, seen_from) if ZoneKind.FRONTAGE in rule.zone_kinds else None
        if door is not None and door.distance_m > rule.door_reach_m + settled.error_m:
            door = None
        if door is not None and door.ahead_m < -settled.error_m:
            if set(rule.zone_kinds) == {ZoneKind.FRONTAGE}:
                return None
            door = None
        named = [self._zones.zones[i] for i in inside if self._zones.zones[i].kind in rule.zone_kinds]
        shops = [zone.shop for zone in named if zone.kind is ZoneKind.FRONTAGE and zone.shop is not None]
        shop = door.shop if door is not None else next(iter(shops), None)
        keys = thing.ladder.pick(rule.pictures, times[-1])
        span = Span(times[0], times[-1], Tally(), thing.history.tally)
        facts: dict[str, float | int | bool | str] = {
            **span.facts,
            "pictures": len(keys),
            "least_spacing_s": round(least_spacing(keys), 3),
            "best_confidence": round(thing.best[thing.label], 3),
            "label_share": round(thing.evidence[thing.label] / sum(thing.evidence.values()), 3),
            "nearest_m": round(thing.nearest_m, 2),
            "error_m": round(settled.error_m, 2),
            "scatter_m": round(settled.scatter_m, 2),
            "cut_boxes_only": settled.cut_only,
            "door_line_found": door is not None,
        }
        if door is not None:
            facts["door_distance_m"] = round(door.distance_m, 2)
        ground = GroundPlace(latitude, longitude, round(settled.error_m, 2))
        return Violation(
            key=violation_key(device_id, rule, times[0], (latitude, longitude), 5),
            type=rule.type,
            rule=rule.code,
            rule_version=rule.version,
            zones=tuple((zone.code, zone.version) for zone in named),
            shop=shop,
            sighting=thing.history.sighting(device_id, thing.label, thing.size, span, ground),
            start=times[0],
            end=times[-1],
            key_times=keys,
            proven=False,
            facts=facts,
        )

    def _nearest_door(self, here: LocalPlane, vehicle: Floats) -> Door | None:
        """The door line nearest to the origin of ``here``. vehicle: (2,) metres from there.

        The street side of a line is where the vehicle was: it cannot have driven through the shop.
        """
        if not len(self._lines):
            return None
        ends = here.to_local(self._lines)
        start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
        share = np.clip(-(start * along).sum(axis=1) / (along**2).sum(axis=1), 0.0, 1.0)
        distance = np.hypot(*(start + share[:, None] * along).T)
        i = int(np.argmin(distance))
        normal = np.array([-along[i, 1], along[i, 0]]) / np.hypot(*along[i])
        street_side = 1.0 if normal @ (vehicle - start[i]) >= 0 else -1.0
        return Door(self._shops[i], float(distance[i]), street_side * float(-normal @ start[i]))

    def _may_be_exempt(self, here: LocalPlane, active: Sequence[bool], error_m: float) -> bool:
        """Whether the thing stands on permitted or ignored ground, or may, within one sigma of its position.

        Doubt about the place speaks for the party (docs/decisions/0006): one pass cannot tell the stall on a
        permitted place from one just outside; a fixed camera or an officer can.
        """
        for zone, holds in zip(self._zones.zones, active, strict=True):
            if holds and zone.kind in _EXEMPT:
                polygon = shapely.Polygon(here.to_local(zone.polygon))
                if polygon.distance(shapely.Point(0, 0)) <= error_m:
                    return True
        return False


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
