"""Detections: parallel arrays that cross the wall from a back end to the rules, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.errors import BadOutput
from ingest.frame import Image

Boxes = NDArray[np.float32]
"""(N, 4) float32: left, top, right, bottom in pixels of the picture looked at, origin top left."""

UNNAMED = "unnamed"
"""Label of what stands there though no class of any model names it (``detector/background``)."""


@dataclass(frozen=True, slots=True)
class Detections:
    """What a model saw in one picture.

    xyxy: (N, 4) float32 pixels. class_id: (N,) int64, an index into ``names``. confidence: (N,) float32, 0-1.
    names: class names by id. model_id: name and short hash of the model that saw it. tints: (N, 4) int8, the boxes'
    colours, where somebody who had the picture took them (``detector.tints``).
    """

    xyxy: Boxes
    class_id: NDArray[np.int64]
    confidence: NDArray[np.float32]
    names: tuple[str, ...]
    model_id: str
    tints: NDArray[np.int8] | None = None

    def __post_init__(self) -> None:
        n = len(self.xyxy)
        if self.xyxy.shape != (n, 4) or self.class_id.shape != (n,) or self.confidence.shape != (n,):
            raise BadOutput(
                f"{self.model_id}: boxes {self.xyxy.shape}, classes {self.class_id.shape}, "
                f"confidences {self.confidence.shape} are not parallel"
            )
        if self.tints is not None and self.tints.shape != (n, 4):
            raise BadOutput(f"{self.model_id}: tints {self.tints.shape} are not parallel to {n} boxes")
        if not (np.isfinite(self.xyxy).all() and np.isfinite(self.confidence).all()):
            raise BadOutput(
                f"{self.model_id}: NaN or infinity in its output; check the weights with 'jiexun verify'"
            )
        if n and (self.class_id.min() < 0 or self.class_id.max() >= len(self.names)):
            raise BadOutput(
                f"{self.model_id}: a class id outside 0..{len(self.names) - 1}; the manifest does not fit"
            )

    def __len__(self) -> int:
        return len(self.xyxy)

    def label(self, i: int) -> str:
        """Class name of detection ``i``."""
        return self.names[int(self.class_id[i])]

    @staticmethod
    def empty(names: tuple[str, ...], model_id: str) -> Detections:
        """Nothing seen."""
        return Detections(
            np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32), names, model_id
        )


class Detector(Protocol):
    """A back end: pictures in, detections out, in the same order."""

    @property
    def names(self) -> tuple[str, ...]:
        """Class names by id."""
        ...

    @property
    def model_id(self) -> str:
        """Name and short hash of the model."""
        ...

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the model's file, 64 hexadecimal digits; empty where there is no file (a script)."""
        ...

    def detect(self, images: list[Image]) -> list[Detections]:
        """Look at pictures of any sizes. Raises BadOutput, BadPicture."""
        ...
