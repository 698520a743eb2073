"""YOLO and COCO, there and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.datasets.coco import coco_files, read_coco, upright_size, write_coco
from detector.datasets.entries import new_folder, write_yolo, yolo_entries
from detector.datasets.layout import items, labels_of, open_dataset
from detector.errors import DataSetError
from detector.training.labels import read_labels
from tests.detector.datasets.folders import a_dataset, a_good_one, a_street, put


def to_coco(root: Path, out: Path, copy: bool = False) -> Path:
    data = open_dataset(root)
    write_coco(out, data.names, yolo_entries(data), copy=copy)
    return out


def a_coco(root: Path, **changes: Any) -> Path:
    """One picture of 96 x 64 with a box of 24 x 16 at (12, 8), class ids 7 and 9."""
    put(root / "images" / "train" / "a.jpg", a_street(1))
    data = {
        "images": [{"id": 5, "file_name": "a.jpg", "width": 96, "height": 64}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 9, "bbox": [12, 8, 24, 16], "iscrowd": 0}],
        "categories": [{"id": 9, "name": "pile"}, {"id": 7, "name": "stall"}],
        **changes,
    }
    file = root / "annotations" / "instances_train.json"
    file.parent.mkdir()
    file.write_text(json.dumps(data))
    return root


def test_yolo_to_coco_by_hand(tmp_path: Path) -> None:
    """0.5 0.5 0.2 0.2 of 96 x 64: left 38.4, top 25.6, 19.2 x 12.8."""
    out = to_coco(a_good_one(tmp_path / "yolo"), tmp_path / "coco")
    train = json.loads((out / "annotations" / "instances_train.json").read_text())
    assert [c["name"] for c in train["categories"]] == ["stall", "shop_goods", "pile"]
    assert [(i["file_name"], i["width"], i["height"]) for i in train["images"]] == [
        ("a.jpg", 96, 64),
        ("b.jpg", 96, 64),
    ]
    first = train["annotations"][0]
    assert (first["image_id"], first["category_id"]) == (1, 1)
    assert first["bbox"] == pytest.approx([38.4, 25.6, 19.2, 12.8])
    assert first["area"] == pytest.approx(19.2 * 12.8)
    assert (out / "images" / "train" / "a.jpg").is_symlink()


def test_there_and_back_is_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    size = rng.uniform(0.01, 0.5, (40, 2)).round(6)
    centre = (size / 2 + rng.uniform(0, 1, (40, 2)) * (1 - size)).round(6)
    lines = [f"{i % 3} {x} {y} {w} {h}" for i, ((x, y), (w, h)) in enumerate(zip(centre, size, strict=True))]
    root = a_dataset(tmp_path / "yolo", {"train": {"a.jpg": lines}, "val": {"b.jpg": []}})
    names, entries = read_coco(to_coco(root, tmp_path / "coco", copy=True))
    write_yolo(tmp_path / "back", names, entries, copy=True)
    before = read_labels(root / "labels" / "train" / "a.txt")
    after = read_labels(tmp_path / "back" / "labels" / "train" / "a.txt")
    assert (before.class_id == after.class_id).all()
    assert np.abs(before.centre - after.centre).max() <= 1e-6
    back = open_dataset(tmp_path / "back")
    assert (back.splits, back.names) == (("train", "val"), {0: "stall", 1: "shop_goods", 2: "pile"})
    picture = tmp_path / "back" / "images" / "train" / "a.jpg"
    assert not picture.is_symlink()
    assert picture.read_bytes() == (root / "images" / "train" / "a.jpg").read_bytes()
    assert (tmp_path / "back" / "labels" / "val" / "b.txt").read_text() == ""


def test_coco_ids_become_classes_in_their_order(tmp_path: Path) -> None:
    names, entries = read_coco(a_coco(tmp_path))
    assert names == {0: "stall", 1: "pile"}
    assert entries[0].split == "train"
    assert entries[0].labels.class_id.tolist() == [1]
    assert entries[0].labels.centre[0] == pytest.approx([0.25, 0.25, 0.25, 0.25])


def test_a_box_far_past_the_edge_is_cut(tmp_path: Path) -> None:
    """-24 .. 24 of 96 wide: 0 .. 24 stays."""
    box = {"id": 1, "image_id": 5, "category_id": 7, "bbox": [-24, 8, 48, 16]}
    _, entries = read_coco(a_coco(tmp_path, annotations=[box, {**box, "iscrowd": 1}]))
    assert entries[0].labels.centre.tolist() == [pytest.approx([0.125, 0.25, 0.25, 0.25])]


def test_a_bare_folder_there_and_back(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.jpg", a_street(1))
    (tmp_path / "in" / "a.txt").write_text("2 0.5 0.5 0.25 0.25\n")
    names, entries = read_coco(to_coco(tmp_path / "in", tmp_path / "coco"))
    write_yolo(tmp_path / "back", names, entries, copy=False)
    back = open_dataset(tmp_path / "back")
    assert (back.splits, back.names[2]) == (("all",), "pile")
    assert labels_of(back, items(back, "all")[0]).class_id.tolist() == [2]


def test_layouts_of_others(tmp_path: Path) -> None:
    root = a_coco(tmp_path)
    folder = root / "valid"
    folder.mkdir()
    (root / "annotations" / "instances_train.json").rename(folder / "_annotations.coco.json")
    (root / "images" / "train" / "a.jpg").rename(folder / "a.jpg")
    assert coco_files(root) == [folder / "_annotations.coco.json"]
    assert read_coco(root)[1][0].split == "val"


def test_size_of_a_turned_picture(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # a quarter turn
    put(tmp_path / "a.jpg", a_street(1), exif=exif)
    assert upright_size(tmp_path / "a.jpg") == (64, 96)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"categories": []}, "categories"),
        ({"annotations": [{"id": 1, "image_id": 5, "category_id": 7}]}, "bbox"),
        ({"annotations": [{"image_id": 5, "category_id": 7, "bbox": [0, 0, float("nan"), 1]}]}, "bbox"),
        ({"annotations": [{"image_id": 6, "category_id": 7, "bbox": [0, 0, 1, 1]}]}, "not listed"),
        ({"annotations": [{"image_id": 5, "category_id": 7, "bbox": [0, 0, 0, 1]}]}, "has no size"),
        ({"images": [{"id": 5, "file_name": "a.jpg", "width": 64, "height": 96}]}, "is 96x64"),
        ({"images": [{"id": 5, "file_name": "b.jpg", "width": 96, "height": 64}]}, "b.jpg is not in"),
        ({"images": [{"id": 5, "file_name": "../a.jpg", "width": 96, "height": 64}]}, "leads out"),
        ({"images": [{"id": 5, "file_name": "a.jpg", "width": 96, "height": 64}] * 2}, "one id"),
    ],
)
def test_coco_that_cannot_be_used(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DataSetError, match=says) as caught:
        read_coco(a_coco(tmp_path, **changes))
    assert "instances_train.json" in str(caught.value)


def test_coco_that_is_none(tmp_path: Path) -> None:
    file = a_coco(tmp_path) / "annotations" / "instances_train.json"
    file.write_text("{")
    with pytest.raises(DataSetError, match="not COCO instances"):
        read_coco(tmp_path)
    file.unlink()
    with pytest.raises(DataSetError, match="no COCO file"):
        read_coco(tmp_path)


def test_nothing_is_written_over_and_nothing_half(tmp_path: Path) -> None:
    root = a_good_one(tmp_path / "yolo")
    with pytest.raises(DataSetError, match="not empty"):
        to_coco(root, root)
    data = open_dataset(root)
    entries = yolo_entries(data)
    with pytest.raises(DataSetError, match="another picture"):
        write_yolo(tmp_path / "out", data.names, [*entries, entries[0]], copy=True)
    assert [p.name for p in tmp_path.iterdir()] == ["yolo"]
    with new_folder(tmp_path / "new") as part:
        (part / "file").write_text("x")
        assert not (tmp_path / "new").exists()
    assert (tmp_path / "new" / "file").read_text() == "x"
