"""A back end over an ultralytics YOLO (.pt or .onnx): training, teachers and comparisons, never the service.

torch and ultralytics are imported when a detector is made, not when this module is (the ``train`` extra).
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from detector.backends import quiet
from detector.backends.network import Runtime
from detector.backends.torch_runtime import prepare
from detector.detections import Detections
from detector.errors import BadOutput, BadWeights
from detector.letterbox import check_picture, letterbox
from ingest.frame import Image


class UltralyticsDetector:
    """Detector over ``ultralytics.YOLO``; pictures are framed as our other back ends do it."""

    def __init__(
        self,
        path: Path,
        *,
        names: tuple[str, ...] | None = None,
        size: int = 640,
        floor: float = 0.1,
        iou: float = 0.7,
        threads: int | None = None,
        name: str | None = None,
        end2end: bool = False,
        rect: bool = False,
    ) -> None:
        """Load ``path``.

        names: class names by id; None takes the file's own. size: longer side looked at, pixels.
        floor: least confidence returned. iou: overlap above which the weaker box of a class is dropped.
        threads: within one look; None leaves torch's own choice. rect: framed by its own habit instead. end2end: use
        the head without suppression; a .onnx file has only the head that it was exported with.
        Raises BadWeights (no such file, other classes), ModuleNotFoundError (the extra is not installed).
        """
        if not path.is_file():
            raise BadWeights(f"{path}: no such model file; see weights/README.md")
        prepare(threads)
        from ultralytics import YOLO

        self._model: Any = YOLO(str(path), task="detect")
        self._settings = {
            "imgsz": size,
            "conf": floor,
            "iou": iou,
            "rect": rect,
            "device": "cpu",
            "verbose": False,
        }
        if path.suffix == ".pt":
            self._model.model.end2end = end2end
        own = self._model.names
        self._names = names if names is not None else tuple(own[i] for i in sorted(own))
        if len(self._names) != len(own):
            raise BadWeights(f"{path.name}: it has {len(own)} classes, {len(self._names)} are expected")
        if path.suffix == ".onnx" and self._names != tuple(own[i] for i in sorted(own)):
            raise BadWeights(f"{path.name}: its classes are {own}, not {', '.join(self._names)}")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._model_id, self._sha256 = f"{name or path.stem}-{digest[:8]}", digest
        self.runtime = Runtime("ultralytics", "fp32", threads or os.cpu_count() or 1, size)
        self._cut = True
        if path.suffix == ".onnx":
            self._own_session(path, self.runtime)
        self._lock = threading.Lock()  # ultralytics keeps state between calls

    @property
    def names(self) -> tuple[str, ...]:
        """Class names by id."""
        return self._names

    @property
    def model_id(self) -> str:
        """Name and short hash of the model."""
        return self._model_id

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the model's file."""
        return self._sha256

    def detect(self, images: list[Image]) -> list[Detections]:
        """Look at pictures of any sizes, one after another. Raises BadOutput, BadPicture."""
        for image in images:
            check_picture(image)
        with self._lock:
            return [self._one(image) for image in images]

    def _own_session(self, path: Path, runtime: Runtime) -> None:
        """Give it a session with our options; its own takes all cores and spins, and cannot be told otherwise."""
        from detector.backends.onnxruntime import session_options

        session = quiet.onnxruntime().InferenceSession(
            str(path), session_options(runtime.threads), providers=["CPUExecutionProvider"]
        )
        sides = [side for side in session.get_inputs()[0].shape[2:] if isinstance(side, int)]
        if any(side != runtime.size for side in sides):
            raise BadWeights(f"{path.name}: it looks at {sides} pixels, asked for {runtime.size} pixels")
        self._cut = not sides
        self._model.predict(np.zeros((runtime.size, runtime.size, 3), np.uint8), **self._settings)
        self._model.predictor.model.backend.session = session

    def _one(self, image: Image) -> Detections:
        place, settings = None, self._settings
        if not settings["rect"]:
            image, place = letterbox(image, self.runtime.size, cut=self._cut)
            settings = settings | {"imgsz": list(image.shape[:2])}
        results = self._model.predict(image, **settings)
        if len(results) != 1:
            raise BadOutput(f"{self._model_id}: {len(results)} results for one picture")
        boxes = results[0].boxes
        xyxy = boxes.xyxy.numpy().astype(np.float32).reshape(-1, 4)
        return Detections(
            xyxy if place is None else place.back(xyxy),
            boxes.cls.numpy().astype(np.int64).reshape(-1),
            boxes.conf.numpy().astype(np.float32).reshape(-1),
            self._names,
            self._model_id,
        )
