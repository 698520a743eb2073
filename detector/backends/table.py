"""Which back ends there are, and what keeps each from being used here."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from detector.detections import Detector
from detector.weights import Model

Opener = Callable[[Model, int, float], Detector]
"""Model (verified), threads, least confidence."""


@dataclass(frozen=True, slots=True)
class Backend:
    """precision: fp32 (same boxes as the reference), bf16 or int8 (a little other ones). packages: what must be
    installed. mend: how. device: what onnxruntime must have been built for. measured: whether the self-test
    measures it.
    """

    open: Opener
    precision: str = "fp32"
    packages: tuple[str, ...] = ("onnxruntime",)
    mend: str = "pip install jiexun"
    device: str = "cpu"
    measured: bool = True


def _onnxruntime(device: str = "cpu", precision: str = "fp32") -> Opener:
    def open_(model: Model, threads: int, floor: float) -> Detector:
        from detector.backends.onnxruntime import OnnxDetector

        chosen = model.int8 if precision == "int8" and model.int8 else model
        return OnnxDetector(chosen, threads=threads, floor=floor, device=device, precision=precision)

    return open_


def _openvino(precision: str) -> Opener:
    def open_(model: Model, threads: int, floor: float) -> Detector:
        from detector.backends.openvino import OpenVinoDetector

        chosen = model.int8 if precision == "int8" and model.int8 else model
        return OpenVinoDetector(chosen, threads=threads, floor=floor, precision=precision)

    return open_


def _ultralytics(model: Model, threads: int, floor: float) -> Detector:
    from detector.backends.ultralytics import UltralyticsDetector

    return UltralyticsDetector(
        model.path, names=model.classes, size=model.size, floor=floor, iou=model.overlap, threads=threads
    )


_OPENVINO = ("openvino",)
BACKENDS: dict[str, Backend] = {
    "onnxruntime": Backend(_onnxruntime()),
    "onnxruntime-int8": Backend(_onnxruntime(precision="int8"), "int8"),
    "onnxruntime-cuda": Backend(_onnxruntime("cuda"), mend="pip install onnxruntime-gpu", device="cuda"),
    # Not measured: it builds an engine for minutes when it is first opened.
    "onnxruntime-tensorrt": Backend(
        _onnxruntime("tensorrt"), mend="pip install onnxruntime-gpu", device="tensorrt", measured=False
    ),
    "openvino": Backend(_openvino("fp32"), "fp32", _OPENVINO),
    "openvino-bf16": Backend(_openvino("bf16"), "bf16", _OPENVINO),
    "openvino-int8": Backend(_openvino("int8"), "int8", _OPENVINO),
    # Not measured: the same onnxruntime with more around it, and seconds of imports.
    "ultralytics": Backend(
        _ultralytics, packages=("torch", "ultralytics"), mend="pip install 'jiexun[train]'", measured=False
    ),
}
REFERENCE = "onnxruntime"
"""What the others are compared with."""


def obstacle(name: str, model: Model) -> str | None:
    """Why this back end cannot run this model here, with the cure; None when it can."""
    backend = BACKENDS[name]
    for package in backend.packages:
        if not _installed(package):
            return f"it needs the package {package!r}: {backend.mend}"
    if backend.device != "cpu" and backend.device not in _devices():
        return f"this onnxruntime has no {backend.device}: {backend.mend}, on a machine with an NVIDIA card"
    if backend.precision == "bf16" and not {"avx512_bf16", "amx_bf16", "bf16"} & processor().flags:
        return "this processor does not multiply bfloat16; take 'openvino' or 'auto'"
    if backend.precision == "int8":
        if model.int8 is None:
            return f"{model.name} has no int8 file; make one with 'jiexun model quantize', or take 'auto'"
        if not {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"} & processor().flags:
            return "this processor is not quicker in int8 (no VNNI); take 'auto'"
    return None


def _installed(package: str) -> bool:
    return find_spec(package) is not None


def _devices() -> set[str]:
    from detector.backends.onnxruntime import providers

    return {name.removesuffix("ExecutionProvider").lower() for name in providers()}


@dataclass(frozen=True, slots=True)
class Processor:
    """name: as the machine calls it. flags: its instruction sets, Linux' names; empty where Linux does not tell."""

    name: str
    flags: frozenset[str]


@cache
def processor() -> Processor:
    """This machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    told = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = frozenset((told.get("flags") or told.get("features") or "").split())
    return Processor(told.get("model name") or platform.processor() or platform.machine(), flags)
