"""The back end for processors: OpenVINO in float32, in bfloat16 where the processor multiplies it, or int8."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.backends import quiet
from detector.backends.network import NetworkDetector, Runtime, Shape
from detector.errors import BadWeights
from detector.letterbox import frame_of
from detector.weights import Model
from ingest.frame import Image

HINTS = {
    "fp32": {"INFERENCE_PRECISION_HINT": "f32"},
    "bf16": {"INFERENCE_PRECISION_HINT": "bf16"},
    "int8": {},
}
"""The arithmetic asked for. Left alone (the layers that an int8 file leaves in float), OpenVINO takes bfloat16
wherever the processor has it."""

USUAL = (16, 9)
"""Shape of most cameras' pictures: compiled when the file is opened, any other when it comes."""


class OpenVinoDetector(NetworkDetector):
    """Detector over an ONNX file run by OpenVINO; safe to share between threads."""

    def __init__(
        self, model: Model, *, threads: int = 1, floor: float = 0.1, batch: int = 8, precision: str = "fp32"
    ) -> None:
        """Open a model whose file was verified (``weights.find_model``).

        threads: threads within one look. floor: least confidence returned. batch: most pictures prepared at a
        time. precision: one of ``HINTS``; whether the processor has it is asked before (``table.obstacle``).
        Raises BadWeights when the file does not fit its manifest, ModuleNotFoundError without openvino.
        """
        name = "openvino" if precision == "fp32" else f"openvino-{precision}"
        network = OpenVinoNetwork(model, threads, HINTS[precision])
        runtime = Runtime(name, precision, threads, model.size)
        super().__init__(model, network, runtime, floor=floor, batch=batch)


class OpenVinoNetwork:
    """A model compiled once for each shape of frame. It takes the bytes as they are: turning them to float and
    red-first is part of the network, where it costs less than outside.
    """

    def __init__(self, model: Model, threads: int, hint: dict[str, str]) -> None:
        self._openvino = openvino = quiet.openvino()
        self._path, self._lock = model.path, threading.Lock()
        self._idle: dict[tuple[int, int], list[Any]] = {}
        self._compiled: dict[tuple[int, int], Any] = {}
        self._settings = {
            **hint,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # other work of this process runs beside it
        }
        with self._refusing():
            # The ONNX reader alone: asked in general, all readers try a broken file and complain of it.
            self._reader = openvino.frontend.FrontEndManager().load_by_framework("onnx")
            read = self._read()
            self.input, self.output = _shape(read.input(0)), _shape(read.output(0))
            self.names = _noted_names(read)
            across, down = USUAL if self.input[2:] == (None, None) else (1, 1)
            across, down = frame_of(across, down, model.size)
            self._of((down, across))

    input: Shape
    output: Shape
    names: str

    def run(self, frames: list[Image]) -> NDArray[np.float32]:
        """One frame after another: on a processor a batch gains nothing, and a fixed shape is quickest."""
        shape = frames[0].shape[0], frames[0].shape[1]
        compiled = self._compiled.get(shape) or self._of(shape)
        with self._lock:
            idle = self._idle[shape]
            request = idle.pop() if idle else compiled.create_infer_request()
        try:
            return np.concatenate([request.infer({0: frame[None]})[0] for frame in frames])
        finally:
            with self._lock:
                idle.append(request)

    def _of(self, shape: tuple[int, int]) -> Any:
        """The model compiled for frames of this (height, width); half a second when it is the first."""
        with self._lock, self._refusing():
            if shape not in self._compiled:
                read = self._read()
                read.reshape([1, 3, *shape])
                ready = _with_bytes(self._openvino, read)
                made = self._openvino.Core().compile_model(ready, "CPU", self._settings)
                self._idle[shape], self._compiled[shape] = [], made
        return self._compiled[shape]

    def _read(self) -> Any:
        return self._reader.convert(self._reader.load(str(self._path)))

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except _refusals(self._openvino) as error:
            raise BadWeights(
                f"{self._path.name}: OpenVINO cannot open it ({_last_line(error)}); "
                "take the folder weights/ from the release again, or the back end 'onnxruntime'"
            ) from None


def _with_bytes(openvino: Any, model: Any) -> Any:
    """The model with (1, H, W, 3) uint8 blue-green-red as input instead of (1, 3, H, W) float32 0-1."""
    steps = openvino.preprocess.PrePostProcessor(model)
    source = steps.input()
    bgr, rgb = openvino.preprocess.ColorFormat.BGR, openvino.preprocess.ColorFormat.RGB
    source.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_color_format(
        bgr
    )
    source.model().set_layout(openvino.Layout("NCHW"))
    source.preprocess().convert_element_type(openvino.Type.f32).convert_color(rgb).scale(255.0)
    return steps.build()


def _shape(port: Any) -> Shape:
    return tuple(None if side.is_dynamic else side.get_length() for side in port.partial_shape)


def _noted_names(model: Any) -> str:
    """Class names noted in the file, empty where there are none."""
    path = ["framework", "names"]
    return str(model.get_rt_info(path).astype(str)) if model.has_rt_info(path) else ""


def _refusals(openvino: Any) -> tuple[type[Exception], ...]:
    """What OpenVINO raises for a file that it cannot run; its readers have no common base for these."""
    kinds = (
        "GeneralFailure",
        "InitializationFailure",
        "NotImplementedFailure",
        "OpConversionFailure",
        "OpValidationFailure",
    )
    return (RuntimeError, *(getattr(openvino.frontend, kind) for kind in kinds))


def _last_line(error: Exception) -> str:
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), "")
