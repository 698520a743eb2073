"""Standing things before a fixed camera: known by their place in the picture, not by a tracker's id.

A track id changes when somebody walks past; a place does not. So every look's boxes are laid over the known
places: a box belongs to the place that it overlaps best, a place takes one box a look, and a place that
nobody sees is kept until the gap is over, however often a person or a bus stood before it. A place that
wanders off from where it began was a thing that moved, and ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.scene.boxes import Floats, areas, intersections, iou, pair_up
from detector.scene.looks import History, LookClock, microseconds
from detector.scene.model import Rule
from detector.tints import alike, known, mixed

MATCH = 0.3
"""Least overlap (IoU) of a box with a place to be the thing there.

Half of a thing hidden still leaves 0.5.
"""

SAME = 0.5
"""Boxes of one look that overlap this much (IoU) are one thing seen twice."""

TIE = 0.1
"""Most that agreeing labels, and as much again that like tints, add to an overlap (IoU) where a box or a place has more
than one to choose from."""

INSIDE = 0.85
"""Boxes with two labels are also one thing when this share of the smaller lies in a larger of like size, and
both stand on the same ground (``level``).
"""

FOOT_LEVEL = 0.15
"""Feet that differ by up to this share of the larger height are level."""

LIKE_SIZE = 0.3
"""Least ratio of areas for ``INSIDE``: a basket before a stall is a thing of its own."""

DRIFT = 0.5
"""A place whose foot moved by this share of its first width or height has moved away."""

SETTLING = 3
"""Looks whose mean box is where the thing began (the anchor of the drift)."""

SMOOTHING = 0.1
"""Least weight of a new box in the place's running mean."""

Mask = NDArray[np.bool_]

HIDDEN = 0.3
"""Share of a place that other things must cover for a missed look to count as hidden."""


@dataclass(eq=False, slots=True)
class Thing:
    """One standing thing. evidence: confidence summed over looks, by label. begun: time of its first look."""

    begun: datetime
    size: tuple[int, int]
    history: History = field(default_factory=History)
    evidence: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The label with the most evidence; of equals, the first in the alphabet."""
        return min(self.evidence, key=lambda label: (-self.evidence[label], label))

    def agreement(self, label: str) -> float:
        """Share 0-1 of what was seen that bears ``label``, by confidence. A look may bear two labels."""
        return self.evidence.get(label, 0.0) / self.history.tally.confidence

    def label_share(self, label: str) -> float:
        """Share 0-1 of the evidence that speaks for ``label``."""
        return self.evidence.get(label, 0.0) / sum(self.evidence.values())


@dataclass(frozen=True, slots=True)
class Lost:
    """A thing that is no longer followed, and its last place."""

    thing: Thing
    place: Floats


@dataclass(frozen=True, slots=True)
class Bounds:
    """Per label: the confidence that begins a thing and the one that keeps it (hysteresis)."""

    start: Mapping[str, float]
    stop: Mapping[str, float]

    @staticmethod
    def of(rules: Sequence[Rule]) -> Bounds:
        """Per label the lowest bounds that any of the rules asks for."""
        labels = {label for rule in rules for label in rule.labels}
        return Bounds(
            start={label: min(r.begins_at(label) for r in rules if label in r.labels) for label in labels},
            stop={label: min(r.stop_confidence for r in rules if label in r.labels) for label in labels},
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """Things of one look, after boxes of one thing were put together. boxes: (C, 4) 0-1 of the picture."""

    boxes: Floats
    tints: Floats | None  # (C, 4), NaN where unknown
    labels: list[dict[str, float]]  # per candidate: best confidence by label
    starts: list[bool]  # sure enough to begin a thing


class StandingThings:
    """The places of one camera. ``things`` and the rows of ``places`` and ``measured`` go together.

    gap_s: seconds of capture time after which a thing that was not seen has gone.
    """

    def __init__(self, bounds: Bounds, gap_s: float) -> None:
        self.bounds = bounds
        self.gap_s = gap_s
        self.things: list[Thing] = []
        self.boxes: Floats = np.zeros((0, 4))  # of the last look: things, sure enough to begin or not
        self.labels: list[dict[str, float]] = []  # of the same
        self.places: Floats = np.zeros((0, 4))  # smoothed boxes, 0-1 of the picture
        self.measured: Floats = np.zeros((0, 4))  # places when last laid over the zones; NaN: not yet
        self._anchors: Floats = np.zeros((0, 4))
        self._tints: Floats = np.zeros((0, 4))  # NaN where unknown
        self._names: tuple[str, ...] = ()
        self._start, self._stop = np.zeros(0), np.zeros(0)

    def look(
        self,
        clock: LookClock,
        at: datetime,
        at_s: float,
        frame: int,
        size: tuple[int, int],
        detections: Detections,
    ) -> tuple[list[int], list[Lost]]:
        """Lay one admitted look over the places. Returns (rows seen now, things that ended).

        at_s: seconds on ``clock``. size: (width, height) px of the picture that ``detections`` are in.
        """
        oldest = at_s - self.gap_s - 1e-6
        ended = self._drop([thing.history.last_s >= oldest for thing in self.things])
        boxes, mine = self._read(size, detections)
        found = self._group(boxes[mine], detections, np.flatnonzero(mine))
        pairs = self._pair(found) if len(found.boxes) and self.things else []
        self._move([row for row, _ in pairs], found, [col for _, col in pairs])
        taken = {col for _, col in pairs}
        self._miss({row for row, _ in pairs}, boxes[~mine])
        for col in range(len(found.boxes)):
            if found.starts[col] and col not in taken:
                tint = np.full(4, np.nan) if found.tints is None else found.tints[col]
                pairs.append((self._begin(at, size, found.boxes[col], tint), col))
        boxes_of, normal_step_s, at_us = found.boxes.tolist(), clock.normal_step_s, microseconds(at)
        for row, col in pairs:
            thing, labels = self.things[row], found.labels[col]
            evidence = thing.evidence
            best = 0.0
            for label, confidence in labels.items():
                evidence[label] = evidence.get(label, 0.0) + confidence
                if confidence > best:
                    best = confidence
            thing.history.see(at_us, at_s, frame, boxes_of[col], best, normal_step_s)
        self.boxes, self.labels = found.boxes, found.labels
        return self._settle([row for row, _ in pairs], ended)

    def ask(self, bounds: Bounds, gap_s: float) -> None:
        """From the next look on other bounds and another gap hold."""
        self.bounds, self.gap_s = bounds, gap_s
        self._names = ()

    def finish(self) -> list[Lost]:
        """All things end."""
        return self._drop([False] * len(self.things))

    def _read(self, size: tuple[int, int], detections: Detections) -> tuple[Floats, Mask]:
        """(N, 4) boxes 0-1, and which have an area, a label that matters and are sure enough to keep."""
        if detections.names != self._names:
            self._names = detections.names
            self._start = np.array([self.bounds.start.get(name, np.inf) for name in self._names])
            self._stop = np.array([self.bounds.stop.get(name, np.inf) for name in self._names])
        boxes = detections.xyxy / np.array([*size, *size], np.float64)
        flat = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
        # A box without area can neither overlap nor hide anything: out of the picture, not out of the rows.
        boxes[flat] = (-2.0, -2.0, -1.0, -1.0)
        if not len(boxes):
            return boxes, np.zeros(0, bool)
        # Back ends give float32: 0.4 is 0.4000000059 there, and a bound of 0.4 must hold for it either way.
        return boxes, ~flat & (detections.confidence + 1e-6 >= self._stop[detections.class_id])

    def _pair(self, found: Candidates) -> list[tuple[int, int]]:
        """Which place (row) takes which box (column).

        Whether a box can be the thing at a place is asked of their overlap alone. Labels that agree and like
        tints only help to choose where there is a choice.
        """
        overlap = iou(self.places, found.boxes)
        near = overlap >= MATCH
        rows, columns = (side.tolist() for side in np.nonzero(near))
        if len(set(rows)) == len(set(columns)) == len(rows):
            return list(zip(rows, columns, strict=True))
        of_box, of_place = near.sum(axis=0), near.sum(axis=1)
        if found.tints is not None:
            overlap[near] += TIE * alike(self._tints, found.tints)[near]
        for row, col in np.argwhere(near & ((of_box > 1) | (of_place > 1)[:, None])).tolist():
            overlap[row, col] += TIE * max(map(self.things[row].label_share, found.labels[col]))
        return pair_up(overlap, MATCH)

    def _group(self, boxes: Floats, detections: Detections, which: NDArray[np.int64]) -> Candidates:
        """Put boxes of one thing together: the surest stands for all, each label keeps its best."""
        confidence = detections.confidence[which].astype(np.float64)
        class_id = detections.class_id[which]
        order = np.argsort(-confidence, kind="stable")
        boxes, class_id, confidence = boxes[order], class_id[order], confidence[order]
        tints = known(detections)[which[order]] if detections.tints is not None else None
        sure = (confidence + 1e-6 >= self._start[class_id]).tolist()
        names = [self._names[i] for i in class_id.tolist()]
        same = _one_thing(boxes, class_id)
        if np.count_nonzero(same) == len(boxes):  # nothing is like anything but itself
            labels = [{name: value} for name, value in zip(names, confidence.tolist(), strict=True)]
            return Candidates(boxes, tints, labels, sure)
        leader: dict[int, int] = {}
        labels, starts = [], []
        first_like = np.argmax(same, axis=1).tolist()
        for i, value in enumerate(confidence.tolist()):
            # The surest box like this one leads, if it leads itself; chains of boxes are not followed.
            group = leader.get(first_like[i])
            if group is None:
                group = leader[i] = len(labels)
                labels.append({})
                starts.append(False)
            labels[group][names[i]] = max(labels[group].get(names[i], 0.0), value)
            starts[group] = starts[group] or sure[i]
        chosen = list(leader)
        return Candidates(boxes[chosen], tints[chosen] if tints is not None else None, labels, starts)

    def _move(self, rows: list[int], found: Candidates, columns: list[int]) -> None:
        """Draw places towards the boxes that were seen there, and their tints with them."""
        if not rows:
            return
        seen = np.array([self.things[row].history.tally.seen + 1 for row in rows])
        weight = np.maximum(1.0 / seen, SMOOTHING)[:, None]
        self.places[rows] += weight * (found.boxes[columns] - self.places[rows])
        if found.tints is not None:
            self._tints[rows] = mixed(self._tints[rows], found.tints[columns], weight)
        young = np.array(rows)[seen <= SETTLING]
        self._anchors[young] = self.places[young]

    def _miss(self, seen: set[int], others: Floats) -> None:
        missing = [row for row in range(len(self.things)) if row not in seen]
        if not len(others):  # nothing that could hide them
            for row in missing:
                self.things[row].history.miss(hidden=False)
            return
        places = self.places[missing]
        covered = intersections(places, others).sum(axis=1) >= HIDDEN * areas(places)
        for row, hidden in zip(missing, covered.tolist(), strict=True):
            self.things[row].history.miss(hidden)

    def _begin(self, at: datetime, size: tuple[int, int], box: Floats, tint: Floats) -> int:
        self.things.append(Thing(at, size))
        self.places = np.vstack([self.places, box])
        self.measured = np.vstack([self.measured, np.full(4, np.nan)])
        self._anchors = np.vstack([self._anchors, box])
        self._tints = np.vstack([self._tints, tint])
        return len(self.things) - 1

    def _settle(self, seen: list[int], ended: list[Lost]) -> tuple[list[int], list[Lost]]:
        """End what moved away, and number the rows that are left anew."""
        moved, anchors = self.places - self._anchors, self._anchors
        aside = np.abs(moved[:, 0] + moved[:, 2]) / 2 <= DRIFT * (anchors[:, 2] - anchors[:, 0])
        away = np.abs(moved[:, 3]) <= DRIFT * (anchors[:, 3] - anchors[:, 1])
        stays: Mask = aside & away
        if stays.all():
            return seen, ended
        number = np.cumsum(stays) - 1
        left = [int(number[row]) for row in seen if stays[row]]
        return left, ended + self._drop(stays.tolist())

    def _drop(self, stays: list[bool]) -> list[Lost]:
        if all(stays):
            return []
        gone = [Lost(self.things[row], self.places[row]) for row, stay in enumerate(stays) if not stay]
        self.things = [thing for thing, stay in zip(self.things, stays, strict=True) if stay]
        self.places, self.measured = self.places[stays], self.measured[stays]
        self._anchors, self._tints = self._anchors[stays], self._tints[stays]
        return gone


def level(a: Floats, b: Floats) -> Mask:
    """(A, B) whether the feet of boxes are level: what lies further away has its foot higher in the picture."""
    height = np.maximum((a[:, 3] - a[:, 1])[:, None], b[:, 3] - b[:, 1])
    same: Mask = np.abs(a[:, 3, None] - b[:, 3]) <= FOOT_LEVEL * height
    return same


def _one_thing(boxes: Floats, class_id: NDArray[np.int64]) -> Mask:
    """(N, N) which boxes of one look are one thing."""
    common, area = intersections(boxes, boxes), areas(boxes)
    if np.count_nonzero(common) == len(boxes):  # none overlaps any but itself
        return common > 0
    smaller, larger = np.minimum(area[:, None], area), np.maximum(area[:, None], area)
    two_labels = class_id[:, None] != class_id
    inside: Mask = (common >= INSIDE * smaller) & (smaller >= LIKE_SIZE * larger) & two_labels
    if np.count_nonzero(inside):
        inside &= level(boxes, boxes)
    return inside | (common >= SAME * (smaller + larger - common))
