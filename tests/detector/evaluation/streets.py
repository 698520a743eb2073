"""Small labelled streets, and a detector that sees what a script says of each picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from detector.backends.scripted import ScriptedDetector, Seen
from detector.detections import Boxes

NAMES = ("stall", "pile", "person")


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    """(N, 4) float32."""
    return np.array(rows, np.float32).reshape(-1, 4)


def a_folder(root: Path, **labels: str | None) -> Path:
    """Pictures of 100 x 100 pixels in split val; their grey is ten times their number, so that a script can tell
    them apart. None: no label file.
    """
    for part in ("images", "labels"):
        (root / part / "val").mkdir(parents=True)
    for number, (stem, text) in enumerate(labels.items(), 1):
        Pillow.new("RGB", (100, 100), (number * 10,) * 3).save(root / "images" / "val" / f"{stem}.png")
        if text is not None:
            (root / "labels" / "val" / f"{stem}.txt").write_text(text, "utf-8")
    (root / "data.yaml").write_text("path: .\nval: images/val\nnames: {0: stall, 1: pile}\n", "utf-8")
    return root


def seeing(*pictures: list[Seen], names: tuple[str, ...] = NAMES) -> ScriptedDetector:
    """Sees the n-th list in the picture of number n."""
    return ScriptedDetector(lambda image: pictures[int(image[0, 0, 0]) // 10 - 1], names)


def three_pictures(root: Path) -> Path:
    """a: a stall at 0..40. b: a pile at 50..100. c: nothing, a negative."""
    return a_folder(root, a="0 0.2 0.2 0.4 0.4\n", b="1 0.75 0.75 0.5 0.5\n", c="")


OF_THREE = seeing(
    [("stall", (0, 0, 40, 40), 0.9), ("person", (0, 0, 40, 40), 0.9)],
    [("pile", (50, 50, 100, 80), 0.8)],  # 0.6 of the label
    [("pile", (0, 0, 20, 20), 0.85), ("stall", (0, 0, 20, 20), 0.3)],
)
"""What is seen in the three pictures."""

HALF = {"stall": 0.5, "pile": 0.5, "person": 0.5}
"""Thresholds."""
