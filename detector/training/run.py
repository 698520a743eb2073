"""From a recipe and the pictures to a folder of weights: materials, steps, release."""

from __future__ import annotations

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

    check: data set whose split ``val`` is measured. teacher: see ``Materials``. Raises BadRecipe, BadWeights,
    DataSetError; ModuleNotFoundError without the training extra.
    """
    work.mkdir(parents=True, exist_ok=True)
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
