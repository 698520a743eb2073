"""Putting pictures from several folders into one data set for a stage, with a chosen weight each."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from detector.datasets.layout import DataSet, items
from detector.errors import DataSetError
from detector.training.context import CLASSES, COCO_NAMES
from detector.training.labels import Labels, read_labels, write_labels

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


@dataclass(frozen=True, slots=True)
class Part:
    """One folder of pictures and its labels.

    repeats: how often a picture is shown per epoch when it holds the class (the largest counts), else once:
    rare classes are seen more often. share: at most so many shown per epoch, drawn with the seed; None is
    all.
    """

    images: Path
    labels: Path
    repeats: dict[str, int] = field(default_factory=dict)
    most: int | None = None


def pictures(folder: Path) -> list[Path]:
    """Picture files of a folder in the order of their names."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)


def gather(data: DataSet, split: str, out: Path) -> Part:
    """Lay a split of any labelled folder out as one part: links to its pictures, labels with our class ids.

    Raises DataSetError when it names a class that our models do not have, or two pictures have the same name.
    """
    strange = sorted(set(data.names.values()) - set(CLASSES))
    if strange:
        raise DataSetError(
            f"{data.folder}: our models have no class {strange[0]!r}; rename it in data.yaml ({', '.join(CLASSES)})"
        )
    ids = np.zeros(max(data.names) + 1, np.int64)
    for number, name in data.names.items():
        ids[number] = CLASSES.index(name)
    for kind in ("images", "labels"):
        shutil.rmtree(out / kind, ignore_errors=True)
        (out / kind).mkdir(parents=True)
    for item in items(data, split):
        link = out / "images" / item.file.name
        if link.is_symlink():
            raise DataSetError(f"{data.folder}: two pictures are called {item.file.name}; rename one")
        link.symlink_to(item.file.resolve())
        told = read_labels(item.label) if item.label else Labels(np.zeros(0, np.int64), np.zeros((0, 4)))
        if len(told) and int(told.class_id.max()) >= len(ids):
            raise DataSetError(f"{item.label}: class {told.class_id.max()} is not in the set's names")
        write_labels(out / "labels" / f"{item.file.stem}.txt", Labels(ids[told.class_id], told.centre))
    return Part(out / "images", out / "labels")


def build(out: Path, parts: list[Part], check: Part, *, seed: int = 0) -> dict[str, int]:
    """Write a data set folder for a stage and return how often each class is shown per epoch.

    out gets ``data.yaml``, ``train.txt`` (a picture may stand in it more than once), and links to pictures
    beside label files. check: pictures measured after the last epoch. Class names are COCO's where they mean
    the same, so that ultralytics starts these classes from what the base weights know.
    """
    rng = random.Random(seed)
    lines: list[str] = []
    shown: Counter[str] = Counter()
    for number, part in enumerate(parts):
        entries = []
        for path in pictures(part.images):
            link = _place(out, f"part{number}", path, part.labels)
            names = [CLASSES[c] for c in read_labels(part.labels / f"{path.stem}.txt").class_id]
            times = max((part.repeats.get(name, 1) for name in names), default=1)
            entries += [(str(link), names)] * times
        if part.most is not None and part.most < len(entries):
            entries = rng.sample(entries, part.most)
        lines += [line for line, _ in entries]
        shown.update(name for _, names in entries for name in names)
    for path in pictures(check.images):
        _place(out, "check", path, check.labels)
    (out / "train.txt").write_text("\n".join(lines) + "\n", "utf-8")
    names_of = {i: COCO_NAMES.get(name, name) for i, name in enumerate(CLASSES)}
    listed = "".join(f"  {i}: {name}\n" for i, name in names_of.items())
    text = f"path: {out.resolve()}\ntrain: train.txt\nval: images/check\nnames:\n{listed}"
    (out / "data.yaml").write_text(text, "utf-8")
    return {"pictures": len(lines), **dict(shown)}


def _place(out: Path, part: str, picture: Path, labels: Path) -> Path:
    """Link a picture and copy its labels to where ultralytics looks for both."""
    link = out.resolve() / "images" / part / picture.name
    label = out.resolve() / "labels" / part / f"{picture.stem}.txt"
    for path in (link, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(picture.resolve())
    source = labels / f"{picture.stem}.txt"
    label.write_text(source.read_text("utf-8") if source.exists() else "", "utf-8")
    return link
