"""What is remembered of each group of new edges over looks: its place, what it was taken for, whether it has a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.background.blobs import Kind
from detector.background.model import Blob, Limits
from detector.scene.boxes import Floats, contained, iou

SAME = 0.3
"""Least overlap (IoU) of a group of new edges with a thing, or of a vehicle's box, to be it."""

OVER = 0.5
"""A named box is of a thing when this share of the smaller of the two is common."""

WEIGHT = 0.2
"""Of one look in what is believed of a thing."""

BELIEVED, GONE = 0.5, 0.6
"""Four looks in a row make a thing, five that something has left."""

NAMED_SHARE = 0.1
"""A thing that bore a name at such a share of the looks has a name."""

MOST = 64
"""Things at once: more are leaves in the wind."""


@dataclass(eq=False, slots=True)
class Thing:
    """box: (4,) 0-1 of the picture. since_s, last_s: its first look, and the last with a group of edges.

    belief, ghost: 0-1, running shares of the looks that took it for a thing, and for a place that something left.
    looks, named: those that could see it, and those with a named box over it. kind: at this look; none: its edges
    are not there. hidden: a named box lies over it at this look. stood: it was believed once.
    """

    box: Floats
    since_s: float
    last_s: float
    score: float
    kind: Kind | None = None
    belief: float = 0.0
    ghost: float = 0.0
    looks: int = 0
    named: int = 0
    hidden: bool = False
    stood: bool = False

    @property
    def believed(self) -> bool:
        """Whether it is a thing and there now."""
        return self.kind is not None and self.belief >= BELIEVED

    @property
    def unnamed(self) -> bool:
        """Whether nothing gives it a name."""
        return not self.hidden and self.named < NAMED_SHARE * self.looks


class Things:
    """The things of one camera."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.all: list[Thing] = []

    @property
    def stood(self) -> Floats:
        """(N, 4) boxes of those that stood, whatever is before them now: what is known of the street there is kept."""
        return np.array([t.box for t in self.all if t.stood], np.float64).reshape(-1, 4)

    def forget_young(self) -> None:
        """What was never believed was no thing."""
        self.all = [t for t in self.all if t.stood]

    def place(self, found: Sequence[tuple[Blob, Kind]], at_s: float, shape: tuple[int, ...]) -> None:
        """Each group of new edges belongs to the thing that it overlaps best, or begins one. shape: of the grid."""
        rows, columns = shape
        for thing in self.all:
            thing.kind = None
        for blob, kind in found:
            box = np.array(blob.box, np.float64) / (columns, rows, columns, rows)
            likely = iou(np.array([t.box for t in self.all]).reshape(-1, 4), box[None])[:, 0]
            if len(likely) and likely.max() >= SAME:
                thing = self.all[int(likely.argmax())]
                thing.box += WEIGHT * (box - thing.box)
            elif kind is not Kind.SCRAP:
                thing = Thing(box, at_s, at_s, blob.score)
                self.all.append(thing)
            else:
                continue
            thing.kind, thing.last_s, thing.score = kind, at_s, blob.score
        kept = [t for t in self.all if at_s - t.last_s <= self._limits.named_s]
        self.all = sorted(kept, key=lambda t: -t.last_s)[:MOST]

    def name(self, named: Floats, movers: Floats) -> None:
        """Note where named boxes lie over things at this look. movers: those of what passes; one that only passes a
        thing does not fit it. Both (N, 4) 0-1.
        """
        for thing in self.all:
            over = len(named) > 0 and bool((contained(thing.box[None], named) >= OVER).any())
            fits = len(movers) > 0 and bool((iou(thing.box[None], movers) >= SAME).any())
            thing.hidden = over or fits
            thing.looks += thing.hidden
            thing.named += thing.hidden

    def count(self, thing: Thing, seen: bool) -> None:
        """A look that could see the thing did, or did not."""
        thing.looks += not thing.hidden
        thing.belief += WEIGHT * ((seen and thing.kind is Kind.THING) - thing.belief)
        thing.stood |= thing.belief >= BELIEVED
        thing.ghost += WEIGHT * ((thing.kind is Kind.GHOST) - thing.ghost)

    def take_street(self, at_s: float) -> Floats:
        """(N, 4) places whose look now is the street's: something has left, or stood for very long. They are
        forgotten.
        """
        street = [t for t in self.all if self._is_street(t, at_s)]
        self.all = [t for t in self.all if t not in street]
        return np.array([t.box for t in street], np.float64).reshape(-1, 4)

    def _is_street(self, thing: Thing, at_s: float) -> bool:
        age_s = at_s - thing.since_s
        left = thing.kind is Kind.GHOST and thing.ghost >= GONE and age_s >= 3 * self._limits.short_s
        return left or age_s > self._limits.absorb_s
