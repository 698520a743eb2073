"""A back end that plays back given detections: for tests, rehearsals and replays of a recorded run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from detector.detections import Detections
from detector.errors import BadOutput
from detector.letterbox import check_picture
from ingest.frame import Image

Seen = tuple[str, tuple[float, float, float, float], float]
"""Class name, (left, top, right, bottom) in pixels, confidence 0-1."""

Script = Sequence[Sequence[Seen]] | Callable[[Image], Sequence[Seen]]
"""What is seen in the first, second ... picture, or a function of the picture."""


class ScriptedDetector:
    """Detector that sees what its script says, picture by picture, over all calls."""

    def __init__(
        self, script: Script, names: tuple[str, ...], *, model_id: str = "scripted", repeat: bool = False
    ):
        """script: see ``Script``. names: class names by id. repeat: begin again when the script is at its
        end.
        """
        self._script, self._names, self._model_id, self._repeat = script, names, model_id, repeat
        self._next = 0
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Class names by id."""
        return self._names

    @property
    def model_id(self) -> str:
        """Name of the script."""
        return self._model_id

    @property
    def model_sha256(self) -> str:
        """A script has no file."""
        return ""

    def detect(self, images: list[Image]) -> list[Detections]:
        """What the script says of these pictures.

        Raises BadPicture, and BadOutput when the script is at its end or names an unknown class.
        """
        for image in images:
            check_picture(image)
        return [self._detections(self._turn(image)) for image in images]

    def _turn(self, image: Image) -> Sequence[Seen]:
        if callable(self._script):
            return self._script(image)
        with self._lock:
            turn = self._next
            self._next += 1
        if self._repeat and self._script:
            turn %= len(self._script)
        if turn >= len(self._script):
            raise BadOutput(
                f"{self._model_id}: the script has {len(self._script)} pictures, number {turn + 1} came"
            )
        return self._script[turn]

    def _detections(self, seen: Sequence[Seen]) -> Detections:
        unknown = sorted({label for label, _, _ in seen} - set(self._names))
        if unknown:
            raise BadOutput(f"{self._model_id}: unknown classes {', '.join(unknown)} in the script")
        return Detections(
            np.array([box for _, box, _ in seen], np.float32).reshape(-1, 4),
            np.array([self._names.index(label) for label, _, _ in seen], np.int64),
            np.array([confidence for _, _, confidence in seen], np.float32),
            self._names,
            self._model_id,
        )
