"""COCO instances: ``annotations/instances_<split>.json`` and pictures, read and written.

Boxes there are left, top, width, height in pixels of the upright picture. Class ids begin at 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from detector.datasets.entries import Entry, new_folder, put_picture
from detector.datasets.layout import ALL
from detector.errors import DataSetError
from detector.training.labels import Labels

EDGE = 0.002
"""Share of the picture by which a box may pass its edge before it is cut: what rounding does stays as it is."""


_SPLIT = re.compile(r"(?:^|[_.-])(train|valid|val|test|all)(?=\d*(?:[_.-]|$))")


class _Image(BaseModel):
    id: int
    file_name: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class _Annotation(BaseModel):
    image_id: int
    category_id: int
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
    iscrowd: int = 0


class _Category(BaseModel):
    id: int
    name: str


class _Instances(BaseModel):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category] = Field(min_length=1)


def coco_files(folder: Path) -> list[Path]:
    """The instance files of a folder: in ``annotations``, in itself, or one in each split's folder."""
    if folder.is_file():
        return [folder] if folder.suffix == ".json" else []
    for pattern in ("annotations/*.json", "*.json", "*/_annotations.coco.json"):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    return []


def read_coco(folder: Path) -> tuple[dict[int, str], list[Entry]]:
    """Class names by new id (0, 1 ... in the order of the old ones) and all pictures.

    Regions that stand for a crowd (``iscrowd``) are left out: they are no boxes of single things.
    Raises DataSetError, naming the file and what to do.
    """
    files = coco_files(folder)
    if not files:
        raise DataSetError(f"{folder}: no COCO file; expected annotations/instances_<split>.json")
    names: dict[int, str] = {}
    entries: list[Entry] = []
    seen: set[str] = set()
    for file in files:
        split = _split_of(file) or (ALL if len(files) == 1 else None)
        if split is None or split in seen:
            raise DataSetError(
                f"{file}: which split is this? put train, val or test into its name, each once"
            )
        seen.add(split)
        data = _read(file)
        categories = sorted(data.categories, key=lambda c: c.id)
        here = {i: c.name for i, c in enumerate(categories)}
        if names and here != names:
            raise DataSetError(
                f"{file}: its categories differ from those of {files[0].name}; make them the same"
            )
        names = here
        class_of = {c.id: i for i, c in enumerate(categories)}
        entries += _entries(file, split, data, class_of)
    return names, entries


def write_coco(out: Path, names: dict[int, str], entries: Iterable[Entry], *, copy: bool) -> int:
    """Write ``annotations/`` and ``images/``; returns the number of pictures. Raises DataSetError."""
    categories = [{"id": i + 1, "name": name, "supercategory": ""} for i, name in sorted(names.items())]
    by_split: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with new_folder(out) as part:
        for entry in entries:
            lists = by_split.setdefault(entry.split, {"images": [], "annotations": []})
            put_picture(entry.file, part / "images" / entry.split / entry.name, copy=copy)
            width, height = upright_size(entry.file)
            number = len(lists["images"]) + 1
            lists["images"].append(
                {"id": number, "file_name": str(entry.name), "width": width, "height": height}
            )
            lists["annotations"] += _annotations(entry, number, len(lists["annotations"]), width, height)
        (part / "annotations").mkdir()
        for split, lists in by_split.items():
            text = json.dumps({**lists, "categories": categories}, ensure_ascii=False, indent=1)
            (part / "annotations" / f"instances_{split}.json").write_text(text, "utf-8")
    return sum(len(lists["images"]) for lists in by_split.values())


def _annotations(entry: Entry, image: int, before: int, width: int, height: int) -> list[dict[str, Any]]:
    """The boxes of one picture; ``before``: how many annotations have a number already."""
    rows = []
    boxes = zip(entry.labels.class_id.tolist(), entry.labels.centre.tolist(), strict=True)
    for i, (class_id, (x, y, w, h)) in enumerate(boxes, before + 1):
        box = [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]
        rows.append(
            {
                "id": i,
                "image_id": image,
                "category_id": class_id + 1,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0,
            }
        )
    return rows


def upright_size(file: Path) -> tuple[int, int]:
    """Width and height in pixels as the picture is looked at (EXIF orientation applied). Raises DataSetError."""
    try:
        with Pillow.open(file) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5  # 5-8: by a quarter
            return (picture.height, picture.width) if turned else (picture.width, picture.height)
    except (UnidentifiedImageError, OSError, Pillow.DecompressionBombError) as error:
        raise DataSetError(f"{file}: cannot be opened as a picture ({error}); replace or delete it") from None


def _read(file: Path) -> _Instances:
    try:
        return _Instances.model_validate_json(file.read_bytes())
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise DataSetError(
            f"{file}: not COCO instances: {where}: {fault['msg']}; mend or export it again"
        ) from None


def _split_of(file: Path) -> str | None:
    """By the file's name, or its folder's (``train/_annotations.coco.json``)."""
    found = _SPLIT.search(file.parent.name if file.name.startswith("_") else file.stem)
    return {"valid": "val"}.get(found[1], found[1]) if found else None


def _entries(file: Path, split: str, data: _Instances, class_of: dict[int, int]) -> list[Entry]:
    boxes: dict[int, list[_Annotation]] = {image.id: [] for image in data.images}
    if len(boxes) < len(data.images):
        raise DataSetError(f"{file}: two images have one id; export the file again")
    for annotation in data.annotations:
        if annotation.image_id not in boxes or annotation.category_id not in class_of:
            raise DataSetError(
                f"{file}: a box names image {annotation.image_id} and category {annotation.category_id}, "
                "one of which is not listed; export the file again"
            )
        if not annotation.iscrowd:
            boxes[annotation.image_id].append(annotation)
    entries = []
    for image in data.images:
        path = _picture(file, split, image.file_name)
        size = upright_size(path)
        if size != (image.width, image.height):
            raise DataSetError(
                f"{path}: is {size[0]}x{size[1]}, {file.name} says {image.width}x{image.height}; "
                "its boxes would be wrong: take the right picture or export the file again"
            )
        labels = _labels(file, image, boxes[image.id], class_of)
        entries.append(Entry(split, PurePosixPath(image.file_name), path, labels))
    return entries


def _picture(file: Path, split: str, name: str) -> Path:
    """Where a picture lies: COCO leaves that open."""
    if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name:
        raise DataSetError(f"{file}: file_name {name!r} leads out of the folder; give names within it")
    root = file.parent.parent if file.parent.name == "annotations" else file.parent
    places = [
        root / "images" / split,
        root / split,
        root / f"{split}2017",
        root / "images",
        root,
        file.parent,
    ]
    found = next((place / name for place in places if (place / name).is_file()), None)
    if found is None:
        raise DataSetError(f"{file}: picture {name} is not in images/{split} or beside it; put it there")
    return found


def _labels(file: Path, image: _Image, boxes: list[_Annotation], class_of: dict[int, int]) -> Labels:
    size = np.array([image.width, image.height] * 2, np.float64)
    shares = np.array([b.bbox for b in boxes], np.float64).reshape(-1, 4) / size
    edges = np.concatenate([shares[:, :2], shares[:, :2] + shares[:, 2:]], axis=1)
    past = ((edges < -EDGE) | (edges > 1 + EDGE)).any(axis=1)
    edges[past] = edges[past].clip(0, 1)
    centre = np.concatenate([(edges[:, :2] + edges[:, 2:]) / 2, edges[:, 2:] - edges[:, :2]], axis=1)
    if (centre[:, 2:] <= 0).any() or (centre < 0).any() or (centre > 1 + EDGE).any():
        raise DataSetError(f"{file}: a box of {image.file_name} has no size or lies outside it; mend it")
    class_id = np.array([class_of[b.category_id] for b in boxes], np.int64)
    return Labels(class_id, centre.clip(0, 1))
