"""What a detector saw in the pictures of a labelled folder, kept beside the labels: one look per picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.datasets.layout import ALL, Item, items, open_dataset
from detector.detections import Boxes, Detections, Detector
from detector.errors import BadOutput, DataSetError
from detector.evaluation.matching import Seen, Tally, tally
from detector.pictures import read_picture
from detector.training.context import CLASSES, DOMAIN
from detector.training.labels import read_labels

MEASURING_FLOOR = 0.005
"""Least confidence of a detector that is measured: average precision needs the weak boxes too."""

Step = Callable[[int, int], None]
"""Told of progress: pictures done, pictures in all."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One labelled picture.

    width, height: pixels. truths: labels as pixel boxes by class name, for every class that the set names.
    source: its row of ``sources.csv``. digest: SHA-256 of the picture's and the label's bytes.
    """

    path: Path
    width: int
    height: int
    truths: dict[str, Boxes]
    seen: Detections
    source: Mapping[str, str]
    digest: str

    @property
    def file(self) -> str:
        """Name of the picture file."""
        return self.path.name

    @property
    def group(self) -> str:
        """Pictures of one place share it; the picture's own name where none is told."""
        return self.source.get("group") or self.file

    def boxes_of(self, name: str) -> Seen:
        """What was seen of one class; nothing of a class that the model does not know."""
        mine = self.seen.class_id == (self.seen.names.index(name) if name in self.seen.names else -1)
        area = float(self.width * self.height)
        return Seen(self.seen.xyxy[mine], self.seen.confidence[mine], self.truths[name], area)


@dataclass(frozen=True, slots=True)
class Looks:
    """A split looked at. names: the set's classes by its ids. known: the model's classes."""

    split: str
    names: tuple[str, ...]
    known: tuple[str, ...]
    scenes: tuple[Scene, ...]

    @property
    def sha256(self) -> str:
        """Of all pictures and labels: two evaluations with the same value measured the same set."""
        return hashlib.sha256("".join(sorted(s.digest for s in self.scenes)).encode()).hexdigest()

    @property
    def measurable(self) -> tuple[str, ...]:
        """Classes that the set labels at least once and the model knows, the domain's first."""
        wanted = [n for n in self.names if n in self.known and any(len(s.truths[n]) for s in self.scenes)]
        return tuple(sorted(wanted, key=lambda n: n not in CLASSES[:DOMAIN]))

    @property
    def domain(self) -> tuple[str, ...]:
        """Classes of the domain that the set names and the model knows, labelled here or not."""
        return tuple(n for n in CLASSES[:DOMAIN] if n in self.names and n in self.known)


def look(
    detector: Detector,
    folder: Path,
    split: str | None = "val",
    *,
    most: int | None = None,
    step: Step | None = None,
) -> Looks:
    """Run the detector over a split, one picture at a time.

    folder: see ``detector.datasets.layout``. split: None is ``val`` where there is one, else all; a bare folder has
    no splits, so that all of it is looked at, whatever is asked. most: only so many pictures, evenly taken. The
    detector should return boxes from ``MEASURING_FLOOR`` on. Raises DataSetError, BadPicture, BadOutput, each
    naming the file.
    """
    data = open_dataset(folder)
    names = tuple(name for _, name in sorted(data.names.items()))
    if not set(names) & set(detector.names):
        raise DataSetError(
            f"{folder}: the model {detector.model_id} knows none of its classes ({', '.join(names)}); it knows "
            f"{', '.join(detector.names)}: rename the classes in data.yaml, or choose another model"
        )
    if data.splits == (ALL,):
        split = ALL
    elif split is None:
        split = "val" if "val" in data.splits else ALL
    chosen = items(data, split)
    if most is not None and most < len(chosen):
        chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, most).round().astype(int)]
    scenes = []
    for number, item in enumerate(chosen, 1):
        scenes.append(_look_at(detector, item, data.names))
        if step is not None:
            step(number, len(chosen))
    return Looks(split, names, tuple(detector.names), tuple(scenes))


def _look_at(detector: Detector, item: Item, names: Mapping[int, str]) -> Scene:
    image = read_picture(item.file)
    height, width = image.shape[:2]
    truths = {name: np.zeros((0, 4), np.float32) for name in names.values()}
    digest = hashlib.sha256(item.file.read_bytes())
    if item.label is not None:
        try:
            labels = read_labels(item.label)
        except ValueError as error:
            raise DataSetError(
                f"{item.label.parent}: {error}; 'jiexun dataset check' lists all such"
            ) from None
        unknown = sorted(set(labels.class_id.tolist()) - set(names))
        if unknown:
            raise DataSetError(
                f"{item.label}: class {unknown[0]} is not in the set's names "
                f"({', '.join(f'{i}: {n}' for i, n in sorted(names.items()))}); mend the label or the names"
            )
        boxes = labels.xyxy(width, height)
        truths = {name: boxes[labels.class_id == i] for i, name in names.items()}
        digest.update(item.label.read_bytes())
    try:
        seen = detector.detect([image])[0]
    except BadOutput as error:
        raise BadOutput(f"{item.file.name}: {error}") from None
    return Scene(item.file, width, height, truths, seen, item.source, digest.hexdigest())


def tally_of(scenes: tuple[Scene, ...], name: str) -> Tally:
    """One class over scenes."""
    return tally([scene.boxes_of(name) for scene in scenes])
