"""Labelled folders (YOLO layout): their pictures, labels, sources, and what a detector saw in each picture."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from detector.detections import Boxes, Detections, Detector
from detector.pictures import read_picture
from detector.training.dataset import pictures
from detector.training.labels import read_labels
from detector.training.measure import Tally, tally


@dataclass(frozen=True, slots=True)
class Scene:
    """One labelled picture: labels and what was seen, as pixel boxes by class name; where it comes from."""

    file: str
    truths: dict[str, Boxes]
    seen: Detections
    group: str
    view: str
    light: str


def look(detector: Detector, folder: Path, split: str = "val", *, most: int | None = None) -> list[Scene]:
    """Run the detector over a split, one picture at a time, and keep labels and detections together."""
    names = class_names(folder)
    sources = _sources(folder, split)
    files = pictures(_images(folder, split))
    if not files:
        raise ValueError(f"{folder}: split {split!r} has no pictures")
    if most is not None and most < len(files):
        files = [files[i] for i in np.linspace(0, len(files) - 1, most).round().astype(int)]
    scenes = []
    for path in files:
        image = read_picture(path)
        labels = read_labels(_label_of(path))
        boxes = labels.xyxy(image.shape[1], image.shape[0])
        truths = {name: boxes[labels.class_id == i] for i, name in names.items()}
        row = sources.get(path.name, {})
        scenes.append(
            Scene(path.name, truths, detector.detect([image])[0], row.get("group") or path.name,
                  row.get("view") or "", row.get("light") or "")
        )  # fmt: skip
    return scenes


def scene_tally(scenes: list[Scene], name: str) -> Tally:
    """One class over scenes; a class that the model does not know is never found."""
    found = []
    for scene in scenes:
        mine = scene.seen.class_id == (scene.seen.names.index(name) if name in scene.seen.names else -1)
        found.append((scene.seen.xyxy[mine], scene.seen.confidence[mine]))
    return tally(found, [scene.truths[name] for scene in scenes])


def scene_shown(scene: Scene, name: str, threshold: float) -> int:
    """How many boxes of a class would be shown at this confidence."""
    return sum(
        scene.seen.label(i) == name and scene.seen.confidence[i] >= threshold for i in range(len(scene.seen))
    )


def class_names(folder: Path) -> dict[int, str]:
    """Class names by id from ``data.yaml``. Raises ValueError when it lists none."""
    names = _data(folder).get("names")
    listed = dict(enumerate(names)) if isinstance(names, list) else names
    if not isinstance(listed, dict) or not listed:
        raise ValueError(f"{folder / 'data.yaml'}: 'names' must list the classes")
    return {int(i): str(name) for i, name in listed.items()}


def _images(folder: Path, split: str) -> Path:
    place = _data(folder).get(split)
    if not isinstance(place, str) or not (folder / place).is_dir():
        raise FileNotFoundError(f"{folder / 'data.yaml'}: split {split!r} is not a folder of pictures")
    return folder / place


def _data(folder: Path) -> dict[str, Any]:
    data = yaml.safe_load((folder / "data.yaml").read_text("utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{folder / 'data.yaml'}: not a YOLO data file")
    return data


def _label_of(picture: Path) -> Path:
    """``.../images/val/a.jpg`` -> ``.../labels/val/a.txt``."""
    parts = list(picture.parts)
    last = max(i for i, part in enumerate(parts) if part == "images")
    parts[last] = "labels"
    return Path(*parts).with_suffix(".txt")


def _sources(folder: Path, split: str) -> dict[str, dict[str, str]]:
    path = folder / "sources.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["file"]: row for row in csv.DictReader(lines) if row.get("split") in (split, None)}
