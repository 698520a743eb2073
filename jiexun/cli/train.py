"""``jiexun model train`` and ``jiexun model crossvalidate``: weights from a recipe
(needs the extra ``[train]``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from detector.backends import open_detector
from detector.datasets.layout import open_dataset
from detector.detections import Detector
from detector.errors import BadRecipe
from detector.evaluation.report import measure
from detector.training.context import CLASSES
from detector.training.dataset import gather
from detector.training.materials import Given
from detector.training.recipe import Recipe, load_recipe
from detector.weights import weights_folder
from jiexun.cli.common import AsJson, errors, say
from jiexun.cli.model import model

CHECKPOINT = "jiexun-street-n.safetensors"
"""What a fine-tuning starts from when no other base is given."""

OPERATING = 0.4
"""Confidence at which a cross-validation counts precision and recall; each fold has a model of its own."""

Dataset = Annotated[Path, typer.Argument(help="Labelled folder with the splits train and val (data.yaml).")]
RecipeName = Annotated[
    str, typer.Option("--recipe", help="A shipped recipe (fine-tune, street-n, street-s) or a TOML file.")
]
Base = Annotated[
    Path | None, typer.Option("--base", help="Weights to start from: .pt, or .safetensors of ours.")
]
Teacher = Annotated[
    str,
    typer.Option(
        "--teacher",
        help="Who names people, vehicles and furniture: a COCO .pt, 'ours' (the shipped model) or 'none'.",
    ),
]
Work = Annotated[Path, typer.Option("--work", help="Folder of what lies between; the same folder resumes.")]
Rendered = Annotated[Path | None, typer.Option("--rendered", help="Rendered pictures: images, labels.")]
Mends = Annotated[Path | None, typer.Option("--mends", help="Mended labels (JSON lines).")]
Frames = Annotated[Path | None, typer.Option("--frames", help="Labelled frames of clips (JSON lines).")]
Clips = Annotated[Path | None, typer.Option("--clips", help="Folder of the clips that the frames are from.")]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="For a trial: epochs of every step.")]
Seed = Annotated[int | None, typer.Option("--seed", help="For a trial: another seed than the recipe's.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Processor threads.")]


def register(_: typer.Typer) -> None:
    """Add the commands to the group ``model``."""
    model.command()(train)
    model.command()(crossvalidate)


def train(
    dataset: Dataset,
    out: Annotated[Path, typer.Option("--out", help="Gets the ONNX file, checkpoint and manifest.")],
    work: Work,
    recipe: RecipeName = "fine-tune",
    base: Base = None,
    teacher: Teacher = "ours",
    rendered: Rendered = None,
    mends: Mends = None,
    frames: Frames = None,
    clips: Clips = None,
    epochs: Epochs = None,
    seed: Seed = None,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Train a model by a recipe and measure it on val. Broken off, the same call goes on where it was."""
    told, digest = load_recipe(recipe)
    sources = Sources(dataset, work, mends, frames, clips, rendered)
    from detector.training.run import run

    made = run(
        told, digest, sources.given(), _base(base), work, out, check=dataset,
        teacher=_teacher(teacher, told, threads), threads=threads, seed=seed, epochs=epochs, say=errors.print,
    )  # fmt: skip
    say({"model": made.model_id, "file": str(made.path), "figures": made.record["figures"]["val"]}, as_json)


def crossvalidate(
    dataset: Dataset,
    work: Work,
    recipe: RecipeName = "street-n",
    base: Base = None,
    teacher: Teacher = "none",
    rendered: Rendered = None,
    mends: Mends = None,
    frames: Frames = None,
    clips: Clips = None,
    count: Annotated[int, typer.Option("--folds", min=2, max=20)] = 3,
    epochs: Epochs = None,
    seed: Seed = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Side looked at, pixels (default: recipe).")
    ] = None,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Judge a recipe on places it never saw: the split train in folds of whole groups; val is not touched."""
    told, _ = load_recipe(recipe)
    sources = Sources(dataset, work, mends, frames, clips, rendered)
    from detector.training.crossvalidate import crossvalidate as over_folds

    looks = over_folds(
        told, dataset, sources.given(), _base(base), work, count=count, look_size=size, epochs=epochs, seed=seed,
        teacher=_teacher(teacher, told, threads), threads=threads, say=errors.print,
    )  # fmt: skip
    say(measure(looks, dict.fromkeys(CLASSES, OPERATING)).as_dict(), as_json)


@dataclass(frozen=True, slots=True)
class Sources:
    """The pictures that options name."""

    dataset: Path
    work: Path
    mends: Path | None
    frames: Path | None
    clips: Path | None
    rendered: Path | None

    def given(self) -> Given:
        """The same, laid out in the work folder. Raises DataSetError; BadRecipe for a file that is not there."""
        for path in (self.mends, self.frames, self.clips, self.rendered):
            if path is not None and not path.exists():
                raise BadRecipe(f"{path}: not there; give another path, or leave the option out")
        data = open_dataset(self.dataset)
        part = gather(data, "train", self.work / "given" / "train")
        check = gather(data, "val", self.work / "given" / "val")
        return Given(part.images, part.labels, check, self.mends, self.frames, self.clips, self.rendered)


def _base(base: Path | None) -> Path:
    return base or weights_folder() / CHECKPOINT


def _teacher(named: str, recipe: Recipe, threads: int) -> Detector | None:
    """Who names the context. Ours names only classes that its own context has."""
    if named == "none":
        return None
    if named == "ours":
        return open_detector("onnxruntime", threads=threads)
    if not Path(named).is_file():
        raise BadRecipe(f"--teacher {named}: no such file; give a COCO .pt, 'ours' or 'none'")
    from detector.training.run import teacher_of

    return teacher_of(recipe, Path(named), threads)
