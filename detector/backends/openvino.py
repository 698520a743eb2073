"""The back end for processors: OpenVINO in float32, in bfloat16 where the processor multiplies it, or int8."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.backends import quiet
from detector.backends.network import NetworkDetector, Runtime, Shape
from detector.errors import BadWeights
from detector.weights import Model
from ingest.frame import Image

HINTS = {
    "fp32": {"INFERENCE_PRECISION_HINT": "f32"},
    "bf16": {"INFERENCE_PRECISION_HINT": "bf16"},
    "int8": {},
}
"""The arithmetic asked for. Left alone (the layers that an int8 file leaves in float), OpenVINO takes bfloat16
wherever the processor has it."""


class OpenVinoDetector(NetworkDetector):
    """Detector over an ONNX file run by OpenVINO; one compiled model, safe to share between threads."""

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
    """A compiled model that takes the square's bytes as they are: turning them to float and red-first is part of
    the network, where it costs less than outside.
    """

    def __init__(self, model: Model, threads: int, hint: dict[str, str]) -> None:
        openvino = quiet.openvino()
        try:
            # The ONNX reader alone: asked in general, all readers try a broken file and complain of it.
            reader = openvino.frontend.FrontEndManager().load_by_framework("onnx")
            read = reader.convert(reader.load(str(model.path)))
            self.input, self.output = _shape(read.input(0)), _shape(read.output(0))
            self.names = _noted_names(read)
            read.reshape([1, 3, model.size, model.size])
            self._compiled: Any = openvino.Core().compile_model(
                _with_bytes(openvino, read),
                "CPU",
                {
                    **hint,
                    "INFERENCE_NUM_THREADS": threads,
                    "NUM_STREAMS": 1,
                    "PERFORMANCE_HINT": "LATENCY",
                    "ENABLE_CPU_PINNING": False,  # other work of this process runs beside it
                },
            )
        except _refusals(openvino) as error:
            raise BadWeights(
                f"{model.path.name}: OpenVINO cannot open it ({_last_line(error)}); "
                "take the folder weights/ from the release again, or the back end 'onnxruntime'"
            ) from None
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    input: Shape
    output: Shape
    names: str

    def run(self, squares: list[Image]) -> NDArray[np.float32]:
        """One square after another: on a processor a batch gains nothing, and a fixed shape is quickest."""
        with self._lock:
            request = self._idle.pop() if self._idle else self._compiled.create_infer_request()
        try:
            return np.concatenate([request.infer({0: square[None]})[0] for square in squares])
        finally:
            with self._lock:
                self._idle.append(request)


def _with_bytes(openvino: Any, model: Any) -> Any:
    """The model with (1, S, S, 3) uint8 blue-green-red as input instead of (1, 3, S, S) float32 0-1."""
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
