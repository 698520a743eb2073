"""When two violations are of one place: over looks, cameras and passes."""

from __future__ import annotations

import math

import numpy as np

from detector.scene.boxes import iou
from detector.scene.ground import LocalPlane
from detector.scene.model import GroundPlace, Violation
from detector.scene.sightings import MATCH

NEAR_M = 3.0
"""Two things of one type nearer than this are one: a stall's own size."""

FAR_M = 12.0
"""However poor the positions are, things further apart than a shop's front is wide are two."""


def distance_m(a: GroundPlace, b: GroundPlace) -> float:
    """Metres between two places, for places within some kilometres of each other."""
    plane = LocalPlane(a.latitude, a.longitude)
    return float(np.hypot(*plane.to_local(np.array([b.longitude, b.latitude]))))


def same_ground(a: GroundPlace, b: GroundPlace) -> bool:
    """Whether two ground places may be one: within 3 m, or within twice their errors together, at most 12
    m.
    """
    reach = max(NEAR_M, 2 * math.hypot(a.error_m, b.error_m))
    return distance_m(a, b) <= min(reach, FAR_M)


def same_place(a: Violation, b: Violation) -> bool:
    """Whether two violations belong to one candidate: one type, and one shop or one place.

    - Two types, or two shops that are both named and differ: no.
    - Both name the same shop: yes; a candidate is of a place *or a shop*.
    - Both stand on known ground: ``same_ground``.
    - Same fixed camera, ground unknown: their median boxes overlap by IoU 0.3 or more (such a picture
      is its map). Anything else cannot be told and is kept apart; a reviewer may join them.

    It is symmetric, but not transitive: compare with the place first seen, do not chain.
    """
    if a.type != b.type:
        return False
    if a.shop is not None and b.shop is not None:
        return a.shop == b.shop
    ground_a, ground_b = a.sighting.ground, b.sighting.ground
    if ground_a is not None and ground_b is not None:
        return same_ground(ground_a, ground_b)
    if a.sighting.device_id != b.sighting.device_id or not (a.proven and b.proven):
        return False
    place_a, place_b = a.sighting.place.astype(np.float64), b.sighting.place.astype(np.float64)
    return bool(iou(place_a[None], place_b[None])[0, 0] >= MATCH)
