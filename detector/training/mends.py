"""Mended labels and labelled frames, kept as lists beside the recipe: the pictures stay where they are.

One JSON object per line. ``mends.jsonl``: ``{"file", "labels": [[class, x0, y0, x1, y1], ...], "why"}`` with all
boxes of the picture in per cent of its width and height, or ``{"file", "drop": true, "why"}``. ``frames.jsonl``:
the same for frames of clips, ``{"file", "clip", "frame", "labels"}``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from detector.errors import BadRecipe
from detector.training.context import CLASSES, DOMAIN
from detector.training.dataset import pictures
from detector.training.labels import Labels, read_labels, write_labels

LONGEST = 960
"""Frames are made no larger than the photographs are, pixels."""


@dataclass(frozen=True, slots=True)
class Mend:
    """One picture's labels, all of them. labels: None where the picture should not be used.
    clip, frame: where a frame is taken from (number of the decoded frame, from 0), else empty.
    """

    file: str
    labels: Labels | None
    clip: str = ""
    frame: int = 0


def read_mends(path: Path) -> list[Mend]:
    """Read a list. Raises BadRecipe naming the line."""
    mends = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            told = json.loads(line)
            labels = None if told.get("drop") else _labels(told["labels"])
            mends.append(Mend(told["file"], labels, told.get("clip", ""), int(told.get("frame", 0))))
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecipe(f"{path.name} line {number}: {error}; see detector/training/mends.py") from None
    return mends


def _labels(rows: list[list[Any]]) -> Labels:
    """Boxes in per cent as labels. Raises ValueError."""
    ids, boxes = [], []
    for name, *box in rows:
        if name not in CLASSES[:DOMAIN]:
            raise ValueError(f"no class is called {name!r}")
        x0, y0, x1, y1 = (float(v) for v in box)
        if not (0 <= x0 < x1 <= 100 and 0 <= y0 < y1 <= 100):
            raise ValueError(f"{box} is no box in per cent")
        ids.append(CLASSES.index(name))
        boxes.append((x0, y0, x1, y1))
    return Labels.from_pixels(
        np.array(ids, np.int64), np.array(boxes, np.float32).reshape(-1, 4), width=100, height=100
    )


def mended(images: Path, labels: Path, mends: list[Mend], out: Path) -> dict[str, int]:
    """Write the labels of a folder of pictures with the mends applied; dropped pictures are left out.

    out: gets ``images`` (links) and ``labels``. Returns counts. Raises BadRecipe when a mend names a picture that
    is not there: the list belongs to other pictures then.
    """
    by_file = {mend.file: mend for mend in mends}
    files = pictures(images)
    if missing := set(by_file) - {path.name for path in files}:
        raise BadRecipe(f"mends name {len(missing)} pictures that are not in {images}: {min(missing)} ...")
    for place in ("images", "labels"):
        (out / place).mkdir(parents=True, exist_ok=True)
    dropped = 0
    for path in files:
        mend = by_file.get(path.name)
        told = read_labels(labels / f"{path.stem}.txt") if mend is None else mend.labels
        if told is None:
            dropped += 1
            continue
        write_labels(out / "labels" / f"{path.stem}.txt", told)
        _link(path, out / "images" / path.name)
    return {"pictures": len(files) - dropped, "changed": len(by_file) - dropped, "dropped": dropped}


def frames(clips: Path, wanted: list[Mend], out: Path) -> int:
    """Take labelled frames out of clips; returns how many. out: gets ``images`` and ``labels``.

    Raises BadRecipe for a clip or frame that is not there.
    """
    for place in ("images", "labels"):
        (out / place).mkdir(parents=True, exist_ok=True)
    kept = [mend for mend in wanted if mend.labels is not None]
    for clip in sorted({mend.clip for mend in kept}):
        if not (clips / clip).is_file():
            raise BadRecipe(f"{clip}: no such clip in {clips}; give the folder that holds the clips")
        by_number = {mend.frame: mend for mend in kept if mend.clip == clip}
        found = 0
        with av.open(str(clips / clip)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if (mend := by_number.get(number)) is None or mend.labels is None:
                    continue
                image = frame.to_ndarray(format="bgr24")
                scale = min(1.0, LONGEST / max(image.shape[:2]))
                small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                cv2.imwrite(str(out / "images" / mend.file), small, [cv2.IMWRITE_JPEG_QUALITY, 92])
                write_labels(out / "labels" / f"{Path(mend.file).stem}.txt", mend.labels)
                found += 1
        if found < len(by_number):
            raise BadRecipe(f"{clip} has no frame {max(by_number)}: another clip than the list was made for")
    return len(kept)


def _link(path: Path, link: Path) -> None:
    if not link.is_symlink():
        link.symlink_to(path.resolve())
