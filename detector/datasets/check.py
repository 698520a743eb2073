"""What is wrong with a labelled folder: every finding names its file and how to mend it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.datasets.layout import ALL, DataSet, Item, items, source_rows
from detector.datasets.likeness import LookAlike, look_alikes
from detector.datasets.pictures import examine
from detector.errors import DataSetError
from detector.scene.boxes import iou

ERROR, WARNING, NOTICE = "error", "warning", "notice"
EDGE = 0.002
"""Share of the picture by which a box may pass its edge: labels are rounded when they are written."""
SAME_BOX_IOU = 0.95
OTHER_TEXTS = frozenset({"classes.txt", "readme.txt", "notes.txt"})


@dataclass(frozen=True, slots=True)
class Finding:
    """severity: error (mend it before using the set), warning (probably wrong) or notice (good to know)."""

    severity: str
    code: str
    file: str
    what: str
    mend: str


def check(data: DataSet) -> list[Finding]:
    """Everything that is wrong with a data set, the worst first, then by file. Reads every picture once.

    Raises DataSetError where there is nothing to check: no pictures, no labels at all.
    """
    splits, found = _members(data)
    found += [*_layout(data), *_strays(data, splits), *_sources(data, splits)]
    hashes: dict[Path, tuple[str, str, int]] = {}
    for split, members in splits.items():
        for item in members:
            if item.file in hashes:  # lists may name one picture twice
                found.append(_named_twice(data, item, hashes[item.file][0], split))
                continue
            found += _labels(data, item)
            picture = examine(item.file)
            found += [
                Finding(n.severity, n.code, _short(data, item.file), n.what, n.mend) for n in picture.findings
            ]
            if picture.sha256:
                hashes[item.file] = (split, picture.sha256, picture.likeness)
    found += [_alike(data, pair) for pair in look_alikes(hashes)]
    order = (ERROR, WARNING, NOTICE)
    return sorted(found, key=lambda f: (order.index(f.severity), f.code, f.file))


def _members(data: DataSet) -> tuple[dict[str, list[Item]], list[Finding]]:
    """The pictures of each split; a split without pictures or labels is a finding, all of them an error."""
    splits: dict[str, list[Item]] = {}
    found: list[Finding] = []
    for split in data.splits:
        try:
            splits[split] = items(data, split)
        except DataSetError as error:
            if len(data.splits) == 1:
                raise
            what, _, mend = str(error).partition("; ")
            found.append(Finding(ERROR, "unusable_split", split, what, mend))
    return splits or {ALL: items(data, ALL)}, found


def _short(data: DataSet, path: Path) -> str:
    """The path as seen from the data set's folder."""
    return str(path.relative_to(data.folder)) if path.is_relative_to(data.folder) else str(path)


def _layout(data: DataSet) -> Iterator[Finding]:
    if not (data.folder / "data.yaml").is_file():
        names = ", ".join(f"{i} {name}" for i, name in data.names.items())
        yield Finding(
            WARNING, "no_data_yaml", "data.yaml", f"is not there; the classes are taken to be {names}",
            "write one with path, train, val and names ('jiexun dataset convert --to yolo' does)",
        )  # fmt: skip
    for split, places in data.places.items():
        for place in places:
            if not place.exists():
                yield Finding(
                    ERROR, "no_split", "data.yaml", f"{split} is {_short(data, place)}, which is not there",
                    f"put the pictures there or take '{split}' out of data.yaml",
                )  # fmt: skip


def _strays(data: DataSet, splits: dict[str, list[Item]]) -> Iterator[Finding]:
    """Labels without a picture, pictures without a label, two pictures with one label."""
    used: dict[Path, Path] = {}
    for item in (i for members in splits.values() for i in members):
        if item.label is None:
            yield Finding(
                WARNING, "no_label", _short(data, item.file), "has no label file: it counts as showing nothing",
                "label it, or add an empty .txt to say that nothing is there",
            )  # fmt: skip
        elif used.setdefault(item.label, item.file) != item.file:
            yield Finding(
                ERROR, "shared_label", _short(data, item.file),
                f"shares {item.label.name} with {used[item.label].name}", "rename one of the two pictures",
            )  # fmt: skip
    lists = {place for places in data.places.values() for place in places}
    for folder in {label.parent for label in used}:
        for path in sorted(folder.glob("*.txt")):
            if path not in used and path not in lists and path.name.lower() not in OTHER_TEXTS:
                yield Finding(
                    ERROR, "no_picture", _short(data, path), "has no picture of this name",
                    "put the picture back or delete the label",
                )  # fmt: skip


def _labels(data: DataSet, item: Item) -> Iterator[Finding]:
    """Line by line, so that every bad line is named and not only the first."""
    if item.label is None:
        return
    file, boxes = _short(data, item.label), []
    for number, line in enumerate(item.label.read_text("utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        row = _row(line)
        where = f"line {number}"
        if row is None:
            yield Finding(
                ERROR, "bad_line", file, f"{where}: {line[:60]!r} is not 'class cx cy w h'",
                "write five numbers, the last four as shares of the picture (0-1)",
            )  # fmt: skip
            continue
        label, x, y, w, h = row
        if label not in data.names:
            yield Finding(
                ERROR, "unknown_class", file, f"{where}: class {label} has no name",
                f"use one of {', '.join(f'{i} {n}' for i, n in data.names.items())}, or add the name",
            )  # fmt: skip
        if not (0 <= x <= 1 and 0 <= y <= 1 and w <= 1 and h <= 1):
            yield Finding(
                ERROR, "out_of_range", file, f"{where}: {line.strip()!r} lies outside 0-1",
                "give shares of width and height, not pixels",
            )  # fmt: skip
        elif w <= 0 or h <= 0:
            yield Finding(
                ERROR, "no_size", file, f"{where}: a box without size", "draw it again or delete it"
            )
        else:
            past = max(w / 2 - x, h / 2 - y, x + w / 2 - 1, y + h / 2 - 1)
            if past > EDGE:
                yield Finding(
                    WARNING, "past_edge", file, f"{where}: passes the edge by {past:.1%} of the picture",
                    "cut it at the edge",
                )  # fmt: skip
            boxes.append((number, label, (x - w / 2, y - h / 2, x + w / 2, y + h / 2)))
    yield from _doubled(file, boxes)


def _row(line: str) -> tuple[int, float, float, float, float] | None:
    fields = line.split()
    try:
        label, (x, y, w, h) = int(fields[0]), (float(v) for v in fields[1:])
    except ValueError:
        return None
    return (label, x, y, w, h) if all(map(math.isfinite, (x, y, w, h))) else None


def _doubled(file: str, boxes: list[tuple[int, int, tuple[float, float, float, float]]]) -> Iterator[Finding]:
    if len(boxes) < 2:
        return
    corners = np.array([box for *_, box in boxes])
    overlap = np.triu(iou(corners, corners), 1)
    for a, b in np.argwhere(overlap >= SAME_BOX_IOU):
        (first, label, _), (second, other, _) = boxes[a], boxes[b]
        classes = "of one class" if label == other else "of different classes"
        yield Finding(
            WARNING, "doubled_box", file, f"lines {first} and {second} are one box, {classes}", "delete one",
        )  # fmt: skip


def _sources(data: DataSet, splits: dict[str, list[Item]]) -> Iterator[Finding]:
    """Whether one source (``group``) is on two sides, and rows and pictures that do not fit each other."""
    rows = source_rows(data.folder)
    if not rows:
        return
    sides: dict[str, dict[str, str]] = {}
    for split, members in splits.items():
        for item in members:
            if not item.source:
                yield Finding(
                    NOTICE, "no_source", _short(data, item.file), "has no row in sources.csv",
                    "add one, so that a leak between splits can be seen",
                )  # fmt: skip
            elif item.source.get("group"):
                sides.setdefault(item.source["group"], {}).setdefault(split, item.file.name)
    for group, examples in sides.items():
        if len(examples) > 1:
            shown = ", ".join(f"{split} ({name})" for split, name in examples.items())
            yield Finding(
                ERROR, "group_leak", "sources.csv", f"group {group!r} is on two sides: {shown}",
                "move all its pictures to one split",
            )  # fmt: skip
    names = {item.file.name for members in splits.values() for item in members}
    for split, name in rows:
        if name not in names and split in ("", *data.splits):
            yield Finding(
                WARNING, "no_picture_of_row", "sources.csv", f"{name} is listed, but not there",
                "put the picture back or delete the row",
            )  # fmt: skip


def _named_twice(data: DataSet, item: Item, first: str, second: str) -> Finding:
    return Finding(
        ERROR,
        "duplicate_leak",
        _short(data, item.file),
        f"is in {first} and in {second}",
        "take it out of one",
    )


def _alike(data: DataSet, pair: LookAlike) -> Finding:
    leak = pair.splits[0] != pair.splits[1]
    other = _short(data, pair.files[1])
    kind = "the same file as" if pair.exact else f"looks like (distance {pair.distance} of 64)"
    code = ("duplicate" if pair.exact else "near_duplicate") + ("_leak" if leak else "")
    severity = ERROR if leak else WARNING if pair.exact else NOTICE
    sides = f", but one is in {pair.splits[0]} and one in {pair.splits[1]}" if leak else ""
    mend = "move both to one split or delete one" if leak else "delete one, unless both are wanted"
    return Finding(severity, code, _short(data, pair.files[0]), f"{kind} {other}{sides}", mend)
