"""Back ends: what runs a model. Each is a module here; its package is imported when a detector is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from detector.detections import Detector
from detector.errors import BadWeights
from detector.weights import Model, find_model


def _onnxruntime(model: Model, threads: int, floor: float) -> Detector:
    from detector.backends.onnxruntime import OnnxDetector

    return OnnxDetector(model, threads=threads, floor=floor)


def _ultralytics(model: Model, threads: int, floor: float) -> Detector:
    from detector.backends.ultralytics import UltralyticsDetector

    return UltralyticsDetector(
        model.path, names=model.classes, size=model.size, floor=floor, iou=model.overlap, threads=threads
    )


BACKENDS: dict[str, tuple[Callable[[Model, int, float], Detector], str]] = {
    "onnxruntime": (_onnxruntime, "pip install jiexun"),
    "ultralytics": (_ultralytics, "pip install 'jiexun[train]'"),
}
"""Name: what opens it, and how its packages are installed."""


def open_detector(
    name: str = "onnxruntime",
    weights_dir: Path | None = None,
    model: str | None = None,
    threads: int | None = None,
    floor: float = 0.1,
) -> Detector:
    """Open a model with a back end.

    name: one of ``BACKENDS``. weights_dir: folder with ``manifest.json``; None is the one beside the
    packages. model: name in the manifest; None is its default. threads: per look; None is 1. floor: least
    confidence returned. Raises BadWeights (unknown names, a broken file, a package that is not installed), in
    one line.
    """
    if name not in BACKENDS:
        raise BadWeights(f"no back end {name!r}; there are: {', '.join(BACKENDS)}")
    opener, mend = BACKENDS[name]
    found = find_model(weights_dir, model)
    try:
        return opener(found, threads or 1, floor)
    except ModuleNotFoundError as error:
        raise BadWeights(f"the back end {name!r} needs the package {error.name!r}: {mend}") from None
