"""The back end that runs everywhere: onnxruntime, on the processor or on an NVIDIA card."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.backends import quiet
from detector.backends.network import NetworkDetector, Runtime, Shape
from detector.errors import BadWeights
from detector.letterbox import to_input
from detector.weights import Model
from ingest.frame import Image

PROVIDERS: dict[str, list[Any]] = {
    "cpu": ["CPUExecutionProvider"],
    # TF32 would round the multiplications: boxes and confidences stay those of the processor.
    "cuda": [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"],
    "tensorrt": [
        "TensorrtExecutionProvider", ("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider",
    ],
}  # fmt: skip


class OnnxDetector(NetworkDetector):
    """Detector over an ONNX file; one session, safe to share between threads."""

    def __init__(
        self,
        model: Model,
        *,
        threads: int = 1,
        floor: float = 0.1,
        batch: int = 8,
        device: str = "cpu",
        precision: str = "fp32",
    ) -> None:
        """Open a model whose file was verified (``weights.find_model``).

        threads: threads within one look; they sleep while idle. floor: least confidence returned. batch: most
        pictures per run. device: one of ``PROVIDERS``. precision: what the file holds, for reports.
        Raises BadWeights when the file does not fit its manifest or the device is not there,
        ModuleNotFoundError without onnxruntime.
        """
        name = "onnxruntime" if (device, precision) == ("cpu", "fp32") else (
            f"onnxruntime-{precision if device == 'cpu' else device}"
        )  # fmt: skip
        runtime = Runtime(name, precision, threads, model.size)
        super().__init__(model, OnnxNetwork(model, threads, device), runtime, floor=floor, batch=batch)


class OnnxNetwork:
    """An onnxruntime session."""

    def __init__(self, model: Model, threads: int, device: str) -> None:
        onnxruntime = quiet.onnxruntime()
        wanted = PROVIDERS[device]
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(model.path), session_options(threads), providers=wanted
            )
        except _refusals() as error:
            raise BadWeights(
                f"{model.path.name}: onnxruntime cannot open it ({_first_line(error)}); "
                "take the folder weights/ from the release again"
            ) from None
        first = wanted[0] if isinstance(wanted[0], str) else wanted[0][0]
        if self._session.get_providers()[0] != first:  # it falls back without a word
            raise BadWeights(f"onnxruntime cannot use {device} here; look at its driver, or take 'auto'")
        self._input = str(self._session.get_inputs()[0].name)

    @property
    def input(self) -> Shape:
        """(N, 3, H, W)."""
        return _shape(self._session.get_inputs()[0].shape)

    @property
    def output(self) -> Shape:
        """(N, 4 + C, A) or (N, K, 6)."""
        return _shape(self._session.get_outputs()[0].shape)

    @property
    def names(self) -> str:
        """Class names noted in the file."""
        return str(self._session.get_modelmeta().custom_metadata_map.get("names", ""))

    def run(self, frames: list[Image]) -> NDArray[np.float32]:
        """All frames in one run."""
        output: NDArray[np.float32] = self._session.run(None, {self._input: to_input(frames)})[0]
        return output


def session_options(threads: int) -> Any:
    """Options of a session with this many threads, which sleep while idle. Raises ModuleNotFoundError."""
    options = quiet.onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    for pool in ("intra_op", "inter_op"):  # idle pools that spin spoil their neighbours
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    return options


def providers() -> list[str]:
    """Which providers this onnxruntime was built with. Raises ModuleNotFoundError."""
    return list(quiet.onnxruntime().get_available_providers())


def _shape(sides: list[Any]) -> Shape:
    return tuple(side if isinstance(side, int) else None for side in sides)


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
