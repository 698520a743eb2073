"""Measuring a detector on a folder of labelled pictures (YOLO layout); needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detector.detections import Detector
from detector.training.context import CLASSES, DOMAIN
from detector.training.measure import (
    LEVELS,
    Floats,
    Interval,
    Tally,
    interval,
    rates,
    resamples,
    tally_precision,
)
from detector.training.scenes import Scene, class_names, look, scene_shown, scene_tally


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
    """A set of pictures. negatives: those without stall, shop_goods and pile. false_per_100: boxes of these
    three classes at threshold on 100 negatives.
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
    names = tuple(class_names(folder).values())
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
    ours = [n for n in names if n in CLASSES[:DOMAIN]] or list(names)
    negative = np.array([not any(len(s.truths[n]) for n in ours) for s in scenes])
    false = np.array([sum(scene_shown(s, n, limit[n]) for n in ours) for s in scenes], np.float64)

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


def _mean_of_all(values: list[float]) -> float:
    """NaN when one is: a resample without any label of a class says nothing about the mean over classes."""
    return sum(values) / len(values) if values else math.nan


def _mean(values: list[float]) -> float:
    known = [v for v in values if math.isfinite(v)]
    return sum(known) / len(known) if known else math.nan


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
