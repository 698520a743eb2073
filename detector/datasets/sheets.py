"""Contact sheets: nine pictures each, their boxes drawn, their file names below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from detector.datasets.layout import DataSet, Item, labels_of
from detector.errors import DataSetError
from detector.pictures import read_picture
from ingest.frame import Image

ACROSS, DOWN = 3, 3
WIDTH, HEIGHT, STRIP = 560, 420, 24
"""Of one tile, in pixels, and of the strip with its name."""
QUALITY = 88
COLOURS = ((60, 60, 240), (60, 200, 60), (240, 140, 40), (40, 200, 240), (220, 60, 220), (220, 220, 60))
"""BGR, by class id and then round again."""


def chosen(
    data: DataSet, members: Sequence[Item], class_name: str | None, only_negatives: bool
) -> list[Item]:
    """Those that hold a class, or hold nothing. Raises DataSetError: no such class, none left."""
    if class_name is not None and class_name not in data.names.values():
        raise DataSetError(
            f"{data.folder}: no class {class_name!r}; there are {', '.join(data.names.values())}"
        )
    kept = []
    for item in members:
        held = {data.names[int(c)] for c in labels_of(data, item).class_id}
        if (not only_negatives or not held) and (class_name is None or class_name in held):
            kept.append(item)
    if not kept:
        raise DataSetError(f"{data.folder}: no picture is left to show; ask for another class or split")
    return kept


def write_sheets(data: DataSet, members: Sequence[Item], out: Path, name: str) -> list[Path]:
    """Write ``NAME-001.jpg`` ... into a folder and return the paths. Raises BadPicture, DataSetError."""
    out.mkdir(parents=True, exist_ok=True)
    per_sheet, written = ACROSS * DOWN, []
    for start in range(0, len(members), per_sheet):
        tiles = [_tile(data, item) for item in members[start : start + per_sheet]]
        tiles += [np.full_like(tiles[0], 255)] * (per_sheet - len(tiles))
        rows = [np.hstack(tiles[i : i + ACROSS]) for i in range(0, per_sheet, ACROSS)]
        path = out / f"{name}-{start // per_sheet + 1:03d}.jpg"
        done, data_ = cv2.imencode(".jpg", np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:  # pragma: no cover - a BGR array always encodes
            raise RuntimeError("OpenCV cannot encode JPEG; reinstall opencv-python-headless")
        path.write_bytes(data_.tobytes())
        written.append(path)
    return written


def _tile(data: DataSet, item: Item) -> Image:
    """(HEIGHT + STRIP, WIDTH, 3): the picture whole, in the middle, with its boxes; its name below."""
    image = read_picture(item.file)
    scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    width, height = (max(1, round(side * scale)) for side in (image.shape[1], image.shape[0]))
    tile = np.full((HEIGHT + STRIP, WIDTH, 3), 32, np.uint8)
    x, y = (WIDTH - width) // 2, (HEIGHT - height) // 2
    small = tile[y : y + height, x : x + width]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small[:] = cv2.resize(image, (width, height), interpolation=how)
    labels = labels_of(data, item)
    for class_id, box in zip(labels.class_id.tolist(), labels.xyxy(width, height), strict=True):
        colour = COLOURS[class_id % len(COLOURS)]
        left, top, right, bottom = (round(float(v)) for v in box)
        cv2.rectangle(small, (left, top), (right, bottom), colour, 2)
        _write(small, data.names[class_id], (left, max(top, 14)), colour)
    name = _ascii(item.file.name) + ("" if len(labels) else "  (nothing)")
    _write(tile, name, (6, HEIGHT + STRIP - 6), (32, 32, 32))
    return tile


def _write(image: Image, text: str, at: tuple[int, int], ground: tuple[int, int, int]) -> None:
    """White letters on a ground; ``at`` is their lower left corner."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    x, y = at
    cv2.rectangle(image, (x, y - height - 2), (x + width, y + below - 1), ground, -1)
    cv2.putText(image, text, (x, y - 1), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)


def _ascii(name: str) -> str:
    """OpenCV draws ASCII alone: other letters are written as their code. The end tells names apart."""
    plain = name.encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= 60 else "..." + plain[-57:]
