"""Getting torch and ultralytics ready: offline, quiet, with a CPU torch beside the registry's torchvision.

The registry's torchvision is linked against CUDA; next to a CPU torch its own operators are missing and its
import fails with ``operator torchvision::nms does not exist``. The cure must run before torchvision is first
imported: the two operators are defined here, ``nms`` with ultralytics' own implementation in plain torch.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_FONTS = ("/usr/share/fonts/truetype/liberation", "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts")
_kept: list[Any] = []
"""The operator library lives as long as this list holds it."""


def prepare(threads: int | None = None) -> None:
    """Make ultralytics importable and keep it offline and quiet; harmless when called again.

    threads: torch threads for training and inference; None leaves torch's own choice.
    Raises ModuleNotFoundError when torch or ultralytics is not installed (the ``train`` extra).
    """
    for package in ("torch", "ultralytics"):
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named '{package}'", name=package)
    _quiet_environment()
    _cure_torchvision()
    import torch

    with redirect_stdout(sys.stderr):  # it says so much, and standard output is for reports
        from ultralytics import settings
        from ultralytics.utils import torch_utils

    if settings.get("sync"):
        settings.update({"sync": False})
    if threads:
        torch_utils.NUM_THREADS = threads  # select_device() resets torch to this at every train and predict
        torch.set_num_threads(threads)


def _quiet_environment() -> None:
    """Nothing is fetched, and nothing is written to the home directory."""
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = made = tempfile.mkdtemp(prefix="jiexun-ultralytics-")
        atexit.register(shutil.rmtree, made, ignore_errors=True)
    folder = Path(os.environ["YOLO_CONFIG_DIR"]) / "Ultralytics"
    folder.mkdir(parents=True, exist_ok=True)
    font = next((f for root in _FONTS for f in sorted(Path(root).rglob("*Sans*Regular.ttf"))), None)
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):  # ultralytics fetches these even when offline
        if font is not None and not (folder / name).exists():
            shutil.copyfile(font, folder / name)


def _cure_torchvision() -> None:
    """Define torchvision's two missing operators when its compiled part does not fit this torch."""
    if "torchvision" in sys.modules or _kept or find_spec("torchvision") is None:
        return
    import torch

    if torch.version.cuda is not None:  # a CUDA torch carries a torchvision that fits
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", _nms, "CPU")
    _kept.append(library)
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True


def _nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Greedy non-maximum suppression in plain torch; same arguments and result as ``torchvision.ops.nms``."""
    from ultralytics.utils.nms import TorchNMS

    return TorchNMS.nms(boxes, scores, iou_threshold)
