"""From trained weights to the ONNX file of the service: any square, any number of pictures, no machine
paths.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from detector.backends.torch_runtime import prepare

OPSET = 17
"""ONNX operator set; read by onnxruntime from 1.12 and OpenVINO from 2022."""


def export(
    weights: Path,
    out: Path,
    names: tuple[str, ...],
    *,
    size: int = 640,
    output: str = "raw",
    half: bool = False,
) -> Path:
    """Write ``weights`` (.pt) as ONNX to ``out`` and return it.

    names: class names by id, written into the file. size: side of the square, pixels.
    output: ``raw`` (N, 4 + C, A), suppression on our side; or ``end2end`` (N, 300, 6), the head without it.
    half: store the weights in float16, half the size; runtimes turn them back when they load the file, so
    that the arithmetic stays float32.
    Input ``images`` (N, 3, H, W) float32 red-green-blue 0-1, sides that are multiples of 32: the file also
    runs at other sizes than the ``size`` it is meant for. ultralytics reads it too.
    Raises ValueError when the classes do not fit, ModuleNotFoundError without the training extra.
    """
    prepare()
    import torch

    model = _ready(weights, names, output)
    example = torch.zeros(2, 3, size, size)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every shape it makes constant
        model(example)  # lays the grid of anchor points for this size
        torch.onnx.export(
            model,
            (example,),
            str(out),
            input_names=["images"],
            output_names=["output0"],
            opset_version=OPSET,
            dynamic_axes={
                "images": {0: "batch", 2: "height", 3: "width"},
                "output0": {0: "batch"} | ({2: "anchors"} if output == "raw" else {}),
            },
            dynamo=False,
        )
    _finish(out, names, size, output, half)
    return out


def _ready(weights: Path, names: tuple[str, ...], output: str) -> Any:
    """The network in its export form: layers fused, one head chosen."""
    from ultralytics import YOLO

    model = YOLO(str(weights), task="detect").model.float().eval()
    head = model.model[-1]
    if head.nc != len(names):
        raise ValueError(f"{weights.name} has {head.nc} classes, {len(names)} names are given")
    model.end2end = output == "end2end"
    model.fuse(verbose=False)
    head.export, head.format, head.dynamic, head.max_det = True, "onnx", True, 300
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model


def _finish(out: Path, names: tuple[str, ...], size: int, output: str, half: bool) -> None:
    """Simplify the graph, and replace whatever the tools noted (paths, times) by what a reader needs."""
    import onnx
    import onnxslim

    graph = onnxslim.slim(onnx.load(str(out)))
    if half:
        _store_half(graph)
    for node in graph.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    graph.doc_string = ""
    del graph.metadata_props[:]
    del graph.graph.value_info[:]  # shapes between layers: every reader works them out, and they take a tenth
    onnx.helper.set_model_props(
        graph,
        {
            "task": "detect", "stride": "32", "batch": "1", "channels": "3", "imgsz": str([size, size]),
            "args": str({"dynamic": True}),
            "names": str(dict(enumerate(names))), "end2end": str(output == "end2end"),
            "license": "AGPL-3.0-or-later", "author": "jiexun",
        },
    )  # fmt: skip
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, str(out))


def _store_half(graph: Any) -> None:
    """Turn the larger float32 constants into float16 with a Cast behind each."""
    import numpy as np
    import onnx

    casts = []
    for tensor in graph.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 1024:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    old = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend([*casts, *old])
