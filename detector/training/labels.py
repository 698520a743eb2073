"""YOLO label files: one line per box, ``class cx cy w h`` with the centre and size as shares of the
picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.detections import Boxes


@dataclass(frozen=True, slots=True)
class Labels:
    """The boxes of one picture. class_id: (N,) int64. centre: (N, 4) float64, cx, cy, width, height, each
    0-1.
    """

    class_id: NDArray[np.int64]
    centre: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.class_id)

    @staticmethod
    def from_pixels(class_id: NDArray[np.int64], xyxy: Boxes, width: int, height: int) -> Labels:
        """Labels from (N, 4) pixel boxes of a picture of this width and height; boxes are cut at its
        edges.
        """
        size = np.array([width, height, width, height], np.float64)
        box = np.clip(xyxy.astype(np.float64) / size, 0, 1)
        centre = np.concatenate([(box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]], axis=1)
        return Labels(class_id, centre)

    def xyxy(self, width: int, height: int) -> Boxes:
        """(N, 4) float32 pixel boxes in a picture of this width and height."""
        half = self.centre[:, 2:] / 2
        box = np.concatenate([self.centre[:, :2] - half, self.centre[:, :2] + half], axis=1)
        pixels: Boxes = (box * np.array([width, height, width, height])).astype(np.float32)
        return pixels

    def joined(self, other: Labels) -> Labels:
        """These boxes and then the other's."""
        return Labels(
            np.concatenate([self.class_id, other.class_id]), np.concatenate([self.centre, other.centre])
        )


def read_labels(path: Path) -> Labels:
    """Read a label file; an absent or empty one means that nothing is there. Raises ValueError naming the
    line.
    """
    text = path.read_text("utf-8") if path.exists() else ""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            row = [int(fields[0]), *(float(v) for v in fields[1:])]
        except ValueError:
            row = []
        if len(row) != 5 or row[0] < 0 or not all(0 <= v <= 1 for v in row[1:]):
            raise ValueError(f"{path.name} line {number}: {line!r} is not 'class cx cy w h' with shares 0..1")
        rows.append(row)
    table = np.array(rows, np.float64).reshape(-1, 5)
    return Labels(table[:, 0].astype(np.int64), table[:, 1:])


def write_labels(path: Path, labels: Labels) -> None:
    """Write a label file; no boxes give an empty file, which says that nothing is there."""
    lines = (
        f"{c} " + " ".join(f"{v:.6f}" for v in row) + "\n"
        for c, row in zip(labels.class_id, labels.centre, strict=True)
    )
    path.write_text("".join(lines), "utf-8")
