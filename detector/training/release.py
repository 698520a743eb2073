"""From trained weights to the folder that is shipped: ONNX file, figures, manifest."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from detector.backends.onnxruntime import OnnxDetector
from detector.training.context import CLASSES, DOMAIN
from detector.training.evaluate import Evaluation, evaluate
from detector.training.export import export
from detector.training.measure import rates
from detector.training.scenes import Scene, look, scene_tally
from detector.weights import Model, find_model, read_manifest, sha256_of

MEASURING_FLOOR = 0.005
"""Least confidence while measuring: average precision needs the weak boxes too."""

FEW = 20
"""Labelled boxes from which a threshold is fitted."""

CONTEXT_THRESHOLD = 0.4
"""For classes without hand labels, nothing is measured; the teacher's own threshold."""


@dataclass(frozen=True, slots=True)
class About:
    """What the manifest tells of a model beside its figures.

    training: data, counts, stages, seeds, times. base: the weights it started from. notes: plain sentences.
    """

    name: str
    version: str
    training: Mapping[str, Any]
    base: Mapping[str, Any]
    notes: tuple[str, ...]


def release(
    weights: Path,
    out: Path,
    about: About,
    *,
    check: Path,
    rendered: Path | None = None,
    threads: int = 1,
    size: int = 640,
    output: str = "raw",
    overlap: float = 0.6,
) -> Model:
    """Export, choose thresholds, measure, and write ``manifest.json``; other models stay listed, this is the
    default.

    weights: a .pt. check: folder with split ``val`` of real pictures. rendered: folder with split ``val`` of
    rendered ones, measured apart. out: the folder ``weights``. Thresholds are chosen on ``check``, so figures
    at a threshold are a little too good; average precision does not depend on them.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = export(weights, Path(folder) / f"{about.name}.onnx", CLASSES, size=size, output=output)
        file = Path(shutil.move(str(made), out / made.name))
    fixed = dict.fromkeys(CLASSES, CONTEXT_THRESHOLD)
    model = Model(about.name, about.version, file, sha256_of(file), CLASSES, size, output, overlap, fixed, {})
    detector = OnnxDetector(model, threads=threads, floor=MEASURING_FLOOR)
    scenes = look(detector, check)
    model = replace(model, thresholds=fixed | {n: best_threshold(scenes, n) for n in CLASSES[:DOMAIN]})
    real = evaluate(detector, check, thresholds=model.thresholds)
    made_up = evaluate(detector, rendered, thresholds=model.thresholds) if rendered else None
    write_entry(out, _entry(model, about, real, made_up))
    return find_model(out, about.name)


def best_threshold(scenes: list[Scene], name: str, least: float = 0.3, most: float = 0.5) -> float:
    """The confidence with the best F1 (harmonic mean of precision and recall) on a grid of 0.05.

    The grid is kept narrow, and a class with fewer than ``FEW`` labels gets the middle of it: a threshold fitted
    to so few boxes is chance.
    """
    t = scene_tally(scenes, name)
    once = np.ones(len(scenes))
    if t.truths.sum() < FEW:
        return round((least + most) / 2, 2)

    def f1(threshold: float) -> float:
        precision, recall = rates(t, threshold, once)
        return 2 * precision * recall / (precision + recall) if precision > 0 and recall > 0 else 0.0

    grid = [round(float(v), 2) for v in np.arange(least, most + 0.01, 0.05)]
    return max(grid, key=lambda v: (f1(v), v))


def write_entry(folder: Path, entry: dict[str, Any]) -> None:
    """Put an entry into the manifest of a folder, in place of one of the same name, as the default."""
    path = folder / "manifest.json"
    old = [dict(m.record) for m in read_manifest(folder)] if path.exists() else []
    models = [entry, *(m for m in old if m["name"] != entry["name"])]
    text = json.dumps({"default": entry["name"], "models": models}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def _entry(model: Model, about: About, real: Evaluation, made_up: Evaluation | None) -> dict[str, Any]:
    figures = {"val": real.as_dict()}
    if made_up is not None:
        figures["rendered_check"] = made_up.as_dict()
    return {
        "name": model.name, "version": model.version, "file": model.path.name, "sha256": model.sha256,
        "bytes": model.path.stat().st_size, "classes": list(model.classes), "size": model.size,
        "input": f"images (N, 3, {model.size}, {model.size}) float32, RGB, 0-1, letterboxed with grey 114",
        "output": model.output, "overlap": model.overlap, "thresholds": dict(model.thresholds),
        "licence": "AGPL-3.0-or-later", "base": dict(about.base), "training": dict(about.training),
        "figures": figures, "notes": list(about.notes),
    }  # fmt: skip
