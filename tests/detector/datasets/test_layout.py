"""Where a labelled folder keeps what: every layout that is understood, every refusal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from detector.datasets.layout import DOMAIN_NAMES, Item, items, labels_of, open_dataset
from detector.errors import DataSetError
from tests.detector.datasets.folders import BOX, OTHER, YAML, a_good_one, a_street, put


def names(found: list[Item]) -> list[str]:
    return [item.file.name for item in found]


def test_a_yolo_folder(tmp_path: Path) -> None:
    data = open_dataset(a_good_one(tmp_path))
    assert (data.splits, data.names) == (("train", "val"), DOMAIN_NAMES)
    train = items(data, "train")
    assert names(train) == ["a.jpg", "b.jpg"]
    assert train[0].label == tmp_path / "labels" / "train" / "a.txt"
    assert (train[0].source["group"], train[0].source["light"]) == ("site:1", "day")
    assert names(items(data, "all")) == ["a.jpg", "b.jpg", "c.jpg"]
    assert labels_of(data, train[0]).class_id.tolist() == [0, 2]
    assert len(labels_of(data, train[1])) == 0


def test_data_yaml_itself_may_be_named(tmp_path: Path) -> None:
    file = a_good_one(tmp_path) / "data.yaml"
    assert open_dataset(file).folder == tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "train: images/train\nval: images/val\nnames: [stall, shop_goods, pile]\n",
        "train: [images/train]\nval: val.txt\nnames: {0: stall, 1: shop_goods, 2: pile}\n",
        "path: ../set\ntrain: ../images/train\nval: images/val\ntest:\nnames: [stall, shop_goods, pile]\n",
    ],
    ids=["names-list", "folders-and-list-file", "path-and-dots"],
)
def test_other_ways_to_write_data_yaml(tmp_path: Path, text: str) -> None:
    root = a_good_one(tmp_path / "set")
    (root / "data.yaml").write_text(text, "utf-8")
    (root / "val.txt").write_text("./images/val/c.jpg\n\n", "utf-8")
    data = open_dataset(root)
    assert data.names == DOMAIN_NAMES
    assert names(items(data, "train")) == ["a.jpg", "b.jpg"]
    assert [labels_of(data, item).class_id.tolist() for item in items(data, "val")] == [[2]]


def test_a_split_that_is_not_delivered_is_no_split(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    shutil.rmtree(root / "images" / "train")
    data = open_dataset(root)
    assert data.splits == ("val",)
    with pytest.raises(DataSetError, match="no split 'train'; there are val, all"):
        items(data, "train")


@pytest.mark.parametrize("label", ["a.txt", "labels/a.txt", "../labels/a.txt"])
def test_bare_pictures_with_labels_beside_or_in_a_sister_folder(tmp_path: Path, label: str) -> None:
    here = tmp_path / "photos"
    put(here / "a.jpg", a_street(1))
    put(here / "b.png", a_street(2))
    (here / ".hidden.jpg").write_bytes(b"")
    path = here / label
    path.parent.mkdir(exist_ok=True)
    path.write_text(BOX + "\n")
    data = open_dataset(here)
    assert (data.splits, data.names) == (("all",), DOMAIN_NAMES)
    assert [(item.file.name, item.label and item.label.name) for item in items(data, "all")] == [
        ("a.jpg", "a.txt"),
        ("b.png", None),
    ]


def test_images_and_labels_without_data_yaml(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    (root / "data.yaml").unlink()
    assert open_dataset(root).splits == ("train", "val")
    flat = tmp_path / "flat"
    put(flat / "images" / "x.jpg", a_street(1))
    (flat / "labels").mkdir()
    (flat / "labels" / "x.txt").write_text(OTHER + "\n")
    (flat / "classes.txt").write_text("摊\n店\n堆\n", "utf-8")
    data = open_dataset(flat)
    assert (data.splits, data.names[2]) == (("all",), "堆")
    assert labels_of(data, items(data, "all")[0]).class_id.tolist() == [2]
    assert open_dataset(flat, {0: "cart"}).names == {0: "cart"}


def test_splits_with_images_below_them(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        put(tmp_path / split / "images" / f"{split}.jpg", a_street(len(split)))
        (tmp_path / split / "labels").mkdir()
        (tmp_path / split / "labels" / f"{split}.txt").write_text(BOX)
    data = open_dataset(tmp_path)
    assert data.splits == ("train", "val")
    assert items(data, "val")[0].label == tmp_path / "valid" / "labels" / "valid.txt"


def test_names_used_in_two_splits_keep_their_own_source(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    put(root / "images" / "val" / "a.jpg", a_street(9))
    (root / "sources.csv").write_text("file,split,group\na.jpg,train,one\na.jpg,val,two\n")
    data = open_dataset(root)
    groups = {split: items(data, split)[0].source["group"] for split in data.splits}
    assert groups == {"train": "one", "val": "two"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("just words", "not a data file"),
        ("names: [a\n", "not YAML"),
        ("train: images/train\n", "'names' must list"),
        ("train: images/train\nnames: [a, a]\n", "each once"),
        ("train: images/train\nnames: {one: a}\n", "'names' must list"),
        ("train: 5\nnames: [a]\n", "'train' must be a folder"),
        ("train: images/gone\nnames: [a]\n", "none of its splits is there"),
        ("names: [a]\n", "names no pictures"),
        ("path: /nowhere/set\ntrain: images/train\nnames: [a]\n", "write 'path: .'"),
    ],
)
def test_a_data_yaml_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    root = a_good_one(tmp_path)
    (root / "data.yaml").write_text(text, "utf-8")
    with pytest.raises(DataSetError, match=says) as caught:
        open_dataset(root)
    assert "data.yaml" in str(caught.value)


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="no such folder"):
        open_dataset(tmp_path / "none")
    with pytest.raises(DataSetError, match=r"no data\.yaml and no pictures"):
        open_dataset(tmp_path)
    put(tmp_path / "a.jpg", a_street(1))
    with pytest.raises(DataSetError, match=r"no label file for any of 1 pictures \(looked for a\.txt"):
        items(open_dataset(tmp_path), "all")
    empty = tmp_path / "empty"
    (empty / "images" / "train").mkdir(parents=True)
    (empty / "data.yaml").write_text(YAML)
    with pytest.raises(DataSetError, match="'train' has no pictures"):
        items(open_dataset(empty), "train")


def test_labels_that_cannot_be_used(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    data = open_dataset(root)
    label = root / "labels" / "val" / "c.txt"
    label.write_text("7 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DataSetError, match=r"c\.txt: class 7 has no name \(there are 0 stall, 1 shop_goods"):
        labels_of(data, items(data, "val")[0])
    label.write_text("0 0.5 0.5 0.1\n")
    with pytest.raises(DataSetError, match=r"c\.txt line 1.*mend or delete"):
        labels_of(data, items(data, "val")[0])


def test_a_sources_file_without_names(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    (root / "sources.csv").write_text("picture,group\na.jpg,1\n")
    with pytest.raises(DataSetError, match="needs a column 'file'"):
        items(open_dataset(root), "train")
