"""Back ends: what runs a model. Each is a module here; its package is imported when a detector is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.backends.choice import remembered
from detector.backends.table import BACKENDS, obstacle
from detector.detections import Detector
from detector.errors import BadWeights
from detector.weights import Model, find_model, verify

AUTO = "auto"
"""The name that stands for the quickest back end of this machine."""


def open_detector(
    name: str = "onnxruntime",
    weights_dir: Path | None = None,
    model: str | None = None,
    threads: int | None = None,
    floor: float = 0.1,
    *,
    size: int | None = None,
    memory: Path | None = None,
) -> Detector:
    """Open a model with a back end, and warm it up by one look.

    name: one of ``BACKENDS``, or ``auto``. weights_dir: folder with ``manifest.json``; None is the one beside
    the packages. model: name in the manifest; None is its default. threads: per look; None is 1. floor: least
    confidence returned. size: side of the square looked at in pixels; None is the manifest's, for which the
    thresholds hold. memory: where ``auto`` remembers what it found (JSON); None: it tests every time.
    Raises BadWeights (unknown names, a broken file, a package that is not installed) and BadOutput (it gives
    NaN), in one line.
    """
    return open_model(find_model(weights_dir, model), name, threads, floor, size=size, memory=memory)


def open_model(
    model: Model,
    name: str = "onnxruntime",
    threads: int | None = None,
    floor: float = 0.1,
    *,
    size: int | None = None,
    memory: Path | None = None,
) -> Detector:
    """As ``open_detector``, for a model whose file was verified."""
    if name not in (AUTO, *BACKENDS):
        raise BadWeights(f"no back end {name!r}; there are: {', '.join((AUTO, *BACKENDS))}")
    if size is not None:
        if size < 32 or size % 32:
            raise BadWeights(f"size {size} is not a multiple of 32 pixels; 320, 640 and 960 are usual")
        model = replace(model, size=size, int8=replace(model.int8, size=size) if model.int8 else None)
    if model.int8:
        verify(model.int8)
    if name == AUTO:
        name = remembered(model, threads or 1, memory)
    if why := obstacle(name, model):
        raise BadWeights(f"the back end {name!r} cannot be used: {why}")
    detector = BACKENDS[name].open(model, threads or 1, floor)
    detector.detect([np.full((36, 64, 3), 114, np.uint8)])  # of the usual shape
    return detector
