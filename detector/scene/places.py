"""When two violations are of one place: over looks, cameras and passes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.scene.boxes import iou
from detector.scene.ground import LocalPlane
from detector.scene.model import GroundPlace, Violation
from detector.scene.sightings import MATCH

NEAR_M = 3.0
"""Two things of one type nearer than this are one: a stall's own size."""

FAR_M = 12.0
"""However poor the positions are, things further apart than a shop's front is wide are two."""

SURE = 0.9
"""A shop that a vehicle names with less confidence than this does not decide what is one and what is two."""

TIE_M = 1.5
"""Places whose distances differ by less than this are equally near: then what the things look like decides."""

Size = tuple[float, float]
"""Width and height of a thing, metres, as boxes on the ground tell them."""

Colours = Sequence[int]
"""Shares of a thing's colours, the same bins for all, whole numbers that sum to 1000 or less."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a thing looks like, as far as it is known."""

    size: Size | None = None
    colours: Colours | None = None

    @staticmethod
    def of(facts: Mapping[str, Any]) -> Appearance:
        """A candidate's, or a violation's as far as its facts tell."""
        return Appearance(size_m(facts), facts.get("colours"))

    def unlike(self, other: Appearance) -> float:
        """0 for things that look alike; 1 for a factor of 1.65 in width and in height, and 1 for no colour in common.

        What is not known counts 0.5.
        """
        size = colours = 0.5
        if self.size and other.size and min(*self.size, *other.size) > 0:
            size = sum(abs(math.log(a / b)) for a, b in zip(self.size, other.size, strict=True))
        if self.colours and other.colours:
            colours = 1 - likeness(self.colours, other.colours)
        return size + colours


def likeness(a: Colours, b: Colours) -> float:
    """What two things' colours have in common: 0 nothing, 1 all (histogram intersection, Swain and Ballard 1991)."""
    return float(np.minimum(a, b).sum() / max(1, max(sum(a), sum(b))))


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


def same_shop(a: str | None, sure_a: float, b: str | None, sure_b: float) -> bool | None:
    """Whether two shops (codes, confidences 0-1) are one; None where they decide nothing.

    Drawn on a fixed camera's picture a shop is certain (1.0); from a vehicle it is as likely as the error
    ellipse says, and one that may as well be the neighbour's must not part or join anything.
    """
    if a is None or b is None or min(sure_a, sure_b) < SURE:
        return None
    return a == b


def nearest(here: GroundPlace, looks: Appearance, others: Sequence[tuple[GroundPlace, Appearance]]) -> int:
    """Which of ``others`` (one or more, all ``same_ground``) a thing is: the nearest; of places that are about
    equally near, the one whose size in metres and colours are most alike; then the nearer, then the first."""
    apart = [distance_m(here, place) for place, _ in others]
    near = [i for i, d in enumerate(apart) if d <= min(apart) + TIE_M]
    return min(near, key=lambda i: (looks.unlike(others[i][1]), round(apart[i], 2), i))


def same_place(a: Violation, b: Violation) -> bool:
    """Whether two violations belong to one candidate: one type, and one shop or one place.

    - Two types, or two shops that are both surely named and differ: no.
    - Both surely name the same shop: yes; a candidate is of a place *or a shop*.
    - Both stand on known ground: ``same_ground``.
    - Same fixed camera, ground unknown: their median boxes overlap by IoU 0.3 or more (such a picture
      is its map). Anything else cannot be told and is kept apart; a reviewer may join them.

    It is symmetric, but not transitive: compare with the place first seen, do not chain.
    """
    if a.type != b.type:
        return False
    shop = same_shop(a.shop, shop_confidence(a.facts), b.shop, shop_confidence(b.facts))
    if shop is not None:
        return shop
    ground_a, ground_b = a.sighting.ground, b.sighting.ground
    if ground_a is not None and ground_b is not None:
        return same_ground(ground_a, ground_b)
    if a.sighting.device_id != b.sighting.device_id or not (a.proven and b.proven):
        return False
    place_a, place_b = a.sighting.place.astype(np.float64), b.sighting.place.astype(np.float64)
    return bool(iou(place_a[None], place_b[None])[0, 0] >= MATCH)


def shop_confidence(facts: Mapping[str, Any]) -> float:
    """How sure a violation's shop is, 0-1; 1 where it was not told by a position."""
    return float(facts.get("shop_confidence", 1.0))


def size_m(facts: Mapping[str, Any]) -> Size | None:
    """A vehicle's measure of the thing, where it has one."""
    if "width_m" not in facts or "height_m" not in facts:
        return None
    return float(facts["width_m"]), float(facts["height_m"])
