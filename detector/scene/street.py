"""The street as a vehicle's rules need it: ground zones and door lines, and what they say of a settled
thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import shapely

from detector.scene.frontages import ENOUGH, Door, Frontages, named_shop
from detector.scene.ground import LocalPlane, ellipse, place_of
from detector.scene.looks import Span, Tally
from detector.scene.model import DoorLine, GroundPlace, Rule, Space, Violation, Zone, ZoneKind
from detector.scene.pictures import least_spacing
from detector.scene.roadside import RoadThing, Settled
from detector.scene.stands import violation_key
from detector.scene.street_lines import StreetLine, StreetLines
from detector.scene.zones import ZoneSet

NOTHING_MORE: Mapping[str, float | int | bool | str] = MappingProxyType({})
_EXEMPT = (ZoneKind.PERMITTED, ZoneKind.IGNORED)


class Street:
    """Checked ground zones, door lines and middle lines of streets. Raises BadZone."""

    def __init__(
        self, zones: Sequence[Zone], door_lines: Sequence[DoorLine], street_lines: Sequence[StreetLine] = ()
    ) -> None:
        self._zones = ZoneSet(zones, Space.GROUND)
        self._frontages = Frontages(door_lines)
        self._lines = StreetLines(street_lines)

    def clue(
        self,
        device_id: str,
        thing: RoadThing,
        rule: Rule,
        settled: Settled,
        plane: LocalPlane,
        company: Mapping[str, float | int | bool | str] = NOTHING_MORE,
    ) -> Violation | None:
        """The violation, not proven, that one pass at a thing makes; None where the place lets it off.

        company: facts about what stood beside it.
        """
        settled, driven = self._lines.place(settled, thing.seen_from, plane)
        ground = place_of(plane, settled.local, settled.spread)
        longitude, latitude = ground.longitude, ground.latitude
        # An own plane, so that a long drive's distortion does not count.
        here = LocalPlane(latitude, longitude)
        times = thing.history.times
        active = self._zones.active(times[-1])
        inside = [i for i in self._zones.at_point(longitude, latitude) if active[i]]
        if self._may_be_exempt(here, active, settled.error_m):
            return None
        # Only rules about a shop's front ask for doors; a door behind the thing means that it stands in the
        # shop.
        seen_from = np.median(np.array(thing.seen_from), axis=0) - settled.local
        doors: list[Door] = []
        if ZoneKind.FRONTAGE in rule.zone_kinds:
            doors = self._frontages.around(here, settled.spread, seen_from, rule.door_reach_m)
        door = doors[0] if doors else None
        if door is not None and door.distance_m > rule.door_reach_m + settled.error_m:
            door = None
        if door is not None and door.ahead_m < -settled.error_m:
            if set(rule.zone_kinds) == {ZoneKind.FRONTAGE}:
                return None
            door = None
        named = [self._zones.zones[i] for i in inside if self._zones.zones[i].kind in rule.zone_kinds]
        on_duty = ZoneKind.SPECIAL_DUTY if rule.duty_dwell_s is not None else None
        duty = [zone for i in inside if (zone := self._zones.zones[i]).kind is on_duty]
        named += duty
        shops = [zone.shop for zone in named if zone.kind is ZoneKind.FRONTAGE and zone.shop is not None]
        named_by = (
            named_shop(doors, set(rule.zone_kinds) == {ZoneKind.FRONTAGE}) if door is not None else None
        )
        shop = named_by.shop if named_by is not None and named_by.confidence >= ENOUGH else None
        shop = shop or next(iter(shops), None)
        keys = thing.ladder.pick(rule.pictures, times[-1])
        span = Span(times[0], times[-1], Tally(), thing.history.tally)
        facts: dict[str, float | int | bool | str] = {
            **span.facts,
            "pictures": len(keys),
            "least_spacing_s": round(least_spacing(keys), 3),
            "best_confidence": round(thing.best[thing.label], 3),
            "label_share": round(thing.label_share, 3),
            "nearest_m": round(thing.nearest_m, 2),
            **_place_facts(ground, settled),
            "door_line_found": door is not None,
            **company,
        }
        if duty:
            facts["special_duty"] = ", ".join(zone.code for zone in duty)
        if thing.size_m is not None:
            facts["width_m"], facts["height_m"] = (round(side, 2) for side in thing.size_m)
        if driven is not None:
            facts["street"], facts["street_side"] = driven.street, driven.side
            facts["moved_to_street_m"] = round(driven.moved_m, 2)
        if door is not None and named_by is not None:
            facts["door_distance_m"] = round(door.distance_m, 2)
            facts["likeliest_shop"] = named_by.shop
            facts["shop_confidence"] = round(named_by.confidence, 3)
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


def _place_facts(ground: GroundPlace, settled: Settled) -> dict[str, float | int | bool | str]:
    """The place's error by plain names; ellipse: one sigma, half-axes in metres, azimuth in degrees."""
    facts: dict[str, float | int | bool | str] = {
        "error_m": ground.error_m,
        "relative_error_m": round(settled.relative_m, 2),
        "scatter_m": round(settled.scatter_m, 2),
        "cut_boxes_only": settled.cut_only,
    }
    if ground.spread is not None:
        major, minor, azimuth = ellipse(ground.spread)
        facts |= {"ellipse_m": f"{major:.2f} x {minor:.2f}", "ellipse_azimuth_deg": round(azimuth)}
    return facts
