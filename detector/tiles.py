"""The tiled look: the picture whole and in overlapping tiles, so that far and small things fill more of the
network's square, and what a seam cuts is one thing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes, Detections, Detector
from detector.letterbox import check_picture
from detector.nms import overlap, suppress
from ingest.frame import Image

SEAM = 4.0
"""Pixels; a box that ends this close to a seam is cut by it."""

ALIKE = 0.5
"""Shared part of the extents along a seam (intersection over union of the two intervals) from which the pieces on
its two sides are one thing."""

INSIDE = 0.7
"""Part of a cut piece's area within another box of its class from which it is a piece of that."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a picture, whole pixels; right and bottom are the first column and row outside it."""

    left: int
    top: int
    right: int
    bottom: int


def tile_plan(width: int, height: int, *, tile: int = 640, shared: float = 0.2, most: int = 24) -> list[Tile]:
    """Tiles that cover a picture, row by row, neighbours sharing at least ``shared`` of a tile.

    tile: side in pixels; it grows until there are at most ``most`` tiles, so that a very wide picture cannot stall
    the service. A picture no larger than a tile is one tile. Raises ValueError for values that cannot be.
    """
    if min(width, height, tile, most) < 1 or not 0 <= shared < 0.9:
        raise ValueError(f"no tiles of {tile} px sharing {shared} in a picture of {width}x{height}")
    while True:
        columns, rows = _starts(width, tile, shared), _starts(height, tile, shared)
        if len(columns) * len(rows) <= most:
            break
        tile = ceil(tile * 1.1)
    return [
        Tile(left, top, min(left + tile, width), min(top + tile, height)) for top in rows for left in columns
    ]


class TiledDetector:
    """Detector that looks at the whole picture and at its tiles with another detector."""

    def __init__(
        self, inner: Detector, *, tile: int = 640, shared: float = 0.2, most: int = 24, limit: float = 0.6
    ) -> None:
        """inner: what looks. tile, shared, most: see ``tile_plan``. limit: overlap within a class above which the
        weaker of two boxes goes.
        """
        self._inner, self._limit = inner, limit
        self._tile, self._shared, self._most = tile, shared, most

    @property
    def names(self) -> tuple[str, ...]:
        """Class names by id."""
        return self._inner.names

    @property
    def model_id(self) -> str:
        """Of the detector that looks."""
        return self._inner.model_id

    @property
    def model_sha256(self) -> str:
        """Of the detector that looks."""
        return self._inner.model_sha256

    def detect(self, images: list[Image]) -> list[Detections]:
        """Look at pictures of any sizes, one after another. Raises BadOutput, BadPicture."""
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Detections:
        check_picture(image)
        height, width = image.shape[:2]
        plan = tile_plan(width, height, tile=self._tile, shared=self._shared, most=self._most)
        if len(plan) == 1:
            return self._inner.detect([image])[0]
        whole = Tile(0, 0, width, height)
        parts = [image, *(np.ascontiguousarray(image[t.top : t.bottom, t.left : t.right]) for t in plan)]
        return merge(
            self._inner.detect(parts), [whole, *plan], width, height, self._limit
        )  # the tile of the first look is the picture itself


def merge(seen: list[Detections], tiles: list[Tile], width: int, height: int, limit: float) -> Detections:
    """What was seen in tiles of one picture (at least one, of one model) as boxes of the picture, each thing once.

    First the pieces that a seam cut are put together (``_join``): their envelope with the confidence of the
    strongest. Then a cut piece that lies in another box of its class goes, and so does the weaker of two boxes
    that overlap by more than ``limit``. Strongest first.
    """
    shifts = [np.array([t.left, t.top, t.left, t.top], np.float32) for t in tiles]
    boxes = np.concatenate([s.xyxy + shift for s, shift in zip(seen, shifts, strict=True)])
    kinds = np.concatenate([s.class_id for s in seen])
    confidence = np.concatenate([s.confidence for s in seen])
    cut = np.concatenate([_cut(s.xyxy, t, width, height) for s, t in zip(seen, tiles, strict=True)])
    origin = np.repeat(np.arange(len(tiles)), [len(s) for s in seen])
    kept: list[tuple[Boxes, NDArray[np.float32], int]] = []
    for kind in np.unique(kinds):
        mine = kinds == kind
        joined = _join(boxes[mine], confidence[mine], cut[mine], origin[mine])
        whole, strength = _without_pieces(*joined)
        chosen = suppress(whole, strength, limit)
        kept.append((whole[chosen], strength[chosen], int(kind)))
    if not kept:
        return Detections.empty(seen[0].names, seen[0].model_id)
    strength = np.concatenate([s for _, s, _ in kept])
    order = np.argsort(-strength, kind="stable")
    return Detections(
        np.concatenate([b for b, _, _ in kept])[order],
        np.concatenate([np.full(len(b), kind, np.int64) for b, _, kind in kept])[order],
        strength[order],
        seen[0].names,
        seen[0].model_id,
    )


def _starts(side: int, tile: int, shared: float) -> list[int]:
    """Where tiles begin along one side, evenly spread, first and last at the picture's edges."""
    if side <= tile:
        return [0]
    count = ceil((side - tile * shared) / (tile * (1 - shared)))
    return [round(i * (side - tile) / (count - 1)) for i in range(count)]


def _cut(xyxy: Boxes, tile: Tile, width: int, height: int) -> NDArray[np.bool_]:
    """(N, 4): which sides of boxes (in the tile's pixels) end at a seam: an edge of the tile inside the picture."""
    ends = np.array([0, 0, tile.right - tile.left, tile.bottom - tile.top], np.float32)
    seams = np.array([tile.left > 0, tile.top > 0, tile.right < width, tile.bottom < height])
    at: NDArray[np.bool_] = (np.abs(xyxy - ends) <= SEAM) & seams
    return at


def _join(
    boxes: Boxes, confidence: NDArray[np.float32], cut: NDArray[np.bool_], origin: NDArray[np.int64]
) -> tuple[Boxes, NDArray[np.float32], NDArray[np.bool_]]:
    """Boxes of one class with the pieces of cut things replaced by their envelopes."""
    group = np.arange(len(boxes))
    for axis in (0, 1):  # seams that stand, seams that lie
        for a in np.flatnonzero(cut[:, axis + 2]):
            for b in np.flatnonzero(cut[:, axis]):
                if origin[a] != origin[b] and _continues(boxes[a], boxes[b], axis):
                    group[group == group[b]] = group[a]
    names = np.unique(group)
    envelopes = [_envelope(boxes[group == name], cut[group == name]) for name in names]
    strengths = [confidence[group == name].max() for name in names]
    return (
        np.array([box for box, _ in envelopes], np.float32).reshape(-1, 4),
        np.array(strengths, np.float32),
        np.array([sides for _, sides in envelopes], np.bool_).reshape(-1, 4),
    )


def _continues(a: NDArray[np.float32], b: NDArray[np.float32], axis: int) -> bool:
    """Whether ``b``, cut at its low end, goes on where ``a``, cut at its high end, stops."""
    if not (a[axis] < b[axis] <= a[axis + 2] + SEAM and b[axis + 2] > a[axis + 2]):
        return False
    along = 1 - axis
    shared = min(a[along + 2], b[along + 2]) - max(a[along], b[along])
    both = max(a[along + 2], b[along + 2]) - min(a[along], b[along])
    return bool(shared > ALIKE * both)


def _envelope(boxes: Boxes, cut: NDArray[np.bool_]) -> tuple[Boxes, NDArray[np.bool_]]:
    """The box around pieces, and which of its sides are still cut."""
    low, high = boxes[:, :2].argmin(axis=0), boxes[:, 2:].argmax(axis=0)
    rows, columns = np.array([*low, *high]), np.arange(4)
    return boxes[rows, columns], cut[rows, columns]


def _without_pieces(
    boxes: Boxes, confidence: NDArray[np.float32], cut: NDArray[np.bool_]
) -> tuple[Boxes, NDArray[np.float32]]:
    """Without cut pieces that lie in a larger box; that takes their confidence when it is the higher."""
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
    strength, keep = confidence.copy(), np.ones(len(boxes), np.bool_)
    for i in np.flatnonzero(cut.any(axis=1))[np.argsort(areas[cut.any(axis=1)], kind="stable")]:
        larger = np.flatnonzero(keep & (areas > areas[i]))
        union = overlap(boxes[i : i + 1], boxes[larger])[0]
        shared = union / (1 + union) * (areas[i] + areas[larger])  # intersection, from the overlap
        inside = larger[shared >= INSIDE * areas[i]]
        if len(inside):
            best = inside[strength[inside].argmax()]
            strength[best] = max(strength[best], strength[i])
            keep[i] = False
    return boxes[keep], strength[keep]
