"""The class-free path of one fixed camera: looks go in, and come out with boxes of what stands there unnamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.background.blobs import Judge
from detector.background.cells import EDGES, cells_of, grid_of
from detector.background.learning import Background
from detector.background.model import Floats, Limits, Mask, Window
from detector.background.things import OVER, Thing, Things
from detector.care.features import Working
from detector.detections import UNNAMED, Detections
from detector.scene.boxes import Floats as Boxes
from detector.scene.boxes import contained
from detector.tints import UNKNOWN, tints_of
from ingest.frame import Image

_NOTHING = (np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


class Unnamed:
    """Feed the looks of one fixed camera in order of capture time; a look that is not later shows nothing unnamed.

    zones: (K, 2) polygons 0-1 of the picture in which somebody wants to know. What stood there at the first looks is
    background, and so is what stood for ``absorb_s``.
    """

    def __init__(self, zones: Sequence[Boxes], limits: Limits) -> None:
        self._zones, self._limits = list(zones), limits
        self._ground, self._things = Background(limits), Things(limits)
        self._wanted: Mask = np.zeros((0, 0), bool)
        self._first: datetime | None = None
        self._at_s = -1.0

    @property
    def nbytes(self) -> int:
        """Of what is kept between looks, the few numbers of each thing aside."""
        return self._ground.nbytes + self._wanted.nbytes

    def watch(self, zones: Sequence[Boxes]) -> None:
        """Other zones from the next look on, over the same street."""
        self._zones, self._wanted = list(zones), np.zeros((0, 0), bool)

    def look(
        self,
        at: datetime,
        image: Image,
        seen: Detections,
        shift: tuple[float, float] = (0.0, 0.0),
        working: Working | None = None,
    ) -> Detections:
        """The detections, and after them what stands there unnamed. at: capture time, aware UTC. image: (H, W, 3) uint8
        BGR, shifted against the reference by ``shift`` (shares of width and height). seen: where its boxes lie on the
        reference. working: of the image, where others ask for it too.
        """
        size = (image.shape[1], image.shape[0])
        self._first = self._first or at
        at_s = (at - self._first).total_seconds()
        if at_s <= self._at_s:
            return extended_by_none(seen)
        self._at_s = at_s
        now = cells_of(image, shift, working)
        if self._wanted.shape != now.shape[:2]:
            self._wanted = _drawn(self._zones, size)
        named, movers = self._named(seen, size)
        covered = _filled(movers, self._wanted.shape)
        self._ground.learn(at_s, now, covered, _filled(self._things.stood, self._wanted.shape))
        judge = Judge(self._ground, self._limits)
        if judge.changed > self._limits.wide_change and not self._ground.begins:
            # Light was switched, or a lorry stands before everything: what has just begun is no thing.
            self._things.forget_young()
            self._ground.begin_again(~_filled(self._things.stood, self._wanted.shape))
            return extended_by_none(seen)
        found = [(blob, judge.kind_of(blob)) for blob in judge.groups(self._wanted)]
        self._things.place(found, at_s, self._wanted.shape)
        self._things.name(named, movers)
        told = [thing for thing in self._things.all if self._shows(thing, now, judge, covered)]
        street = self._things.take_street(at_s)
        if len(street):
            self._ground.take(_filled(street, self._wanted.shape))
        shown = [thing for thing in told if thing.believed and thing.unnamed]
        boxes = (np.array([t.box for t in shown]).reshape(-1, 4) * (*size, *size)).astype(np.float32)
        lies = boxes + np.array([shift[0] * size[0], shift[1] * size[1]] * 2, np.float32)
        return extended(seen, boxes, np.array([t.score for t in shown], np.float32), tints_of(image, lies))

    def _named(self, seen: Detections, size: tuple[int, int]) -> tuple[Boxes, Boxes]:
        """(N, 4) boxes 0-1 of what has a name, and of what has one and moves."""
        boxes = seen.xyxy / np.array([*size, *size], np.float64)
        sure = (seen.confidence >= self._limits.named_least) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        moves = np.array([name in self._limits.movers for name in seen.names], bool)[seen.class_id]
        return boxes[sure & ~moves], boxes[sure & moves]

    def _shows(self, thing: Thing, now: Floats, judge: Judge, covered: Mask) -> bool:
        """Whether this look shows a thing; one that cannot see it says nothing of it."""
        window = _window(thing.box, self._wanted.shape)
        hidden = covered[window]
        if hidden.mean() > 0.5:
            return False
        its = (judge.new[window] > judge.edge) & ~hidden
        known = self._ground.short[window][..., EDGES][its].astype(np.float32)
        shown = float((known * now[window][..., EDGES][its]).sum()) > self._limits.confirmed * float(
            (known**2).sum()
        )
        self._things.count(thing, shown)
        return shown


def extended(
    seen: Detections, boxes: Floats, scores: Floats, tints: NDArray[np.int8] | None = None
) -> Detections:
    """Detections with the name ``UNNAMED`` after the others, and boxes of it. boxes: (N, 4) px. scores: (N,) 0-1.
    tints: of them, (N, 4), where ``seen`` has tints.
    """
    if seen.tints is not None:
        own = np.full((len(boxes), 4), UNKNOWN, np.int8) if tints is None else tints
        tints = np.concatenate([seen.tints, own])
    else:
        tints = None
    return replace(
        seen,
        xyxy=np.concatenate([seen.xyxy, boxes]),
        class_id=np.concatenate([seen.class_id, np.full(len(boxes), len(seen.names), np.int64)]),
        confidence=np.concatenate([seen.confidence, scores]),
        names=(*seen.names, UNNAMED),
        tints=tints,
    )


def extended_by_none(seen: Detections) -> Detections:
    """The same with the name alone, so that all looks of a camera have the same names."""
    return extended(seen, *_NOTHING)


def lent(seen: Detections, other: Detections, limits: Limits) -> Detections:
    """What another model saw in the same picture, and after it what ``other`` has as unnamed, but where a box of
    ``seen`` lies over it: what another model calls it by is asked of that model.
    """
    ours = other.class_id == other.names.index(UNNAMED)
    named = seen.xyxy[seen.confidence >= limits.named_least].astype(np.float64)
    named = named[(named[:, 2:] > named[:, :2]).all(axis=1)]
    if ours.any() and len(named):
        ours[ours] = (contained(other.xyxy[ours].astype(np.float64), named) < OVER).all(axis=1)
    tints = None if other.tints is None else other.tints[ours]
    return extended(seen, other.xyxy[ours], other.confidence[ours], tints)


def _window(box: Boxes, shape: tuple[int, ...]) -> Window:
    """The cells in or beside a box, 0-1 of the picture."""
    left, top, right, bottom = (box * (shape[1], shape[0], shape[1], shape[0])).astype(int).tolist()
    return slice(max(0, top - 1), max(0, bottom + 2)), slice(max(0, left - 1), max(0, right + 2))


def _filled(boxes: Boxes, shape: tuple[int, ...]) -> Mask:
    """(rows, columns) cells in or beside any of the boxes."""
    grid = np.zeros(shape[:2], bool)
    for box in boxes:
        grid[_window(box, shape)] = True
    return grid


def _drawn(zones: Sequence[Boxes], size: tuple[int, int]) -> Mask:
    rows, columns = grid_of(*size)
    grid = np.zeros((rows, columns), np.uint8)
    for zone in zones:
        points = np.rint(np.asarray(zone) * (columns, rows) * 16 - 8).astype(np.int32)
        cv2.fillPoly(grid, [points], 1, shift=4)
    return grid > 0
