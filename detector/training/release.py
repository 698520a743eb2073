"""From trained weights to the folder that is shipped: ONNX file, figures, manifest."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detector.backends.onnxruntime import OnnxDetector
from detector.evaluation.looks import MEASURING_FLOOR, look
from detector.evaluation.report import Report, measure
from detector.evaluation.thresholds import Choice, choose, thresholds_of
from detector.training.checkpoint import save_checkpoint
from detector.training.context import CLASSES
from detector.training.export import export
from detector.weights import Model, find_model, read_manifest, sha256_of

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
    half: bool = False,
    network: str | None = None,
) -> Model:
    """Export, choose thresholds, measure, and write ``manifest.json``; other models stay listed, this is the
    default.

    weights: a .pt. check: folder with split ``val`` of real pictures. rendered: folder with split ``val`` of
    rendered ones, measured apart. out: the folder ``weights``. Thresholds are chosen on ``check``, so figures
    at a threshold are a little too good; average precision does not depend on them. half: weights stored in
    float16. network: when given (``yolo26n``), a checkpoint to train on from is written beside.
    """
    kept = save_checkpoint(weights, out / f"{about.name}.safetensors", network) if network else None
    with tempfile.TemporaryDirectory() as folder:
        made = export(
            weights, Path(folder) / f"{about.name}.onnx", CLASSES, size=size, output=output, half=half
        )
        file = Path(shutil.move(str(made), out / made.name))
    fixed = dict.fromkeys(CLASSES, CONTEXT_THRESHOLD)
    model = Model(about.name, about.version, file, sha256_of(file), CLASSES, size, output, overlap, fixed, {})
    detector = OnnxDetector(model, threads=threads, floor=MEASURING_FLOOR)
    looks = look(detector, check)
    choices = choose(looks)
    model = replace(model, thresholds=fixed | thresholds_of(choices))
    real = measure(looks, model.thresholds)
    made_up = measure(look(detector, rendered), model.thresholds) if rendered else None
    entry = _entry(model, about, choices, real, made_up)
    if kept is not None:
        entry["checkpoint"] = {"file": kept.name, "sha256": sha256_of(kept), "network": network}
    write_entry(out, entry)
    return find_model(out, about.name)


def write_entry(folder: Path, entry: dict[str, Any]) -> None:
    """Put an entry into the manifest of a folder, in place of one of the same name, as the default."""
    path = folder / "manifest.json"
    old = [dict(m.record) for m in read_manifest(folder)] if path.exists() else []
    models = [entry, *(m for m in old if m["name"] != entry["name"])]
    text = json.dumps({"default": entry["name"], "models": models}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def _entry(
    model: Model, about: About, choices: Mapping[str, Choice], real: Report, made_up: Report | None
) -> dict[str, Any]:
    figures = {"val": real.as_dict(whole=False)}
    if made_up is not None:
        figures["rendered_check"] = made_up.as_dict(whole=False)
    return {
        "name": model.name, "version": model.version, "file": model.path.name, "sha256": model.sha256,
        "bytes": model.path.stat().st_size, "classes": list(model.classes), "size": model.size,
        "input": f"images (N, 3, {model.size}, {model.size}) float32, RGB, 0-1, letterboxed with grey 114",
        "output": model.output, "overlap": model.overlap, "thresholds": dict(model.thresholds),
        "threshold_choice": {name: choice.as_dict() for name, choice in choices.items()},
        "licence": "AGPL-3.0-or-later", "base": dict(about.base), "training": dict(about.training),
        "figures": figures, "notes": list(about.notes),
    }  # fmt: skip
