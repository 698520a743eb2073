"""Every fault that a data set can have is found, named by its file, and weighed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.datasets.check import Finding, check
from detector.datasets.layout import open_dataset
from detector.datasets.likeness import likeness, look_alikes
from detector.errors import DataSetError
from tests.detector.datasets.folders import BOX, a_dataset, a_good_one, a_street, put


def found(root: Path) -> list[tuple[str, str, str]]:
    return [(f.severity, f.code, f.file) for f in check(open_dataset(root))]


def only(root: Path) -> Finding:
    """The one finding."""
    (finding,) = check(open_dataset(root))
    return finding


def test_nothing_wrong(tmp_path: Path) -> None:
    assert found(a_good_one(tmp_path)) == []


@pytest.mark.parametrize(
    ("line", "severity", "code"),
    [
        ("3 0.5 0.5 0.2 0.2", "error", "unknown_class"),
        ("-1 0.5 0.5 0.2 0.2", "error", "unknown_class"),
        ("0 0.5 0.5 0.2", "error", "bad_line"),
        ("stall 0.5 0.5 0.2 0.2", "error", "bad_line"),
        ("0 nan 0.5 0.2 0.2", "error", "bad_line"),
        ("0 0.5 0.5 0.2 0.2 0.9", "error", "bad_line"),
        ("0 48 32 20 20", "error", "out_of_range"),
        ("0 -0.1 0.5 0.2 0.2", "error", "out_of_range"),
        ("0 0.5 0.5 0 0.2", "error", "no_size"),
        ("0 0.95 0.5 0.2 0.2", "warning", "past_edge"),
    ],
)
def test_a_bad_line(tmp_path: Path, line: str, severity: str, code: str) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": ["1 0.2 0.2 0.1 0.1", line]}, "val": {"b.jpg": []}})
    finding = only(root)
    assert (finding.severity, finding.code, finding.file) == (severity, code, "labels/train/a.txt")
    assert finding.what.startswith("line 2")


def test_an_edge_that_rounding_moved_is_fine(tmp_path: Path) -> None:
    assert (
        found(a_dataset(tmp_path, {"train": {"a.jpg": ["0 0.9005 0.5 0.2 0.2"]}, "val": {"b.jpg": []}})) == []
    )


def test_doubled_boxes(tmp_path: Path) -> None:
    lines = [BOX, "1 0.1 0.1 0.1 0.1", "0 0.501 0.5 0.2 0.2"]
    finding = only(a_dataset(tmp_path, {"train": {"a.jpg": lines}, "val": {"b.jpg": []}}))
    assert (finding.code, finding.what) == ("doubled_box", "lines 1 and 3 are one box, of one class")


def test_pictures_and_labels_without_each_other(tmp_path: Path) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX], "b.jpg": None}, "val": {"c.jpg": []}})
    (root / "labels" / "train" / "gone.txt").write_text(BOX)
    (root / "labels" / "train" / "classes.txt").write_text("stall\n")
    put(root / "images" / "train" / "a.png", a_street(50))
    assert found(root) == [
        ("error", "no_picture", "labels/train/gone.txt"),
        ("error", "shared_label", "images/train/a.png"),
        ("warning", "no_label", "images/train/b.jpg"),
    ]


def test_missing_and_broken_pictures(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    whole = root / "images" / "train" / "a.jpg"
    whole.write_bytes(whole.read_bytes()[:600])
    (root / "images" / "train" / "b.jpg").write_text("no picture")
    (root / "data.yaml").write_text("train: images/train\nval: val.txt\nnames: [stall, shop_goods, pile]\n")
    (root / "val.txt").write_text("images/val/c.jpg\nimages/val/d.jpg\n")
    assert {f for f in found(root) if f[0] == "error"} == {
        ("error", "broken", "images/train/a.jpg"),
        ("error", "broken", "images/train/b.jpg"),
        ("error", "missing", "images/val/d.jpg"),
    }


def _saved(mode: str) -> Callable[[Path], None]:
    return lambda path: Pillow.fromarray(a_street(7)).convert(mode).save(path, "JPEG")


def _deep(path: Path) -> None:
    Pillow.fromarray(a_street(7)[:, :, 0].astype(np.uint16) * 257).save(path, "PNG")


def _turned(path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(a_street(7)).save(path, "JPEG", exif=exif)


def _animated(path: Path) -> None:
    frames = [Pillow.fromarray(a_street(seed)) for seed in (7, 8)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def _tiny(path: Path) -> None:
    Pillow.new("RGB", (1, 1)).save(path, "PNG")


def _huge(path: Path) -> None:
    Pillow.fromarray(a_street(7)).resize((8200, 40)).save(path, "JPEG")


@pytest.mark.parametrize(
    ("write", "severity", "code"),
    [
        (_saved("L"), "notice", "greyscale"),
        (_saved("CMYK"), "notice", "cmyk"),
        (_deep, "notice", "deep"),
        (_turned, "notice", "exif_rotated"),
        (_huge, "notice", "huge"),
        (_animated, "error", "broken"),
        (_tiny, "error", "broken"),
    ],
    ids=["grey", "cmyk", "16-bit", "exif", "huge", "animated", "1x1"],
)
def test_unusual_pictures(tmp_path: Path, write: Callable[[Path], None], severity: str, code: str) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX]}, "val": {"b.jpg": []}})
    write(root / "images" / "train" / "a.jpg")
    finding = only(root)
    assert (finding.severity, finding.code, finding.file) == (severity, code, "images/train/a.jpg")
    assert finding.mend


def test_the_same_file_twice(tmp_path: Path) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX], "b.jpg": []}, "val": {"c.jpg": []}})
    shutil.copy(root / "images/train/a.jpg", root / "images/train/b.jpg")
    assert found(root) == [("warning", "duplicate", "images/train/a.jpg")]
    shutil.copy(root / "images/train/a.jpg", root / "images/val/c.jpg")
    leaks = [f for f in check(open_dataset(root)) if f.severity == "error"]
    assert [f.code for f in leaks] == ["duplicate_leak", "duplicate_leak"]
    assert "one is in train and one in val" in leaks[0].what


def test_one_picture_in_two_lists_is_a_leak(tmp_path: Path) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX], "b.jpg": []}})
    (root / "data.yaml").write_text("train: images/train\nval: val.txt\nnames: [stall, shop_goods, pile]\n")
    (root / "val.txt").write_text("images/train/b.jpg\n")
    finding = only(root)
    assert (finding.severity, finding.code, finding.file) == ("error", "duplicate_leak", "images/train/b.jpg")
    assert finding.what == "is in train and in val"


def test_a_smaller_brighter_copy_on_the_other_side_is_a_leak(tmp_path: Path) -> None:
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX]}, "val": {"c.jpg": []}})
    with Pillow.open(root / "images/train/a.jpg") as picture:
        changed = picture.resize((60, 40)).point(lambda v: min(255, v * 1.1 + 8))
    changed.save(root / "images/val/c.jpg", quality=40)
    finding = only(root)
    assert (finding.severity, finding.code) == ("error", "near_duplicate_leak")


def test_one_group_on_two_sides_is_a_leak(tmp_path: Path) -> None:
    groups = {"a.jpg": "site:1", "b.jpg": "site:2", "c.jpg": "site:1"}
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX], "b.jpg": []}, "val": {"c.jpg": []}}, groups)
    finding = only(root)
    assert (finding.severity, finding.code, finding.file) == ("error", "group_leak", "sources.csv")
    assert finding.what == "group 'site:1' is on two sides: train (a.jpg), val (c.jpg)"


def test_sources_that_do_not_fit(tmp_path: Path) -> None:
    groups = {"a.jpg": "site:1"}
    root = a_dataset(tmp_path, {"train": {"a.jpg": [BOX]}, "val": {"c.jpg": []}}, groups)
    with (root / "sources.csv").open("a") as rows:
        rows.write("gone.jpg,train,site:9,phone,day\n")
    assert found(root) == [
        ("warning", "no_picture_of_row", "sources.csv"),
        ("notice", "no_source", "images/val/c.jpg"),
    ]


def test_splits_and_data_yaml_that_are_not_there(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    (root / "sources.csv").unlink()
    shutil.rmtree(root / "images" / "val")
    assert found(root) == [("error", "no_split", "data.yaml")]
    (root / "data.yaml").unlink()
    finding = only(root)
    assert (finding.severity, finding.code) == ("warning", "no_data_yaml")
    assert "0 stall, 1 shop_goods, 2 pile" in finding.what


def test_distances_of_hashes(tmp_path: Path) -> None:
    """0b1111 and 0b0001 differ in three bits."""
    a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    pairs = list(
        look_alikes({a: ("train", "x", 0b1111), b: ("val", "y", 0b0001), c: ("val", "x", 0xFFFF0000)}, near=3)
    )
    assert [(p.files, p.splits, p.distance, p.exact) for p in pairs] == [((a, b), ("train", "val"), 3, False)]
    hashes = [likeness(a_street(seed)) for seed in range(20)]
    assert min((p ^ q).bit_count() for i, p in enumerate(hashes) for q in hashes[:i]) > 8


def test_a_split_without_pictures_or_without_labels(tmp_path: Path) -> None:
    root = a_good_one(tmp_path)
    (root / "sources.csv").unlink()
    shutil.rmtree(root / "labels" / "val")
    assert found(root) == [("error", "unusable_split", "val")]
    (root / "images" / "val" / "c.jpg").unlink()
    finding = only(root)
    assert finding.what.endswith("split 'val' has no pictures")
    assert finding.mend == "put some there, or take it out of data.yaml"
    shutil.rmtree(root / "labels")
    with pytest.raises(DataSetError, match="no label file for any of 2 pictures"):
        check(open_dataset(root))
