"""Builders of small labelled folders: painted pictures, label lines, data.yaml, sources.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from ingest.frame import Image

YAML = "path: .\ntrain: images/train\nval: images/val\nnames: {0: stall, 1: shop_goods, 2: pile}\n"


def a_street(seed: int, width: int = 96, height: int = 64) -> Image:
    """Large soft patches that no other seed has: pictures that a perceptual hash tells apart."""
    patches = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def put(path: Path, image: Image, **options: object) -> Path:
    """Write a picture as RGB in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(image[:, :, ::-1]).save(path, **options)  # type: ignore[arg-type]
    return path


def a_dataset(
    root: Path,
    splits: Mapping[str, Mapping[str, Sequence[str] | None]],
    groups: Mapping[str, str] | None = None,
) -> Path:
    """A YOLO folder. splits: split -> picture name -> label lines (none: no label file).

    groups: picture name -> group; writes sources.csv.
    """
    seed = 0
    for split, pictures in splits.items():
        for name, lines in pictures.items():
            seed += 1
            put(root / "images" / split / name, a_street(seed))
            if lines is not None:
                label = root / "labels" / split / f"{Path(name).stem}.txt"
                label.parent.mkdir(parents=True, exist_ok=True)
                label.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    (root / "data.yaml").write_text(YAML, "utf-8")
    if groups is not None:
        rows = (
            f"{name},{split},{groups[name]},phone,{'night' if i % 2 else 'day'}\n"
            for split, pictures in splits.items()
            for i, name in enumerate(pictures)
            if name in groups
        )
        (root / "sources.csv").write_text("file,split,group,view,light\n" + "".join(rows), "utf-8")
    return root


BOX = "0 0.5 0.5 0.2 0.2"
OTHER = "2 0.2 0.3 0.1 0.4"


def a_good_one(root: Path) -> Path:
    """Two pictures to learn from, one to measure on, nothing wrong."""
    return a_dataset(
        root,
        {"train": {"a.jpg": [BOX, OTHER], "b.jpg": []}, "val": {"c.jpg": [OTHER]}},
        {"a.jpg": "site:1", "b.jpg": "site:1", "c.jpg": "site:2"},
    )
