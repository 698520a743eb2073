"""Context labels by a teacher: what stands around the things of the field (people, vehicles, furniture).

The hand labels name only ``stall``, ``shop_goods`` and ``pile``. A model trained on those alone forgets
people and vehicles, so a larger COCO model labels these, and its boxes are added where they do not contradict
a hand label.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.detections import Detector
from detector.nms import overlap
from detector.pictures import read_picture
from detector.training.labels import Labels, read_labels, write_labels

CLASSES = (
    "stall", "shop_goods", "pile", "person", "bicycle", "motorcycle", "car", "bus", "truck",
    "umbrella", "chair", "table", "potted_plant",
)  # fmt: skip
"""Classes of our models, in the order of their ids."""

COCO_NAMES = {"table": "dining table", "potted_plant": "potted plant"}
"""Where our name and the teacher's differ."""

DOMAIN = 3
"""The first so many classes are labelled by hand; the rest is context."""


@dataclass(frozen=True, slots=True)
class ContextReport:
    """What the teacher added: pictures looked at, boxes kept by class name, boxes dropped as
    contradictions.
    """

    pictures: int
    kept: dict[str, int]
    dropped: dict[str, int]


def add_context(
    images: Path,
    labels: Path,
    out: Path,
    teacher: Detector,
    *,
    threshold: float = 0.4,
    contradiction: float = 0.5,
) -> ContextReport:
    """Write hand labels plus the teacher's context boxes for every picture of a folder.

    images, labels: folders with the same stems. out: folder for the new label files (made).
    threshold: least confidence of the teacher. contradiction: intersection over union with a hand label from
    which a context box is dropped (a food truck labelled ``stall`` is not also a ``truck``; a table that is
    the whole ``shop_goods`` box is not also a ``table``); smaller things inside a stall keep their own label.
    Raises BadPicture, ValueError for a broken label file.
    """
    context = [(i, name) for i, name in enumerate(CLASSES) if i >= DOMAIN]
    wanted = {named: i for i, name in context for named in (name, COCO_NAMES.get(name, name))}
    out.mkdir(parents=True, exist_ok=True)
    kept: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    pictures = sorted(p for p in images.iterdir() if p.is_file())
    for path in pictures:
        image = read_picture(path)
        height, width = image.shape[:2]
        hand = read_labels(labels / f"{path.stem}.txt")
        seen = teacher.detect([image])[0]
        chosen = [i for i in range(len(seen)) if seen.label(i) in wanted and seen.confidence[i] >= threshold]
        ids = np.array([wanted[seen.label(i)] for i in chosen], np.int64)
        boxes = seen.xyxy[chosen]
        clash = overlap(boxes, hand.xyxy(width, height)).max(axis=1, initial=0.0) >= contradiction
        kept.update(CLASSES[i] for i in ids[~clash])
        dropped.update(CLASSES[i] for i in ids[clash])
        added = Labels.from_pixels(ids[~clash], boxes[~clash], width, height)
        write_labels(out / f"{path.stem}.txt", hand.joined(added))
    return ContextReport(len(pictures), dict(kept), dict(dropped))
