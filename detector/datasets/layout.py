"""Where a labelled folder keeps its pictures, labels, class names and sources.

Understood: a YOLO folder with ``data.yaml``; ``images/`` and ``labels/`` (with or without ``train``, ``val``,
``test`` below them, or the other way round); pictures with their ``.txt`` beside them or in a ``labels`` folder
beside theirs. ``sources.csv`` (column ``file``, and ``split`` where a name is used twice) is optional.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml

from detector.errors import DataSetError
from detector.training.labels import Labels, read_labels

SPLITS = ("train", "val", "test")
ALL = "all"
DOMAIN_NAMES = {0: "stall", 1: "shop_goods", 2: "pile"}
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
_NOTHING: Mapping[str, str] = MappingProxyType({})
_ALSO_CALLED = {"val": ("val", "valid", "validation")}


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of a data set.

    label: its label file; None where there is none, which says that nothing is there. source: its row of
    ``sources.csv`` (group, view, light, licence ...), empty where there is none.
    """

    file: Path
    label: Path | None
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A labelled folder. splits: those that are there. places: for each split that is named, the folders of
    pictures or ``.txt`` lists of them, there or not.
    """

    folder: Path
    names: dict[int, str]
    splits: tuple[str, ...]
    places: dict[str, tuple[Path, ...]] = field(default_factory=dict)


def open_dataset(folder: Path, names: dict[int, str] | None = None) -> DataSet:
    """Find out how a folder (or its ``data.yaml``) is laid out. names: class names that go before its own.

    Raises DataSetError, naming the file and what to do.
    """
    file = folder if folder.is_file() else folder / "data.yaml"
    folder = file.parent
    if not folder.is_dir():
        raise DataSetError(f"{folder}: no such folder")
    if file.is_file():
        data = _read_yaml(file)
        return _opened(folder, names or _names_of(file, data), _places_of(file, data), file)
    return _opened(folder, names or _names_beside(folder), _places_in(folder), folder)


def items(data: DataSet, split: str) -> list[Item]:
    """The pictures of a split in the order of their names; ``all`` is every split. Pictures of a list are
    given whether they are there or not. Raises DataSetError: no such split, no pictures, no labels at all.
    """
    if split != ALL and split not in data.splits:
        known = ", ".join(dict.fromkeys((*data.splits, ALL)))
        raise DataSetError(f"{data.folder}: no split {split!r}; there are {known}")
    sources = source_rows(data.folder)
    found = [
        item
        for one in (data.splits if split == ALL else (split,))
        for item in _items_of(data, one, sources)
    ]  # fmt: skip
    if not found:
        raise DataSetError(
            f"{data.folder}: split {split!r} has no pictures; put some there, or take it out of data.yaml"
        )
    if all(item.label is None for item in found):
        raise DataSetError(
            f"{data.folder}: split {split!r}: no label file for any of {len(found)} pictures "
            f"(looked for {found[0].file.stem}.txt in labels/ and beside the pictures); add them, "
            "an empty file where a picture shows nothing"
        )
    return sorted(found, key=lambda item: (item.file.name, str(item.file)))


def labels_of(data: DataSet, item: Item) -> Labels:
    """The boxes of a picture. Raises DataSetError: a line that cannot be read, a class that has no name."""
    if item.label is None:
        return Labels(np.zeros(0, np.int64), np.zeros((0, 4)))
    try:
        labels = read_labels(item.label)
    except ValueError as error:
        raise DataSetError(f"{item.label}: {error}; mend or delete the line") from None
    unknown = sorted({int(c) for c in labels.class_id} - set(data.names))
    if unknown:
        known = ", ".join(f"{i} {name}" for i, name in data.names.items())
        raise DataSetError(
            f"{item.label}: class {unknown[0]} has no name (there are {known}); mend the label or the names"
        )
    return labels


def _opened(folder: Path, names: dict[int, str], places: dict[str, tuple[Path, ...]], file: Path) -> DataSet:
    splits = tuple(s for s, paths in places.items() if all(p.exists() for p in paths))
    if not splits:
        gone = [str(p) for paths in places.values() for p in paths if not p.exists()]
        raise DataSetError(
            f"{file}: none of its splits is there ({', '.join(gone)}); mend 'path', 'train' and 'val'"
            if gone
            else f"{file}: names no pictures; give 'train' or 'val' a folder of pictures"
            if file.suffix
            else f"{file}: no data.yaml and no pictures here; give a folder with images/ and labels/"
        )
    return DataSet(folder, names, splits, places)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataSetError(f"{file}: not YAML in UTF-8 ({' '.join(str(error).split())})") from None
    if not isinstance(data, dict):
        raise DataSetError(f"{file}: not a data file; it needs 'train', 'val' and 'names'")
    return data


def _names_of(file: Path, data: dict[str, Any]) -> dict[int, str]:
    names = data.get("names")
    listed = dict(enumerate(names)) if isinstance(names, list) else names
    try:
        found = {int(i): str(name) for i, name in listed.items()} if isinstance(listed, dict) else {}
    except ValueError:
        found = {}
    if not found or len(set(found.values())) < len(found):
        raise DataSetError(f"{file}: 'names' must list the classes, each once: names: {{0: stall, 1: ...}}")
    return found


def _places_of(file: Path, data: dict[str, Any]) -> dict[str, tuple[Path, ...]]:
    root = file.parent / str(data.get("path") or ".")
    if not root.is_dir():
        raise DataSetError(f"{file}: 'path: {data['path']}' is no folder here; write 'path: .'")
    places: dict[str, tuple[Path, ...]] = {}
    for split in SPLITS:
        given = data.get(split)
        listed = given if isinstance(given, list) else [given] if given else []
        if not all(isinstance(one, str) for one in listed):
            raise DataSetError(f"{file}: '{split}' must be a folder, a .txt list of pictures, or several")
        if listed:
            places[split] = tuple(_resolved(root, one) for one in listed)
    return places


def _resolved(root: Path, given: str) -> Path:
    """Some tools write ``../train/images`` for a folder that lies beside data.yaml (ultralytics reads it too)."""
    path = root / given
    inside = root / given.removeprefix("../")
    return inside if not path.exists() and inside.exists() else path


def _names_beside(folder: Path) -> dict[int, str]:
    file = next((f for f in (folder / "classes.txt", folder / "labels" / "classes.txt") if f.is_file()), None)
    if file is None:
        return dict(DOMAIN_NAMES)
    names = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    if not names or len(set(names)) < len(names):
        raise DataSetError(f"{file}: must list the classes, one a line, each once")
    return dict(enumerate(names))


def _places_in(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Splits of a folder without data.yaml."""
    images = folder / "images"
    places: dict[str, tuple[Path, ...]] = {}
    for split in SPLITS:
        for name in _ALSO_CALLED.get(split, (split,)):
            for path in (images / name, folder / name / "images"):
                if split not in places and path.is_dir():
                    places[split] = (path,)
    if places:
        return places
    here = images if images.is_dir() else folder
    return {ALL: (here,)} if _pictures(here) else {}


def _items_of(data: DataSet, split: str, sources: dict[tuple[str, str], dict[str, str]]) -> list[Item]:
    files = dict.fromkeys(file for place in data.places[split] for file in _pictures(place))
    return [
        Item(
            file,
            _label_of(data.folder, file),
            sources.get((split, file.name)) or sources.get(("", file.name)) or _NOTHING,
        )
        for file in files
    ]


def _pictures(place: Path) -> list[Path]:
    """Picture files under a folder, or named in a list (relative to the list's folder)."""
    if place.is_file():
        lines = (line.strip() for line in place.read_text("utf-8").splitlines())
        return [place.parent / line for line in lines if line]
    return sorted(
        p for p in place.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
    )  # fmt: skip


def label_paths(folder: Path, picture: Path) -> list[Path]:
    """Where a picture's label file may lie, the likeliest first."""
    parts = list(picture.parts)
    places = [picture.with_suffix(".txt")]
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        places.insert(0, Path(*parts[:last], "labels", *parts[last + 1 :]).with_suffix(".txt"))
    name = f"{picture.stem}.txt"
    return [
        *places,
        picture.parent / "labels" / name,
        folder / "labels" / name,
        picture.parent.parent / "labels" / name,
    ]


def _label_of(folder: Path, picture: Path) -> Path | None:
    return next((path for path in label_paths(folder, picture) if path.is_file()), None)


def source_rows(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Rows of ``sources.csv`` by (split, file name); the split is empty where the file has no such column."""
    file = folder / "sources.csv"
    if not file.is_file():
        return {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataSetError(f"{file}: not a CSV file in UTF-8 ({error})") from None
    if rows and "file" not in rows[0]:
        raise DataSetError(f"{file}: needs a column 'file' with the names of the pictures")
    return {
        (row.get("split") or "", Path(row["file"]).name): {k: v or "" for k, v in row.items() if isinstance(k, str)}
        for row in rows
        if row["file"]
    }  # fmt: skip
