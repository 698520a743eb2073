"""Builders of what the detector tests need: pictures, boxes, small ONNX models, manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from detector.detections import Boxes
from detector.weights import sha256_of
from ingest.frame import Image


def a_picture(width: int = 64, height: int = 48, seed: int = 0) -> Image:
    """Smooth colours, so that resizing does not turn it into noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, axis=0).repeat(16, axis=1)[:height, :width])


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    """(N, 4) float32."""
    return np.array(rows, np.float32).reshape(-1, 4)


def a_constant_model(path: Path, output: NDArray[np.float32], size: int = 64) -> Path:
    """An ONNX file that gives this output (1, ...) for every picture, whatever it shows."""
    shape = ["batch", *output.shape[1:]]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Unsqueeze", ["nothing", "axes"], ["column"]),
        helper.make_node("Add", ["column", "answer"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, size, size])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, shape)],
        [
            numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(output.astype(np.float32), "answer"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def an_entry(file: Path, classes: tuple[str, ...] = ("stall", "pile"), **changes: Any) -> dict[str, Any]:
    """A manifest entry that fits ``file``."""
    entry = {
        "name": "tiny", "version": "1", "file": file.name, "sha256": sha256_of(file),
        "classes": list(classes),
        "size": 64, "output": "end2end", "overlap": 0.7, "thresholds": dict.fromkeys(classes, 0.4),
    }  # fmt: skip
    return entry | changes


def a_manifest(folder: Path, *entries: dict[str, Any], default: str = "tiny") -> Path:
    """Write ``manifest.json`` into a folder and return the folder."""
    (folder / "manifest.json").write_text(json.dumps({"default": default, "models": list(entries)}), "utf-8")
    return folder


def a_small_network(
    path: Path, *, classes: tuple[str, ...] = ("stall", "pile"), half: bool = False, open_sides: bool = True
) -> Path:
    """An ONNX file of two convolutions with raw output (N, 4 + C, (S / 32) ** 2), the same at every call.

    half: weights stored in float16 with a Cast behind each. open_sides: height and width are left open, else 64.
    """
    rng = np.random.default_rng(7)
    rows = 4 + len(classes)
    weights = {
        "first": rng.normal(0, 0.1, (32, 3, 7, 7)).astype(np.float32),
        "second": rng.normal(0, 0.05, (rows, 32, 8, 8)).astype(np.float32),
    }
    inits = [numpy_helper.from_array(np.array([0, rows, -1], np.int64), "flat")]
    nodes = []
    for name, values in weights.items():
        if half:
            inits.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
        else:
            # the same numbers: what float16 cannot hold is rounded here too
            inits.append(numpy_helper.from_array(values.astype(np.float16).astype(np.float32), name))
    inits += [
        numpy_helper.from_array(np.array([4, len(classes)], np.int64), "parts"),
        numpy_helper.from_array(np.array(40, np.float32), "pixels"),
    ]
    nodes += [
        helper.make_node("Conv", ["images", "first"], ["a"], name="conv1", strides=[4, 4], pads=[3, 3, 3, 3]),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "second"], ["c"], name="conv2", strides=[8, 8]),
        helper.make_node("Reshape", ["c", "flat"], ["d"], name="flatten"),
        helper.make_node("Split", ["d", "parts"], ["e", "f"], name="split", axis=1),
        helper.make_node("Abs", ["e"], ["g"], name="abs"),
        helper.make_node("Mul", ["g", "pixels"], ["h"], name="scale"),
        helper.make_node("Sigmoid", ["f"], ["i"], name="sigmoid"),
        helper.make_node("Concat", ["h", "i"], ["output0"], name="concat", axis=1),
    ]
    sides = ["height", "width"] if open_sides else [64, 64]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, *sides])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", rows, "anchors"])],
        inits,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"names": str(dict(enumerate(classes)))})
    onnx.save(model, str(path))
    return path
