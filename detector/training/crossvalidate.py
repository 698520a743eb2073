"""Cross-validation of a recipe by source: each fold of whole groups is judged by a model that never saw it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from detector.backends.onnxruntime import OnnxDetector
from detector.datasets.layout import items, open_dataset
from detector.detections import Detector
from detector.evaluation.looks import MEASURING_FLOOR, Looks, look
from detector.training.context import CLASSES
from detector.training.dataset import Part
from detector.training.export import export
from detector.training.folds import folds
from detector.training.labels import write_labels
from detector.training.materials import Given, Materials
from detector.training.mends import Mend, read_mends
from detector.training.recipe import Recipe
from detector.training.run import base_of, hold, order_of, steps
from detector.weights import Model, sha256_of


def crossvalidate(
    recipe: Recipe,
    dataset: Path,
    given: Given,
    base: Path,
    work: Path,
    *,
    count: int = 3,
    teacher: Detector | None = None,
    threads: int = 2,
    epochs: int | None = None,
    seed: int | None = None,
    look_size: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Looks:
    """Train on all folds but one, look at that one, ``count`` times; returns the looks at all training pictures.

    dataset: its split ``train`` is divided; ``val`` stays unseen. look_size: side looked at, pixels; None is the
    recipe's. The labels judged against are the data set's own, mended or not. A call that was broken off goes on
    in the same ``work``. Raises DataSetError, BadRecipe, ValueError (too few groups).
    """
    hold(work, order_of(recipe, given, base, teacher, seed, epochs) | {"folds": count})
    data = open_dataset(dataset)
    listed = items(data, "train")
    groups = {i.file.name: i.source.get("group") or i.file.name for i in listed}
    fold_of = folds(given.images, given.labels, groups, count)
    mends = {} if given.mends is None else {m.file: m for m in read_mends(given.mends)}
    scenes = []
    for fold in range(count):
        say(f"fold {fold + 1} of {count}")
        place = work / f"fold{fold}"
        inside = {name for name, number in fold_of.items() if number != fold}
        part = _fold_folder(place, given, dataset, inside, mends)
        mine = replace(given, images=part / "images" / "train", labels=part / "labels" / "train")
        mine = replace(mine, mends=None, check=Part(part / "images" / "val", part / "labels" / "val"))
        plain = recipe.model_copy(
            update={
                "steps": tuple(
                    s.model_copy(
                        update={"data": tuple("as_labelled" if d == "mended" else d for d in s.data)}
                    )
                    for s in recipe.steps
                )
            }
        )
        materials = Materials(plain, mine, place / "work", teacher)
        (place / "work").mkdir(exist_ok=True)
        weights, _ = steps(
            plain, materials, base_of(recipe, base, place), threads=threads, seed=seed, epochs=epochs, say=say
        )
        size = look_size or recipe.size
        file = export(weights, place / "fold.onnx", CLASSES, size=size)
        fixed = dict.fromkeys(CLASSES, 0.4)
        model = Model(
            recipe.name,
            recipe.version,
            file,
            sha256_of(file),
            CLASSES,
            size,
            "raw",
            recipe.overlap,
            fixed,
            {},
        )
        detector = OnnxDetector(model, threads=threads, floor=MEASURING_FLOOR)
        looks = look(detector, part, "val")
        scenes += list(looks.scenes)
    return Looks("cross-validation", looks.names, looks.known, tuple(scenes))


def _fold_folder(place: Path, given: Given, dataset: Path, inside: set[str], mends: dict[str, Mend]) -> Path:
    """A data set folder whose split train is ``inside`` (with mended labels, where mends are given) and whose
    split val is the rest, with the labels it came with.
    """
    out = place / "set"
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (out / kind / split).mkdir(parents=True, exist_ok=True)
    for path in sorted(p for p in given.images.iterdir() if p.is_file()):
        split = "train" if path.name in inside else "val"
        mend = mends.get(path.name) if split == "train" else None
        if mend is not None and mend.labels is None:
            continue
        link = out / "images" / split / path.name
        if not link.is_symlink():
            link.symlink_to(path.resolve())
        target = out / "labels" / split / f"{path.stem}.txt"
        if mend is not None and mend.labels is not None:
            write_labels(target, mend.labels)
        else:
            source = given.labels / f"{path.stem}.txt"
            target.write_text(source.read_text("utf-8") if source.exists() else "", "utf-8")
    sources = dataset / "sources.csv"
    if sources.is_file():
        with (
            sources.open(encoding="utf-8", newline="") as old,
            (out / "sources.csv").open("w", newline="") as new,
        ):
            reader = csv.DictReader(old)
            writer = csv.DictWriter(new, reader.fieldnames or ())
            writer.writeheader()
            for row in reader:
                if row.get("split", "train") == "train":
                    writer.writerow(row | {"split": "train" if row["file"] in inside else "val"})
    names = "".join(f"  {i}: {name}\n" for i, name in sorted(open_dataset(dataset).names.items()))
    text = f"path: .\ntrain: images/train\nval: images/val\nnames:\n{names}"
    (out / "data.yaml").write_text(text, "utf-8")
    return out
