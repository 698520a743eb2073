"""The model in eight bits: static quantization on calibration pictures, kept only where it sees as well.

Each convolution gets 8-bit weights (per channel) and inputs; the decode head (what turns the last convolutions
into boxes and scores) stays in float, because pixels and confidences do not fit into 256 steps. The file holds
quantize and dequantize nodes (QDQ), which OpenVINO and onnxruntime both turn into 8-bit arithmetic.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detector.backends import open_model, quiet
from detector.detections import Detector
from detector.errors import BadWeights
from detector.letterbox import letterbox, to_input
from detector.pictures import read_picture
from detector.weights import Model, sha256_of

WORSE_AT_MOST = 0.005
"""AP50 (0-1) that may be lost: half a point."""

LEAST_PICTURES = 8
"""Fewer do not show what values a layer takes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the 8-bit model sees as well. ap50: mean over classes, 0-1, before and after."""

    before: float
    after: float

    @property
    def kept(self) -> bool:
        """Whether no more than ``WORSE_AT_MOST`` was lost."""
        return self.before - self.after <= WORSE_AT_MOST


def quantize(model: Model, pictures: Sequence[Path], out: Path) -> Path:
    """Write an 8-bit (QDQ) form of ``model`` to ``out`` and return it.

    pictures: of streets as the cameras see them, at least ``LEAST_PICTURES``; 100 are plenty.
    Raises BadWeights (too few pictures, no onnx package), BadPicture (a picture that cannot be read).
    """
    if len(pictures) < LEAST_PICTURES:
        raise BadWeights(
            f"{len(pictures)} calibration pictures; give at least {LEAST_PICTURES}, 100 are plenty"
        )
    quiet.onnxruntime()
    try:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    except ModuleNotFoundError as error:
        raise BadWeights(
            f"quantizing needs the package {error.name!r}: pip install 'jiexun[train]'"
        ) from None
    network = onnx.load(str(model.path))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float32.onnx"
        _unfold_half(network)
        onnx.save(network, str(whole))
        quantize_static(
            str(whole),
            str(out),
            _Calibration(model, pictures, str(network.graph.input[0].name)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=sorted(_decode_head(network.graph)),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    return out


def judge(
    model: Model,
    int8: Model,
    evaluate: Callable[[Detector], float],
    *,
    backend: Literal["openvino", "onnxruntime"] = "openvino",
    threads: int = 1,
) -> Verdict:
    """Measure the 8-bit model against its original.

    evaluate: mean AP50 (0-1) of a detector on labelled pictures that the calibration did not see. backend: what
    runs both. Raises what opening and looking raise.
    """
    from detector.backends.onnxruntime import OnnxDetector
    from detector.backends.openvino import OpenVinoDetector

    floor = 0.005  # average precision needs the weak boxes too
    small: Detector
    if backend == "openvino":
        small = OpenVinoDetector(int8, threads=threads, floor=floor, precision="int8")
    else:
        small = OnnxDetector(int8, threads=threads, floor=floor, precision="int8")
    return Verdict(evaluate(open_model(model, backend, threads, floor)), evaluate(small))


def keep(model: Model, file: Path, verdict: Verdict) -> None:
    """Note the file in the manifest beside it, so that back ends may take it. Raises BadWeights when it was not
    found as good, or lies in another folder than the model.
    """
    if not verdict.kept:
        raise BadWeights(
            f"{file.name}: AP50 {verdict.after:.3f} instead of {verdict.before:.3f}; an 8-bit model may lose "
            f"{WORSE_AT_MOST:.3f} at most. Calibrate with other pictures, or stay with bf16 or fp32"
        )
    path = model.path.parent / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    if file.parent.resolve() != path.parent.resolve():
        raise BadWeights(f"{file}: it must lie in {path.parent}, beside the manifest")
    entry = next(e for e in manifest["models"] if e["name"] == model.name)
    entry["int8"] = {
        "file": file.name,
        "sha256": sha256_of(file),
        "bytes": file.stat().st_size,
        "ap50": round(verdict.after, 4),
        "ap50_float": round(verdict.before, 4),
    }
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


class _Calibration:
    """Pictures as the quantizer asks for them: one at a time, None after the last."""

    def __init__(self, model: Model, pictures: Sequence[Path], name: str) -> None:
        self._model, self._name = model, name
        self._left: Iterator[Path] = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        path = next(self._left, None)
        if path is None:
            return None
        return {self._name: to_input([letterbox(read_picture(path), self._model.size)[0]])}


def _decode_head(graph: Any) -> set[str]:
    """Names of the nodes from the last convolutions (those too) to the outputs."""
    makers = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    left = [output.name for output in graph.output]
    while left:
        node = makers.get(left.pop())
        if node is None or node.name in found:
            continue
        found.add(node.name)
        if node.op_type not in ("Conv", "Shape"):  # a shape depends on no value
            left += node.input
    return found


def _unfold_half(network: Any) -> None:
    """Weights stored in float16 with a Cast behind each, as float32 again: the quantizer looks for constants."""
    import onnx

    held = {tensor.name: tensor for tensor in network.graph.initializer}
    casts = [n for n in network.graph.node if n.op_type == "Cast" and n.input[0] in held]
    for node in casts:
        tensor = held[node.input[0]]
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float16:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), node.output[0]))
            network.graph.node.remove(node)
