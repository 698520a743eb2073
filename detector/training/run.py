"""From a recipe and the pictures to a folder of weights: materials, steps, release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.backends.ultralytics import UltralyticsDetector
from detector.detections import Detector
from detector.errors import BadRecipe
from detector.training.checkpoint import load_checkpoint
from detector.training.materials import Given, Materials
from detector.training.recipe import Recipe, Step
from detector.training.release import About, release
from detector.training.train import Stage, Trained, train
from detector.weights import Model, sha256_of

Note = Callable[[str], None]


def base_of(recipe: Recipe, base: Path, work: Path) -> Path:
    """The .pt file to start from. base: a .pt file, or a checkpoint of ours (.safetensors).

    Raises BadRecipe when it is another file than the recipe's.
    """
    if not base.is_file():
        raise BadRecipe(f"{base}: no such file; give the base weights with --base")
    digest = sha256_of(base)
    if recipe.base.sha256 not in (None, digest):
        raise BadRecipe(
            f"{base.name} is not the recipe's {recipe.base.file}: its sha256 is {digest[:12]}…, "
            f"{str(recipe.base.sha256)[:12]}… is expected ({recipe.base.origin})"
        )
    if base.suffix == ".safetensors":
        return load_checkpoint(base, work / "base.pt")
    return base


def teacher_of(recipe: Recipe, weights: Path, threads: int) -> Detector:
    """A larger COCO model that names the context."""
    return UltralyticsDetector(weights, size=recipe.teacher_size, floor=0.3, threads=threads)


def hold(work: Path, order: dict[str, Any]) -> None:
    """Keep a work folder to one order, since what lies in it is not made again.

    order: everything that decides what comes out. Raises BadRecipe when the folder was begun with another one.
    """
    path = work / "order.json"
    work.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        begun = json.loads(path.read_text("utf-8"))
        if differing := sorted(k for k in order.keys() | begun.keys() if order.get(k) != begun.get(k)):
            raise BadRecipe(
                f"{work} was begun with another order ({', '.join(differing)} differ); give a new --work, or the same "
                "pictures, recipe and options again"
            )
    path.write_text(json.dumps(order, indent=2) + "\n", "utf-8")


def order_of(
    recipe: Recipe, given: Given, base: Path, teacher: Detector | None, seed: int | None, epochs: int | None
) -> dict[str, Any]:
    """What decides how a training comes out, as hashes and values (see ``hold``)."""
    lists = {"mends": given.mends, "frames": given.frames}
    folders = {
        "train": (given.images, given.labels),
        "rendered": (given.rendered / "images", given.rendered / "labels") if given.rendered else (),
    }
    return {
        "recipe": hashlib.sha256(recipe.model_dump_json().encode()).hexdigest(),
        "base": sha256_of(base) if base.is_file() else None,
        "teacher": teacher.model_id if teacher else None,
        "seed": seed,
        "epochs": epochs,
        **{name: sha256_of(path) if path else None for name, path in lists.items()},
        **{name: _digest(places) for name, places in folders.items()},
    }


def _digest(folders: tuple[Path, ...]) -> str:
    """Of the names and bytes of all files in folders, by name."""
    files = (p for folder in folders for p in sorted(folder.iterdir()) if p.is_file())
    told = (f"{p.name} {sha256_of(p)}\n" for p in files)
    return hashlib.sha256("".join(told).encode()).hexdigest()


def steps(
    recipe: Recipe,
    materials: Materials,
    base: Path,
    *,
    threads: int,
    seed: int | None = None,
    epochs: int | None = None,
    say: Note = lambda _: None,
) -> tuple[Path, list[dict[str, Any]]]:
    """Run the steps one after another; returns the last weights (.pt) and what is told of each step.

    A run that was broken off goes on where it was: finished steps are skipped, the open one is resumed.
    seed, epochs: for trials, in place of the recipe's.
    """
    weights, told = base, []
    for number, step in enumerate(recipe.steps, 1):
        data, shown = materials.mix(step)
        stage = step.stage(seed, epochs)
        say(
            f"step {number} of {len(recipe.steps)}, {step.name}: {stage.epochs} epochs of {shown['pictures']}"
        )
        done = train(
            stage, data / "data.yaml", weights, materials.work / "runs", threads=threads, resume=True
        )
        weights = done.weights
        told.append(_told(step, stage, done, shown))
    return weights, told


def run(
    recipe: Recipe,
    recipe_sha256: str,
    given: Given,
    base: Path,
    work: Path,
    out: Path,
    *,
    check: Path,
    teacher: Detector | None = None,
    threads: int = 2,
    seed: int | None = None,
    epochs: int | None = None,
    say: Note = lambda _: None,
) -> Model:
    """Follow a recipe from base weights to ``out`` (ONNX file, checkpoint, manifest with figures).

    check: data set whose split ``val`` is measured. teacher: see ``Materials``. work: kept for going on after a
    break, see ``hold``. Raises BadRecipe, BadWeights, DataSetError; ModuleNotFoundError without the training extra.
    """
    hold(work, order_of(recipe, given, base, teacher, seed, epochs))
    out.mkdir(parents=True, exist_ok=True)
    materials = Materials(recipe, given, work, teacher)
    start = base_of(recipe, base, work)
    weights, told = steps(recipe, materials, start, threads=threads, seed=seed, epochs=epochs, say=say)
    about = About(
        recipe.name,
        recipe.version,
        {
            "recipe_sha256": recipe_sha256,
            "recipe": recipe.model_dump(mode="json"),
            "teacher": teacher.model_id if teacher else "none",
            "materials": materials.told,
            "steps": told,
            "choice": "the averaged weights after the last epoch; no epoch was chosen on a check set",
        },
        recipe.base.model_dump(),
        recipe.notes,
    )
    say("measuring")
    drawn = work / "rendered_check"
    return release(
        weights, out, about, check=check, rendered=drawn if drawn.exists() else None, threads=threads,
        size=recipe.size, overlap=recipe.overlap, half=recipe.half, network=recipe.network,
    )  # fmt: skip


def _told(step: Step, stage: Stage, done: Trained, shown: dict[str, int]) -> dict[str, Any]:
    return asdict(stage) | {
        "data": list(step.data),
        "shown_per_epoch": shown,
        "epochs_run": done.epochs,
        "minutes": round(done.seconds / 60, 1),
    }
