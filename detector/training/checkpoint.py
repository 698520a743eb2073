"""Weights to train on from, without pickle: ultralytics' network as safetensors.

The service runs ONNX, which cannot be trained further. So that a bureau without internet can fine-tune, the small
model's weights are also shipped in this form; it holds numbers only and runs nothing when it is opened.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from detector.backends.torch_runtime import prepare
from detector.errors import BadWeights


def save_checkpoint(weights: Path, out: Path, network: str) -> Path:
    """Write the numbers of a .pt file in float16. network: ultralytics' name of its shape, e.g. ``yolo26n``."""
    prepare()
    from safetensors.torch import save_file
    from ultralytics import YOLO

    model = YOLO(str(weights), task="detect").model
    numbers = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    names = [model.names[i] for i in sorted(model.names)]
    save_file(numbers, str(out), {"network": network, "classes": json.dumps(names)})
    return out


def load_checkpoint(path: Path, out: Path) -> Path:
    """Write such a file back as the .pt file that ultralytics trains from. Raises BadWeights."""
    prepare()
    from safetensors import SafetensorError, safe_open
    from ultralytics import YOLO
    from ultralytics.nn.tasks import DetectionModel

    try:
        with safe_open(str(path), "pt") as file:
            told = file.metadata() or {}
            numbers = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network, classes = told["network"], json.loads(told["classes"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise BadWeights(
            f"{path.name}: no weights to train on from ({type(error).__name__}: {error})"
        ) from None
    model = DetectionModel(f"{network}.yaml", nc=len(classes), verbose=False)
    model.names = dict(enumerate(classes))
    _widen(model, network, numbers)
    try:
        model.load_state_dict({n: v.float() if v.is_floating_point() else v for n, v in numbers.items()})
    except RuntimeError as error:
        fault = str(error).splitlines()[-1].strip()
        raise BadWeights(f"{path.name} does not fit a {network}: {fault}") from None
    whole = YOLO(f"{network}.yaml", task="detect")
    whole.model = model
    whole.save(str(out))
    return out


def _widen(model: Any, network: str, numbers: dict[str, Any]) -> None:
    """Give the class branches of the head the width that they were trained with.

    ultralytics makes them as wide as the classes are many, and keeps the width of what a training started from: ours
    began with COCO's 80 classes.
    """
    from torch import nn
    from ultralytics.nn.tasks import DetectionModel

    head = model.model[-1]
    last = next((v for n, v in numbers.items() if n.endswith(".cv3.0.2.weight")), None)
    if last is None or last.shape[1] == head.cv3[0][-1].in_channels:
        return
    width = int(last.shape[1])
    wide = DetectionModel(f"{network}.yaml", nc=width, verbose=False).model[-1]
    for name in ("cv3", "one2one_cv3"):
        branches = getattr(wide, name)
        for branch in branches:
            branch[-1] = nn.Conv2d(branch[-1].in_channels, head.nc, 1)
        setattr(head, name, branches)
