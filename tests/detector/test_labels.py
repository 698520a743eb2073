"""Labels, context labels by a teacher, and the lists that a training is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.backends.scripted import ScriptedDetector, Seen
from detector.training.context import CLASSES, add_context
from detector.training.dataset import Part, build
from detector.training.labels import Labels, read_labels, write_labels
from ingest.frame import Image

from .builders import boxes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a: a stall at 0..40; b: a pile at 50..100; c: nothing. 100 x 100 pixels each, split val."""
    for part in ("images", "labels"):
        (tmp_path / part / "val").mkdir(parents=True)
    for stem, text in (("a", "0 0.2 0.2 0.4 0.4\n"), ("b", "1 0.75 0.75 0.5 0.5\n"), ("c", "")):
        Pillow.new("RGB", (100, 100)).save(tmp_path / "images" / "val" / f"{stem}.png")
        (tmp_path / "labels" / "val" / f"{stem}.txt").write_text(text, "utf-8")
    return tmp_path


def test_labels_there_and_back(tmp_path: Path) -> None:
    made = Labels.from_pixels(np.array([2, 0]), boxes((10, 20, 30, 60), (-5, 0, 200, 100)), 100, 100)
    np.testing.assert_allclose(made.centre, [[0.2, 0.4, 0.2, 0.4], [0.5, 0.5, 1, 1]])
    write_labels(tmp_path / "a.txt", made)
    again = read_labels(tmp_path / "a.txt")
    np.testing.assert_allclose(again.xyxy(100, 100), [[10, 20, 30, 60], [0, 0, 100, 100]], atol=1e-3)
    assert again.class_id.tolist() == [2, 0]
    assert len(read_labels(tmp_path / "absent.txt")) == 0


@pytest.mark.parametrize(
    "line", ["stall 0.1 0.1 0.1 0.1", "0 0.1 0.1 0.1", "0 0.1 0.1 0.1 1.5", "-1 0.1 0.1 0.1 0.1"]
)
def test_broken_labels_name_their_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.txt").write_text(f"0 0.5 0.5 0.5 0.5\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=r"a\.txt line 2"):
        read_labels(tmp_path / "a.txt")


def test_context_is_added_where_it_contradicts_no_hand_label(folder: Path) -> None:
    coco = ("person", "truck", "dining table", "dog")

    def teacher(image: Image) -> list[Seen]:
        return [
            ("truck", (0, 0, 40, 38), 0.9),  # the stall itself, seen as a food truck
            ("person", (10, 10, 20, 40), 0.8),  # before the stall
            ("dining table", (60, 60, 80, 80), 0.7),
            ("dog", (60, 60, 80, 80), 0.9),  # not a class of ours
            ("person", (80, 0, 90, 30), 0.3),  # too weak
        ]

    out = folder / "context"
    report = add_context(
        folder / "images" / "val", folder / "labels" / "val", out, ScriptedDetector(teacher, coco)
    )
    assert [CLASSES[i] for i in read_labels(out / "a.txt").class_id] == ["stall", "person", "table"]
    assert [CLASSES[i] for i in read_labels(out / "c.txt").class_id] == ["truck", "person", "table"]
    assert report.pictures == 3
    assert report.dropped == {"truck": 1}
    assert report.kept["person"] == 3


def test_a_data_set_shows_rare_classes_more_often(folder: Path, tmp_path: Path) -> None:
    images, labels = folder / "images" / "val", folder / "labels" / "val"
    part = Part(images, labels, {"stall": 3})
    shown = build(tmp_path / "set", [part], Part(images, labels))
    lines = (tmp_path / "set" / "train.txt").read_text("utf-8").split()
    assert [Path(line).stem for line in lines] == ["a", "a", "a", "b", "c"]
    assert all(Path(line).exists() for line in lines)
    assert shown == {"pictures": 5, "stall": 3, CLASSES[1]: 1}
    few = build(tmp_path / "few", [Part(images, labels, most=2)], Part(images, labels), seed=1)
    assert few["pictures"] == 2
    assert "11: dining table" in (tmp_path / "set" / "data.yaml").read_text("utf-8")
