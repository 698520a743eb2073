"""What a sealed picture says as a labelled one, from what was decided on the candidates that show it. Pure.

A picture with a confirmed thing is a positive. A picture is a hard negative only when everything that the
detector saw there was rejected as not being the thing: a stall that was rejected because it has a permit is still
a stall, and a picture of it with an empty label would teach the detector to overlook stalls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from detector.datasets.layout import DOMAIN_NAMES
from detector.scene.boxes import iou

DOMAIN = frozenset(DOMAIN_NAMES.values())
SURE = 0.25
"""Confidence from which a box that nobody decided on casts doubt on a picture."""
SAME_BOX_IOU = 0.5
VAL_SHARE = 0.2


class Verdict(StrEnum):
    """What people said of a candidate, as far as labels are concerned."""

    CONFIRMED = "confirmed"
    NOT_THE_THING = "not_the_thing"
    OTHER = "other"  # rejected for a reason that says nothing about what it looks like
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Box:
    """xyxy: 0-1 of the upright picture. subject: what the candidate is about."""

    label: str
    xyxy: tuple[float, float, float, float]
    confidence: float
    subject: bool


@dataclass(frozen=True, slots=True)
class View:
    """One picture as one candidate shows it. seen: the detector's boxes. corrected: the reviewer's, if any."""

    verdict: Verdict
    seen: tuple[Box, ...]
    corrected: tuple[Box, ...] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """boxes: what is to be learned; none of them on a hard negative. unreviewed: boxes of our classes on the
    picture that nobody decided on: they are in no label, and somebody may want to look.
    """

    boxes: tuple[Box, ...]
    unreviewed: int


def judge(views: Sequence[View]) -> Judged | str:
    """The labels of a picture, or why it is left out: no_box, undecided, other_reason, not_certain."""
    confirmed = [v for v in views if v.verdict is Verdict.CONFIRMED]
    if confirmed:
        boxes = _distinct(b for v in confirmed for b in _shown_by(v))
        return Judged(boxes, _unreviewed(views, boxes)) if boxes else "no_box"
    if any(v.verdict is Verdict.UNDECIDED for v in views):
        return "undecided"
    if any(v.verdict is Verdict.OTHER for v in views):
        return "other_reason"
    return "not_certain" if _unreviewed(views, ()) else Judged((), 0)


def _shown_by(view: View) -> tuple[Box, ...]:
    boxes = view.corrected if view.corrected is not None else (b for b in view.seen if b.subject)
    return tuple(b for b in boxes if b.label in DOMAIN)


def _distinct(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Two candidates may show one thing: of boxes of one label that overlap the first stays."""
    kept: list[Box] = []
    for box in boxes:
        if not any(box.label == other.label and _overlap(box, other) > SAME_BOX_IOU for other in kept):
            kept.append(box)
    return tuple(kept)


def _unreviewed(views: Sequence[View], taken: Sequence[Box]) -> int:
    """Boxes of our classes that are no candidate's subject and none of those taken."""
    known = [*taken, *(b for v in views for b in v.seen if b.subject)]
    others = (b for v in views for b in v.seen if b.label in DOMAIN and b.confidence >= SURE)
    return len(_distinct(b for b in others if not any(_overlap(b, k) > SAME_BOX_IOU for k in known)))


def _overlap(a: Box, b: Box) -> float:
    return float(iou(np.array([a.xyxy], np.float64), np.array([b.xyxy], np.float64))[0, 0])


def sides(places: Iterable[str], val_share: float = VAL_SHARE) -> dict[str, str]:
    """Which side each place is on: by a hash of its name, so that it stays there when places are added.

    Only where a side would be empty (few places) the place nearest to it by its hash changes over.
    """
    drawn = {p: int.from_bytes(hashlib.sha256(p.encode()).digest()[:8], "big") / 2**64 for p in set(places)}
    found = {place: "val" if value < val_share else "train" for place, value in sorted(drawn.items())}
    if len(found) > 1 and "val" not in found.values():
        found[min(drawn, key=drawn.__getitem__)] = "val"
    if len(found) > 1 and "train" not in found.values():
        found[max(drawn, key=drawn.__getitem__)] = "train"
    return found
