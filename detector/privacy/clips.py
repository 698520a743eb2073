"""A clip without faces and plates: looked at every few frames, and covered between, before and after what was seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from detector.detections import Boxes
from detector.privacy.covering import covered
from detector.privacy.regions import ClipLimits, Limits, Regions
from ingest.frame import Image
from ingest.viewing import pictures, viewing_copy

Find = Callable[[Image], Regions]


def covered_clip(data: bytes, find: Find, limits: Limits) -> bytes:
    """A viewing copy (small H.264 MP4) of a clip's bytes with every found region covered.

    It is decoded twice: what a later look finds covers earlier frames. Raises BadVideo when it cannot be decoded.
    """
    times: list[int] = []
    seen: list[Regions] = []
    for at_ms, image in pictures(data):
        if not times or at_ms - times[-1] >= limits.clip.every_s * 1000:
            times.append(at_ms)
            seen.append(find(image))

    def paint(image: Image, at_ms: int) -> Image:
        return covered(image, around(times, seen, at_ms, limits.clip), limits)

    return viewing_copy(data, paint=paint)


def around(times: list[int], seen: list[Regions], at_ms: int, limits: ClipLimits) -> Regions:
    """What covers a frame: the regions of the looks around it, and the envelopes of those that are one thing.

    times: of the looks, ms, rising, at least one. seen: what each found. A thing that one look missed is covered by its
    neighbours; one that moves is covered on its whole way between two looks.
    """
    before = max(0, bisect_right(times, at_ms) - 1)
    first, last = max(0, before - limits.looks + 1), min(len(seen), before + 1 + limits.looks)
    near = seen[first:last]
    kinds = [kind for one in near for kind in one.kind]
    boxes = [one.xyxy for one in near]
    for earlier, later in pairwise(near):
        for kind in sorted({*earlier.kind} & {*later.kind}):
            joined = _ways(_of(earlier, kind), _of(later, kind), limits.near)
            kinds += [kind] * len(joined)
            boxes.append(joined)
    xyxy = np.concatenate(boxes).astype(np.float32).reshape(-1, 4)
    return Regions(tuple(kinds), xyxy, np.ones(len(kinds), np.float32))


def _of(regions: Regions, kind: str) -> Boxes:
    return regions.xyxy[np.array([k == kind for k in regions.kind], np.bool_)]


def _ways(a: Boxes, b: Boxes, near: float) -> Boxes:
    """(N, 4): envelopes of the pairs whose centres are within ``near`` times the mean of their longer sides."""
    middle_a, middle_b = (a[:, :2] + a[:, 2:]) / 2, (b[:, :2] + b[:, 2:]) / 2
    side_a, side_b = (a[:, 2:] - a[:, :2]).max(axis=1), (b[:, 2:] - b[:, :2]).max(axis=1)
    apart = np.linalg.norm(middle_a[:, None] - middle_b[None], axis=2)
    i, j = np.nonzero(apart <= near * (side_a[:, None] + side_b[None]) / 2)
    low, high = np.minimum(a[i, :2], b[j, :2]), np.maximum(a[i, 2:], b[j, 2:])
    return np.concatenate([low, high], axis=1).astype(np.float32)
