"""The colours of a thing, to tell later whether another one stands at its place."""

from __future__ import annotations

import cv2
import numpy as np

from detector.scene.model import Violation
from detector.scene.places import Colours
from ingest.frame import Image
from jiexun.pipeline.lookbook import Book

HUES, SATURATIONS, DARK = 12, 3, 40
"""Bins; pixels darker than DARK of 255 have no colour that can be told. Brightness is left out: light changes."""
SUM = 1000


def colours_of(violation: Violation, book: Book) -> Colours | None:
    """Colours of the violation's thing in its latest key picture; none where that is not there, or all dark."""
    at = violation.key_times[-1]
    kept, times = book.at(at), violation.sighting.times
    if kept is None or at not in times:
        return None
    box = violation.sighting.xyxy[times.index(at)]
    return colours(kept.frame.image, kept.on_picture(box).tolist())


def colours(image: Image, box: list[float]) -> Colours | None:
    """Shares by hue and saturation, in thousandths. image: (H, W, 3) BGR. box: px; its inner part is looked at."""
    left, top, right, bottom = box
    dx, dy = 0.1 * (right - left), 0.1 * (bottom - top)
    part = image[max(0, round(top + dy)) : round(bottom - dy), max(0, round(left + dx)) : round(right - dx)]
    if not part.size:
        return None
    hue, saturation, value = cv2.split(cv2.cvtColor(part, cv2.COLOR_BGR2HSV))
    lit = value > DARK
    if np.count_nonzero(lit) < 0.1 * lit.size:
        return None
    bins = (hue[lit].astype(np.int64) * HUES // 180) * SATURATIONS + saturation[lit].astype(
        np.int64
    ) * SATURATIONS // 256
    # Grey has no hue: its lowest saturations are one bin.
    bins[bins % SATURATIONS == 0] = 0
    counts = np.bincount(bins, minlength=HUES * SATURATIONS)
    return [int(n) for n in counts * SUM // counts.sum()]
