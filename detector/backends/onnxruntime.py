"""The back end of the service: onnxruntime on the processor, decoding and suppression in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from detector.errors import BadOutput, BadWeights
from detector.letterbox import Letterbox, letterbox, to_input
from detector.nms import Found, decode_end2end, decode_raw
from detector.weights import Model
from ingest.frame import Image


class OnnxDetector:
    """Detector over an ONNX file; one session, safe to share between threads."""

    def __init__(self, model: Model, *, threads: int = 1, floor: float = 0.1, batch: int = 8) -> None:
        """Open a model whose file was verified (``weights.find_model``).

        threads: threads within one look; they sleep while idle. floor: least confidence returned; the
        operating thresholds are higher and belong to the rules. batch: most pictures per run.
        Raises BadWeights when the file does not fit its manifest, ModuleNotFoundError without onnxruntime.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        for pool in ("intra_op", "inter_op"):  # idle pools that spin spoil their neighbours
            options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(model.path), options, providers=["CPUExecutionProvider"]
            )
        except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
            raise BadWeights(
                f"{model.path.name}: onnxruntime cannot open it ({_first_line(error)})"
            ) from None
        except onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf:
            raise BadWeights(f"{model.path.name}: not an ONNX file") from None
        self._model, self._floor, self._batch = model, floor, max(1, batch)
        self._input = self._check(model)

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
            boxed = [letterbox(image, self._model.size) for image in images[start : start + self._batch]]
            output = self._run(to_input([square for square, _ in boxed]))
            for found, (_, place) in zip(self._decode(output), boxed, strict=True):
                seen.append(self._detections(found, place))
        return seen

    def _run(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = self._session.run(None, {self._input: squares})[0]
        if len(output) != len(squares):
            raise BadOutput(f"{self.model_id}: {len(output)} outputs for {len(squares)} pictures")
        return output

    def _decode(self, output: NDArray[np.float32]) -> list[Found]:
        try:
            if self._model.output == "end2end":
                return decode_end2end(output, floor=self._floor)
            return decode_raw(output, floor=self._floor, limit=self._model.overlap)
        except BadOutput as error:
            raise BadOutput(f"{self.model_id}: {error}") from None

    def _detections(self, found: Found, place: Letterbox) -> Detections:
        return Detections(place.back(found.xyxy), found.class_id, found.confidence, self.names, self.model_id)

    def _check(self, model: Model) -> str:
        """Name of the input, if shapes and classes of the file fit the manifest. Raises BadWeights."""
        source, result = self._session.get_inputs()[0], self._session.get_outputs()[0]
        if list(source.shape[1:]) != [3, model.size, model.size]:
            raise BadWeights(
                f"{model.path.name}: it looks at {source.shape}, the manifest says {model.size} pixels"
            )
        wanted = 6 if model.output == "end2end" else 4 + len(model.classes)
        found = result.shape[2 if model.output == "end2end" else 1]
        if found != wanted:
            raise BadWeights(
                f"{model.path.name}: {found} numbers per box, {wanted} are expected for "
                f"{len(model.classes)} classes with {model.output} output; the manifest does not fit the file"
            )
        return str(source.name)


def _refusals() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a file that it cannot run; it has no common base for these."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
