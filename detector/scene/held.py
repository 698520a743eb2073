"""Raised violations whose thing is out of sight for longer than the rule's gap, but not yet known to have gone.

Proof needs short gaps: two minutes without a look end a stand, and with it the violation's seconds. To say that a
thing has *gone* needs more: a detector that has trouble with it in the evening light, a bus before it, a vendor who
fetches water. So a raised violation starts at one limit and stops at another (hysteresis): its seconds are closed at
the gap, but until its place was empty for ``gone_s`` nothing new is raised there, and it has not ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.scene.boxes import Floats, contained, iou
from detector.scene.model import SceneEvent
from detector.scene.sightings import MATCH, SAME, Mask, level

_HAIR = 1e-6

COMMON = 0.4
"""Share of the smaller of two boxes in the other from which they may be parts of one thing. The right and the lower
half of a thing have half of each in common; what stands beside a thing on the same ground covers less of it.
"""


@dataclass(slots=True)
class _Held:
    """event: that it ended, ready to be told. place: (4,) 0-1. last_s: when something was last seen there."""

    event: SceneEvent
    place: Floats
    last_s: float
    gone_s: float


class HeldPlaces:
    """The places of one camera's violations that are out of sight."""

    def __init__(self) -> None:
        self._held: list[_Held] = []

    def add(self, event: SceneEvent, place: Floats, last_s: float, gone_s: float) -> None:
        """Hold a violation. event: its end. last_s: scene seconds of its last look. gone_s: how long it is held."""
        self._held.append(_Held(event, place.copy(), last_s, gone_s))

    def see(self, boxes: Floats, labels: Sequence[Collection[str]], at_s: float) -> None:
        """A look saw ``boxes`` (N, 4), however unsurely, each under some ``labels``.

        Under another label than its own a held thing is seen where the box is really like its place: what stands
        beside it overlaps a little too, and must not hold an empty place for hours.
        """
        if not self._held or not len(boxes):
            return
        places = np.array([held.place for held in self._held])
        own = np.array([[held.event.violation.sighting.label in of for of in labels] for held in self._held])
        there = np.where(own, same_spot(places, boxes), iou(places, boxes) >= SAME)
        for row in np.flatnonzero(there.any(axis=1)).tolist():
            self._held[row].last_s = at_s

    def release(self, at_s: float) -> Iterator[SceneEvent]:
        """The ends of those that have gone."""
        gone = [held for held in self._held if at_s - held.last_s > held.gone_s + _HAIR]
        if gone:
            self._held = [held for held in self._held if held not in gone]
        return (replace(held.event, gone=True) for held in gone)

    def blocks(self, place: Floats, type_: str) -> bool:
        """Whether a violation of this type is held at a place (4,)."""
        mine = [held.place for held in self._held if held.event.violation.type == type_]
        return bool(mine) and bool(same_spot(place[None], np.array(mine), COMMON).any())

    def restart(self) -> None:
        """The clock begins at 0 again."""
        for held in self._held:
            held.last_s = 0.0

    def finish(self, at_s: float, gap_s: float) -> list[SceneEvent]:
        """The ends of all. Gone are those of which nothing was seen for longer than the gap."""
        events = [replace(held.event, gone=at_s - held.last_s > gap_s) for held in self._held]
        self._held = []
        return events

    def __iter__(self) -> Iterator[SceneEvent]:
        return (held.event for held in self._held)


def same_spot(a: Floats, b: Floats, common: float = 1 - MATCH) -> Mask:
    """(A, B) whether boxes overlap so far that one thing may fill both: alike, or one is a part of the other.

    A part stands on the same ground. What lies further away may be inside a nearer thing's box, but its foot is
    higher in the picture. common: least share of the smaller in the larger.
    """
    spot: Mask = (iou(a, b) >= MATCH) | ((contained(a, b) >= common) & level(a, b))
    return spot
