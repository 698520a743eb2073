"""What our own back ends share: letterbox before the network, decoding behind it, and the check that a file is
what its manifest says. A back end itself only runs the network.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.errors import BadOutput, BadWeights
from detector.letterbox import Letterbox, letterbox
from detector.nms import decode_end2end, decode_raw
from detector.weights import Model
from ingest.frame import Image

Shape = tuple[int | None, ...]
"""Sides of an array; None where the file leaves one open."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """How a model is run. precision: fp32, bf16 or int8. threads: within one look. size: longer side looked at, px."""

    backend: str
    precision: str
    threads: int
    size: int


class Network(Protocol):
    """An opened model file. Safe to run from several threads at once."""

    @property
    def input(self) -> Shape:
        """(N, 3, H, W)."""
        ...

    @property
    def output(self) -> Shape:
        """(N, 4 + C, A) or (N, K, 6)."""
        ...

    @property
    def names(self) -> str:
        """Class names as the file notes them, ``{0: 'stall', ...}``; empty where it notes none."""
        ...

    def run(self, frames: list[Image]) -> NDArray[np.float32]:
        """Frames (H, W, 3) uint8 blue-green-red, all of one shape, to the raw output, one row each.

        A file that fixes its sides takes squares of that size only.
        """
        ...


class NetworkDetector:
    """Detector over a network; safe to share between threads."""

    def __init__(self, model: Model, network: Network, runtime: Runtime, *, floor: float, batch: int) -> None:
        """floor: least confidence returned; the operating thresholds are higher and belong to the rules. batch:
        most pictures per run. Raises BadWeights when the file does not fit its manifest.
        """
        _check(model, network)
        self._model, self._floor, self._batch = model, floor, max(1, batch)
        self._cut = network.input[2:] == (None, None)
        self.network, self.runtime = network, runtime

    @property
    def names(self) -> tuple[str, ...]:
        """Class names by id."""
        return self._model.classes

    @property
    def model_id(self) -> str:
        """Name, version and short hash of the model."""
        return self._model.model_id

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the model's file, checked when it was opened."""
        return self._model.sha256

    def detect(self, images: list[Image]) -> list[Detections]:
        """Look at pictures of any sizes, ``batch`` at a time, strongest boxes first. Raises BadOutput,
        BadPicture.
        """
        seen: list[Detections] = []
        for start in range(0, len(images), self._batch):
            boxed = zip(*self.prepare(images[start : start + self._batch]), strict=True)
            for _, alike in groupby(boxed, lambda one: one[0].shape):
                frames, places = zip(*alike, strict=True)
                seen += self.finish(self.network.run(list(frames)), list(places))
        return seen

    def prepare(self, images: list[Image]) -> tuple[list[Image], list[Letterbox]]:
        """Pictures as the network looks at them, and where they lie in that: in squares where the file fixes its
        sides, else with the bars cut. Raises BadPicture.
        """
        boxed = [letterbox(image, self._model.size, cut=self._cut) for image in images]
        return [frame for frame, _ in boxed], [place for _, place in boxed]

    def finish(self, output: NDArray[np.float32], places: list[Letterbox]) -> list[Detections]:
        """The network's output as boxes of the pictures. Raises BadOutput."""
        if len(output) != len(places):
            raise BadOutput(f"{self.model_id}: {len(output)} outputs for {len(places)} pictures")
        try:
            if self._model.output == "end2end":
                found = decode_end2end(output, floor=self._floor)
            else:
                found = decode_raw(output, floor=self._floor, limit=self._model.overlap)
        except BadOutput as error:
            raise BadOutput(f"{self.model_id} ({self.runtime.backend}): {error}") from None
        return [
            Detections(place.back(one.xyxy), one.class_id, one.confidence, self.names, self.model_id)
            for one, place in zip(found, places, strict=True)
        ]


def _check(model: Model, network: Network) -> None:
    """Raises BadWeights when shapes or classes of the file do not fit the manifest."""
    file, mend = model.path.name, "the manifest does not fit the file; take both from the same release"
    sides = network.input[2:]
    if len(network.input) != 4 or any(have not in (None, model.size) for have in sides):
        raise BadWeights(
            f"{file}: it looks at {_words(network.input)}, asked for {model.size} pixels; {mend}"
        )
    wanted, at = (6, 2) if model.output == "end2end" else (4 + len(model.classes), 1)
    found = network.output[at] if len(network.output) == 3 else None
    if found != wanted:
        raise BadWeights(
            f"{file}: {found} numbers per box, {wanted} are expected for {len(model.classes)} classes with "
            f"{model.output} output; {mend}"
        )
    if network.names and _classes(network.names) != model.classes:
        raise BadWeights(f"{file}: its classes are {network.names}, not {', '.join(model.classes)}; {mend}")


def _classes(noted: str) -> tuple[str, ...] | None:
    """Class names as ultralytics and our export note them; None when they cannot be read."""
    try:
        names = ast.literal_eval(noted)
        return tuple(str(names[i]) for i in range(len(names)))
    except (ValueError, SyntaxError, KeyError, TypeError):
        return None


def _words(shape: Shape) -> str:
    return " x ".join("any" if side is None else str(side) for side in shape)
