"""What a data set holds, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detector.datasets.layout import DataSet, items, labels_of

BY = ("view", "light", "group")
"""Columns of ``sources.csv`` that are counted; a picture without a value counts under ``unknown``."""
UNKNOWN = "unknown"


@dataclass(slots=True)
class Count:
    """Pictures, those of them that show nothing, boxes by class."""

    pictures: int = 0
    negatives: int = 0
    boxes: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"pictures": self.pictures, "negatives": self.negatives, "boxes": dict(self.boxes)}


def statistics(data: DataSet) -> dict[str, Any]:
    """Counts in all, by split and by each of ``BY``; sizes of boxes by class; boxes per picture.

    Widths, heights and areas are shares of the picture: least, quartiles, greatest. Raises DataSetError.
    """
    total = _count(data)
    by: dict[str, dict[str, Count]] = {name: {} for name in ("split", *BY)}
    sizes: dict[str, list[list[float]]] = {name: [] for name in data.names.values()}
    per_picture: Counter[int] = Counter()
    for split in data.splits:
        for item in items(data, split):
            labels = labels_of(data, item)
            names = [data.names[int(c)] for c in labels.class_id]
            keys = {"split": split, **{name: item.source.get(name) or UNKNOWN for name in BY}}
            for count in (total, *(by[k].setdefault(v, _count(data)) for k, v in keys.items())):
                count.pictures += 1
                count.negatives += not names
                count.boxes.update(names)
            for name, (_x, _y, width, height) in zip(names, labels.centre.tolist(), strict=True):
                sizes[name].append([width, height, width * height])
            per_picture[len(names)] += 1
    return {
        **total.as_dict(),
        **{f"by_{k}": {v: count.as_dict() for v, count in sorted(rows.items())} for k, rows in by.items()},
        "sizes": {name: _spread(rows) for name, rows in sizes.items()},
        "boxes_per_picture": {str(k): per_picture[k] for k in sorted(per_picture)},
    }


def _count(data: DataSet) -> Count:
    return Count(boxes=Counter(dict.fromkeys(data.names.values(), 0)))


def _spread(rows: list[list[float]]) -> dict[str, list[float]] | None:
    """Least, first quartile, median, third quartile, greatest; None where there is no box."""
    if not rows:
        return None
    table = np.quantile(np.array(rows), [0, 0.25, 0.5, 0.75, 1], axis=0).round(4)
    return {name: table[:, i].tolist() for i, name in enumerate(("width", "height", "area"))}
