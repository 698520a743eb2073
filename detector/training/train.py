"""Training in stages; a stage is data, so that a recipe can be written down, hashed and run again."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from detector.backends.torch_runtime import prepare

AUGMENT: dict[str, float] = {
    "mosaic": 1.0, "scale": 0.5, "translate": 0.1, "fliplr": 0.5, "hsv_h": 0.015, "hsv_s": 0.6, "hsv_v": 0.45,
    "degrees": 3.0, "perspective": 0.0003, "mixup": 0.05,
}  # fmt: skip
"""Few pictures, so much change: sizes, colours and places vary; no vertical flip, streets have an up and a
down.
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of training.

    name: folder of the run. epochs: passes over the list of pictures. size: side of the square trained on,
    pixels. batch: pictures per step. lr: first learning rate (AdamW), falling to ``lr * lr_last`` along a cosine.
    warmup: epochs of rising rate. close_mosaic: last epochs with whole pictures. freeze: first so many layers
    stay as they are.
    """

    name: str
    epochs: int
    size: int = 512
    batch: int = 16
    lr: float = 6e-4
    lr_last: float = 0.02
    warmup: float = 1.0
    close_mosaic: int = 5
    freeze: int = 0
    weight_decay: float = 5e-4
    seed: int = 0
    augment: dict[str, float] = field(default_factory=lambda: dict(AUGMENT))


@dataclass(frozen=True, slots=True)
class Trained:
    """What a stage made. weights: the averaged weights after the last epoch; nothing was chosen on a check
    set.
    """

    weights: Path
    epochs: int
    seconds: float


def train(
    stage: Stage,
    data: Path,
    weights: Path,
    out: Path,
    *,
    threads: int = 2,
    workers: int = 2,
    resume: bool = False,
) -> Trained:
    """Run one stage.

    data: a ``data.yaml``. weights: a .pt to start from. out: folder that gets ``<stage.name>/`` with
    ``stage.json`` and ultralytics' files. resume: go on with the last saved epoch of the same stage, where
    there is one; a stage that is done is not run again. A CUDA device is used where there is one. Raises
    ModuleNotFoundError when the training extra is not installed, FileNotFoundError for a missing file.
    """
    for path in (data, weights):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file")
    run = out / stage.name
    last, done = run / "weights" / "last.pt", run / "done.json"
    if resume and done.is_file() and last.is_file():
        told = json.loads(done.read_text("utf-8"))
        return Trained(last, told["epochs"], told["seconds"])
    prepare(threads)
    import torch

    from detector.training.trainer import CpuTrainer, DetectionTrainer

    cuda = torch.cuda.is_available()
    run.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    (run / "stage.json").write_text(json.dumps(asdict(stage), indent=2) + "\n", "utf-8")
    overrides = {
        "model": str(weights),
        "data": str(data),
        "epochs": stage.epochs,
        "imgsz": stage.size,
        "batch": stage.batch,
        "nbs": stage.batch,
        "optimizer": "AdamW",
        "lr0": stage.lr,
        "lrf": stage.lr_last,
        "cos_lr": True,
        "warmup_epochs": stage.warmup,
        "warmup_bias_lr": 0.0,
        "close_mosaic": stage.close_mosaic,
        "freeze": stage.freeze or None,
        "weight_decay": stage.weight_decay,
        "seed": stage.seed,
        "device": "0" if cuda else "cpu",
        "workers": workers,
        "cache": "ram",
        "amp": cuda,
        "val": False,
        "plots": False,
        "patience": 0,
        "project": str(out),
        "name": stage.name,
        "exist_ok": True,
        "deterministic": True,
        **stage.augment,
    }
    if resume and last.is_file():
        overrides |= {"resume": str(last), "model": str(last)}
    start = time.monotonic()
    trainer = (DetectionTrainer if cuda else CpuTrainer)(overrides=overrides)
    trainer.train()
    made = Trained(last, int(trainer.epoch) + 1, time.monotonic() - start)
    done.write_text(json.dumps({"epochs": made.epochs, "seconds": made.seconds}) + "\n", "utf-8")
    return made
