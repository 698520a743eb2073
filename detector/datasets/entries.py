"""A labelled picture free of any format, and the YOLO folder that it is read from and written to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from detector.datasets.layout import ALL, SPLITS, DataSet, items, labels_of
from detector.errors import DataSetError
from detector.training.labels import Labels, write_labels


@dataclass(frozen=True, slots=True)
class Entry:
    """name: of the picture within its split, folders included. file: where it lies now."""

    split: str
    name: PurePosixPath
    file: Path
    labels: Labels


def yolo_entries(data: DataSet) -> list[Entry]:
    """All pictures of a folder. Raises DataSetError: labels that cannot be read, a picture that is missing."""
    entries = []
    for split in data.splits:
        for item in items(data, split):
            inside = next((p for p in data.places[split] if p.is_dir() and item.file.is_relative_to(p)), None)
            name = item.file.relative_to(inside) if inside else Path(item.file.name)
            entries.append(Entry(split, PurePosixPath(name.as_posix()), item.file, labels_of(data, item)))
    return entries


def write_yolo(out: Path, names: dict[int, str], entries: Iterable[Entry], *, copy: bool) -> int:
    """Write ``data.yaml``, ``images/`` and ``labels/``; returns the number of pictures.

    Splits lie one folder deeper; pictures of no split lie flat, with ``classes.txt`` instead of ``data.yaml``.
    """
    splits: set[str] = set()
    count = 0
    with new_folder(out) as part:
        for entry in entries:
            below = Path() if entry.split == ALL else Path(entry.split)
            label = part / "labels" / below / Path(entry.name).with_suffix(".txt")
            if label.exists():
                raise DataSetError(
                    f"{entry.file}: another picture of {entry.split} has this name; rename one"
                )
            put_picture(entry.file, part / "images" / below / entry.name, copy=copy)
            label.parent.mkdir(parents=True, exist_ok=True)
            write_labels(label, entry.labels)
            splits.add(entry.split)
            count += 1
        if splits == {ALL}:
            listed = [names[i] for i in sorted(names)]
            (part / "classes.txt").write_text("".join(f"{name}\n" for name in listed), "utf-8")
        else:
            write_data_yaml(part, names, splits)
    return count


def write_data_yaml(out: Path, names: dict[int, str], splits: Iterable[str]) -> None:
    """Write ``data.yaml`` for ``images/<split>``."""
    present = set(splits)
    data = {
        "path": ".",
        **{s: f"images/{s}" for s in SPLITS if s in present},
        "names": dict(sorted(names.items())),
    }
    (out / "data.yaml").write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``out`` when all is done, and is gone when something fails.

    Raises DataSetError when something lies at ``out``: nothing is written over.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataSetError(f"{out}: is there already and not empty; give a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        part = Path(name) / "part"
        part.mkdir()
        yield part
        part.replace(out)


def put_picture(source: Path, target: Path, *, copy: bool) -> None:
    """Link or copy one picture. Raises DataSetError when it is missing or its name is taken."""
    if not source.is_file():
        raise DataSetError(f"{source}: no such picture; put it back or take it out of the data set")
    if target.exists():
        raise DataSetError(f"{source}: another picture has this name ({target.name}); rename one")
    target.parent.mkdir(parents=True, exist_ok=True)
    if copy:
        shutil.copyfile(source, target)
    else:
        target.symlink_to(source.resolve())


def keep_sources(folder: Path, out: Path) -> None:
    """Take ``sources.csv`` along, where there is one: file names and splits stay what they are."""
    if (folder / "sources.csv").is_file():
        shutil.copyfile(folder / "sources.csv", out / "sources.csv")
