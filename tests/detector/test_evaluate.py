"""Measuring a folder: a street of three pictures worked out by hand, labels, context labels, data sets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.backends.scripted import ScriptedDetector, Seen
from detector.training.context import CLASSES, add_context
from detector.training.dataset import Part, build
from detector.training.evaluate import evaluate
from detector.training.labels import Labels, read_labels, write_labels
from detector.training.release import best_threshold
from detector.training.scenes import look
from ingest.frame import Image

from .builders import boxes

NAMES = ("stall", "pile", "person")


def a_folder(root: Path, **labels: str) -> Path:
    """Pictures of 100 x 100 pixels in split val; their grey is their number, so that a script can tell them
    apart.
    """
    for part in ("images", "labels"):
        (root / part / "val").mkdir(parents=True)
    for number, (stem, text) in enumerate(labels.items(), 1):
        grey = (number * 10,) * 3
        Pillow.new("RGB", (100, 100), grey).save(root / "images" / "val" / f"{stem}.png")
        (root / "labels" / "val" / f"{stem}.txt").write_text(text, "utf-8")
    (root / "data.yaml").write_text("path: .\nval: images/val\nnames: {0: stall, 1: pile}\n", "utf-8")
    return root


def seeing(*pictures: list[Seen]) -> ScriptedDetector:
    """Sees the n-th list in the picture of number n."""
    return ScriptedDetector(lambda image: pictures[int(image[0, 0, 0]) // 10 - 1], NAMES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a: a stall at 0..40; b: a pile at 50..100; c: nothing."""
    return a_folder(tmp_path, a="0 0.2 0.2 0.4 0.4\n", b="1 0.75 0.75 0.5 0.5\n", c="")


STALL: Seen = ("stall", (0, 0, 40, 40), 0.9)
DETECTOR = seeing(
    [STALL, ("person", (0, 0, 40, 40), 0.9)],
    [("pile", (50, 50, 100, 80), 0.8)],  # 0.6 of the label
    [("pile", (0, 0, 20, 20), 0.85), ("stall", (0, 0, 20, 20), 0.3)],
)


def test_figures_by_hand(folder: Path) -> None:
    figures = evaluate(DETECTOR, folder, thresholds={"stall": 0.5, "pile": 0.5}, resampled=50).overall
    stall, pile = figures.classes
    assert (figures.pictures, figures.groups, figures.negatives) == (3, 3, 1)
    assert (stall.ap50.value, stall.ap, stall.precision.value, stall.recall.value) == pytest.approx(
        (1, 1, 1, 1)
    )
    # the pile is found second, after a false one: precision 1/2; right at 0.50, 0.55 and 0.60
    assert pile.ap50.value == pytest.approx(0.5)
    assert pile.ap == pytest.approx(0.5 * 3 / 10)
    assert (pile.precision.value, pile.recall.value) == (0.5, 1)
    assert figures.mean_ap50.value == pytest.approx(0.75)
    assert (
        figures.false_per_100.value == 100
    )  # one false pile on the one negative; the weak stall is under 0.5
    assert stall.ap50.low <= stall.ap50.value <= stall.ap50.high


def test_figures_by_view_and_groups_from_sources(folder: Path) -> None:
    rows = [
        "file,split,group,view,light",
        "a.png,val,g1,phone,day",
        "b.png,val,g1,phone,night",
        "c.png,val,g2,web,day",
    ]
    (folder / "sources.csv").write_text("\n".join(rows) + "\n", "utf-8")
    made = evaluate(DETECTOR, folder, thresholds={}, resampled=20)
    assert made.overall.groups == 2
    assert {view: f.pictures for view, f in made.by_view.items()} == {"phone": 2, "web": 1}
    assert made.by_light["night"].classes[0].boxes == 0
    told = made.as_dict()["by_light"]["night"]["classes"][0]["ap50"]
    assert told == {"value": None, "low": None, "high": None}  # JSON knows no NaN


def test_the_threshold_with_the_best_f1(tmp_path: Path) -> None:
    # twenty stalls, each seen rightly at 0.42 and wrongly at 0.33: 0.40 keeps all right ones and no wrong one
    streets = {f"s{number:02}": "0 0.2 0.2 0.4 0.4\n" for number in range(20)}
    false: Seen = ("stall", (60, 60, 90, 90), 0.33)
    detector = ScriptedDetector(lambda image: [("stall", (0, 0, 40, 40), 0.42), false], NAMES)
    scenes = look(detector, a_folder(tmp_path, **streets))
    assert best_threshold(scenes, "stall") == 0.4
    assert best_threshold(scenes[:19], "stall", least=0.2, most=0.3) == 0.25  # too few to fit


def test_what_cannot_be_measured_is_named(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="'test'"):
        evaluate(DETECTOR, folder, "test", thresholds={})
    (folder / "data.yaml").write_text("val: images/val\n", "utf-8")
    with pytest.raises(ValueError, match="names"):
        evaluate(DETECTOR, folder, thresholds={})


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


def test_measuring_needs_no_torch() -> None:
    code = (
        "import sys, detector.backends.onnxruntime, detector.training.evaluate, detector.training.release;"
        "assert not {'torch', 'ultralytics'} & set(sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)
