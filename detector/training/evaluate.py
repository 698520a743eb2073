"""Measuring a detector on a folder of labelled pictures (YOLO layout); needs no torch."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from detector.detections import Boxes, Detections, Detector
from detector.pictures import read_picture
from detector.training.dataset import pictures
from detector.training.labels import read_labels
from detector.training.measure import (
    LEVELS,
    Floats,
    Interval,
    Tally,
    interval,
    rates,
    resamples,
    tally,
    tally_precision,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class. boxes: labelled ones. ap50, ap: average precision at an overlap of 0.5, and over
    0.5-0.95.
    """

    name: str
    boxes: int
    threshold: float
    ap50: Interval
    ap: float
    precision: Interval
    recall: Interval


@dataclass(frozen=True, slots=True)
class Figures:
    """A set of pictures. negatives: pictures without a label. false_per_100: boxes at threshold on 100 of
    these.
    """

    pictures: int
    groups: int
    negatives: int
    classes: tuple[ClassFigures, ...]
    mean_ap50: Interval
    mean_ap: float
    false_per_100: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All pictures, and the same figures by the view and the light that ``sources.csv`` names."""

    model_id: str
    overall: Figures
    by_view: dict[str, Figures]
    by_light: dict[str, Figures]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: numbers rounded to four places, None where nothing could be measured."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


@dataclass(frozen=True, slots=True)
class Scene:
    """One labelled picture: labels and what was seen, as pixel boxes by class name; where it comes from."""

    file: str
    truths: dict[str, Boxes]
    seen: Detections
    group: str
    view: str
    light: str


def evaluate(
    detector: Detector,
    folder: Path,
    split: str = "val",
    *,
    thresholds: Mapping[str, float],
    most: int | None = None,
    resampled: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Measure a detector.

    folder: holds ``data.yaml`` and, if known, ``sources.csv`` (columns file, split, group, view, light).
    thresholds: operating confidence by class name (0.4 where none is given). Classes are matched by name, and
    only those that ``data.yaml`` names are measured. most: only so many pictures, evenly taken (for tests).
    resampled: bootstrap draws by group. The detector should return boxes from a low confidence on, or AP is
    cut short. Raises FileNotFoundError, ValueError, BadPicture, BadOutput.
    """
    scenes = look(detector, folder, split, most=most)
    names = tuple(_class_names(folder).values())
    views, lights = sorted({s.view for s in scenes} - {""}), sorted({s.light for s in scenes} - {""})

    def figures(chosen: list[Scene], draws: int) -> Figures:
        return measure(chosen, names, thresholds, resampled=draws, seed=seed)

    few = min(resampled, 300)
    return Evaluation(
        detector.model_id,
        figures(scenes, resampled),
        {view: figures([s for s in scenes if s.view == view], few) for view in views},
        {light: figures([s for s in scenes if s.light == light], few) for light in lights},
    )


def look(detector: Detector, folder: Path, split: str = "val", *, most: int | None = None) -> list[Scene]:
    """Run the detector over a split, one picture at a time, and keep labels and detections together."""
    names = _class_names(folder)
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


def measure(
    scenes: list[Scene], names: tuple[str, ...], thresholds: Mapping[str, float], *, resampled: int, seed: int
) -> Figures:
    """Figures of scenes already looked at; intervals are resampled by group."""
    once = np.ones(len(scenes))
    draws = resamples([s.group for s in scenes], resampled, seed)
    tallies = {name: scene_tally(scenes, name) for name in names}
    limit = {name: thresholds.get(name, 0.4) for name in names}
    classes = tuple(_class_figures(name, tallies[name], limit[name], once, draws) for name in names)
    labelled = [t for t in tallies.values() if t.truths.any()]
    sampled = [_mean_of_all([tally_precision(t, d) for t in labelled]) for d in draws]
    negative = np.array([not any(len(s.truths[n]) for n in names) for s in scenes])
    false = np.array([sum(_shown(s, n, limit[n]) for n in names) for s in scenes], np.float64)

    def per_100(d: Floats) -> float:
        count = (d * negative).sum()
        return float(100 * (d * negative * false).sum() / count) if count else math.nan

    return Figures(
        len(scenes), len({s.group for s in scenes}), int(negative.sum()), classes,
        interval(_mean([c.ap50.value for c in classes]), sampled),
        _mean([c.ap for c in classes]),
        interval(per_100(once), [per_100(d) for d in draws]),
    )  # fmt: skip


def _class_figures(name: str, t: Tally, threshold: float, once: Floats, draws: Floats) -> ClassFigures:
    sampled = [rates(t, threshold, d) for d in draws]
    precision, recall = rates(t, threshold, once)
    return ClassFigures(
        name, int(t.truths.sum()), threshold,
        interval(tally_precision(t, once), [tally_precision(t, d) for d in draws]),
        _mean([tally_precision(t, once, level) for level in range(len(LEVELS))]),
        interval(precision, [p for p, _ in sampled]),
        interval(recall, [r for _, r in sampled]),
    )  # fmt: skip


def scene_tally(scenes: list[Scene], name: str) -> Tally:
    """One class over scenes; a class that the model does not know is never found."""
    found = []
    for scene in scenes:
        mine = scene.seen.class_id == (scene.seen.names.index(name) if name in scene.seen.names else -1)
        found.append((scene.seen.xyxy[mine], scene.seen.confidence[mine]))
    return tally(found, [scene.truths[name] for scene in scenes])


def _shown(scene: Scene, name: str, threshold: float) -> int:
    return sum(
        scene.seen.label(i) == name and scene.seen.confidence[i] >= threshold for i in range(len(scene.seen))
    )


def _mean_of_all(values: list[float]) -> float:
    """NaN when one is: a resample without any label of a class says nothing about the mean over classes."""
    return sum(values) / len(values) if values else math.nan


def _mean(values: list[float]) -> float:
    known = [v for v in values if math.isfinite(v)]
    return sum(known) / len(known) if known else math.nan


def _class_names(folder: Path) -> dict[int, str]:
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


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
