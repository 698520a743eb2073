"""``jiexun model quantize``: the model in eight bits, kept only when it sees as well."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detector.datasets.layout import SUFFIXES
from detector.detections import Detector
from detector.errors import DataSetError
from detector.evaluation.looks import look
from detector.evaluation.report import measure
from detector.quantize import judge, keep
from detector.quantize import quantize as make_int8
from detector.weights import find_model, sha256_of
from jiexun.cli.common import AsJson, say
from jiexun.settings import load


class Engine(StrEnum):
    """What runs the two models that are compared."""

    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


def quantize(
    calibrate: Annotated[
        Path, typer.Option("--calibrate", help="Folder of street pictures; none of the DATASET's split.")
    ],
    dataset: Annotated[Path, typer.Argument(help="Labelled pictures on which both forms are measured.")],
    split: Annotated[str, typer.Option("--split", help="train, val, test or all.")] = "val",
    weights: Annotated[str | None, typer.Option("--weights", help="Name in the manifest.")] = None,
    weights_dir: Annotated[
        Path | None, typer.Option("--weights-dir", help="Folder with the manifest (default: settings).")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=8, max=2000, help="Calibration pictures used.")] = 100,
    backend: Annotated[Engine, typer.Option("--backend", help="What runs both.")] = Engine.OPENVINO,
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=64)] = None,
    as_json: AsJson = False,
) -> None:
    """Make an 8-bit form of a model; it goes into the manifest only if AP50 stays within half a point."""
    settings = load()
    model = find_model(weights_dir or settings.weights_dir, weights)
    with tempfile.TemporaryDirectory() as folder:
        made = make_int8(model, _pictures(calibrate, most), Path(folder) / f"{model.path.stem}-int8.onnx")
        int8 = replace(model, path=made, sha256=sha256_of(made), int8=None)

        def ap50(detector: Detector) -> float:
            report = measure(look(detector, dataset, split), model.thresholds, resampled=0)
            return float(report.as_dict()["ap50"]["mean"])

        verdict = judge(model, int8, ap50, backend=backend.value, threads=threads or settings.threads)
        file = model.path.parent / made.name
        if verdict.kept:
            shutil.copyfile(made, file)
        keep(model, file, verdict)
    say({"file": str(file), "sha256": int8.sha256, **asdict(verdict), "kept": verdict.kept}, as_json)


def _pictures(folder: Path, most: int) -> list[Path]:
    """Pictures below a folder, evenly taken."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise DataSetError(f"{folder}: no pictures there ({', '.join(sorted(SUFFIXES))})")
    step = max(1, -(-len(found) // most))
    return found[::step]
