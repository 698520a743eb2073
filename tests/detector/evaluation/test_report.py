"""The whole report on three pictures worked out by hand; what cannot be measured says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.backends.onnxruntime import OnnxDetector
from detector.detections import Detections
from detector.errors import BadOutput, BadPicture, BadWeights, DataSetError
from detector.evaluation.looks import MEASURING_FLOOR, look
from detector.evaluation.report import measure
from detector.weights import find_model
from ingest.frame import Image

from .streets import HALF, OF_THREE, a_folder, seeing, three_pictures

ROOT = Path(__file__).resolve().parents[3]


def told(folder: Path, detector: Any = OF_THREE, **options: Any) -> dict[str, Any]:
    """The report as JSON, read back."""
    made = measure(look(detector, folder), HALF, **{"resampled": 100} | options).as_dict()
    again: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return again


def test_figures_by_hand(tmp_path: Path) -> None:
    d = told(three_pictures(tmp_path))
    assert (d["pictures"], d["negatives"], d["groups"]) == (3, 1, 3)
    assert d["boxes"] == {"all": 2, "stall": 1, "pile": 1}
    assert d["classes_measured"] == ["stall", "pile"]
    assert d["classes_not_measured"] == {"shop_goods": "not among the set's classes"}
    # the pile is found second, after a false one: precision 1/2; right at overlaps 0.50, 0.55 and 0.60
    assert (d["ap50"]["stall"], d["ap50"]["pile"], d["ap50"]["mean"]) == (1, 0.5, 0.75)
    assert (d["ap50_95"]["stall"], d["ap50_95"]["pile"], d["ap50_95"]["mean"]) == (1, 0.15, 0.575)
    assert (d["precision"]["stall"], d["precision"]["pile"], d["precision"]["mean"]) == (1, 0.5, 0.75)
    assert (d["recall"]["stall"], d["recall"]["pile"], d["recall"]["mean"]) == (1, 1, 1)
    assert (d["precision_at_recall"]["pile"], d["precision_at_recall"]["mean"]) == (0.5, 0.75)
    # one false pile is shown on the one negative; the weak stall there is under its threshold
    assert d["false_per_100_negatives"] == 100
    assert d["thresholds"] == {"stall": 0.5, "pile": 0.5}


def test_every_figure_has_its_interval(tmp_path: Path) -> None:
    streets = {f"{k}{i}": text for i in range(4) for k, text in (("s", "0 0.2 0.2 0.4 0.4\n"), ("n", ""))}
    right, false = ("stall", (0, 0, 40, 40), 0.9), ("stall", (50, 50, 90, 90), 0.8)
    d = told(a_folder(tmp_path, **streets), seeing([right], [], [right], [false], [right], [], [], []))
    for figure in (d["ap50"], d["ap50_95"], d["precision"], d["recall"]):
        for name in ("mean", "stall"):
            low, high = figure[f"{name}_ci"]
            assert low < figure[name] < high
    assert (d["precision"]["stall"], d["recall"]["stall"], d["false_per_100_negatives"]) == (0.75, 0.75, 25)
    low, high = d["false_per_100_negatives_ci"]
    assert low == 0
    assert high > 25


def test_parts_by_source_group_view_light_and_size(tmp_path: Path) -> None:
    folder = three_pictures(tmp_path)
    rows = ["file,split,repository,group,view,light", "a.png,val,r1,g1,phone,day", "b.png,val,r1,g1,phone,night",
            "c.png,val,r2,g2,web,day"]  # fmt: skip
    (folder / "sources.csv").write_text("\n".join(rows) + "\n", "utf-8")
    d = told(folder)
    assert d["groups"] == 2
    assert d["groups_with_boxes"] == {"stall": 1, "pile": 1}
    assert d["ap50"]["stall_ci"] == [None, None]  # one place alone: nothing that resampling could vary
    assert {view: part["pictures"] for view, part in d["by_view"].items()} == {"phone": 2, "web": 1}
    assert {name: part["pictures"] for name, part in d["by_source"].items()} == {"r1": 2, "r2": 1}
    assert d["by_group"]["g1"]["negatives"] == 0
    assert d["by_light"]["night"]["ap50"]["stall"] is None  # none labelled there
    assert d["by_light"]["night"]["ap50"]["mean"] == d["by_light"]["night"]["ap50"]["pile"] == 1
    sizes = {size: part["boxes"]["all"] for size, part in d["by_size"].items()}
    assert sizes == {"small": 0, "medium": 0, "large": 2}  # 0.16 and 0.25 of the picture
    assert d["by_size"]["large"]["ap50"]["pile"] == 1  # the false pile takes 0.04 of it: medium
    assert d["by_size"]["large"]["recall"]["mean"] == 1


def test_confusion_and_calibration(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, a="0 0.2 0.2 0.4 0.4\n1 0.8 0.8 0.4 0.4\n", b="")
    detector = seeing(
        [("pile", (0, 0, 40, 40), 0.82), ("pile", (60, 60, 100, 100), 0.88)], [("stall", (0, 0, 9, 9), 0.7)]
    )
    d = told(folder, detector)
    assert d["confusion"]["classes"] == ["stall", "pile", "background"]
    assert d["confusion"]["counts"] == [[0, 1, 0], [0, 1, 0], [1, 0, 0]]
    # piles: two boxes of 0.82 and 0.88 in one bin, one right: |0.85 - 0.5|
    assert d["calibration"]["pile"]["error"] == 0.35
    assert d["calibration"]["pile"]["bins"] == [
        {"low": 0.8, "high": 0.9, "boxes": 2, "confidence": 0.85, "right": 0.5}
    ]


def test_the_same_seed_says_the_same_and_one_look_is_enough(tmp_path: Path) -> None:
    looks = look(OF_THREE, three_pictures(tmp_path))
    assert measure(looks, HALF).as_dict() == measure(looks, HALF).as_dict()
    assert len(looks.sha256) == 64
    (tmp_path / "labels" / "val" / "c.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    assert look(OF_THREE, tmp_path).sha256 != looks.sha256


def test_a_bare_folder_of_pictures_with_labels_beside_them(tmp_path: Path) -> None:
    Pillow.new("RGB", (100, 100), (10,) * 3).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("0 0.2 0.2 0.4 0.4\n")
    looks = look(OF_THREE, tmp_path, "val")
    assert looks.split == "all"
    assert measure(looks, HALF).as_dict()["ap50"]["stall"] == 1


def test_negatives_alone_have_false_boxes_only(tmp_path: Path) -> None:
    d = told(a_folder(tmp_path, a="", b="", c=""))
    assert d["false_per_100_negatives"] == 100  # a stall, a pile and another pile are shown on three
    assert d["ap50"] == {"mean": None, "mean_ci": [None, None]}
    assert d["classes_not_measured"]["stall"] == "not labelled in this split"


def test_a_class_that_the_model_does_not_know_is_named(tmp_path: Path) -> None:
    detector = seeing([("stall", (0, 0, 40, 40), 0.9)], [], [], names=("stall", "person"))
    made = measure(look(detector, three_pictures(tmp_path)), {"stall": 0.5}).as_dict()
    assert made["classes_measured"] == ["stall"]
    assert made["classes_not_measured"]["pile"] == "the model does not know this class"
    with pytest.raises(DataSetError, match=r"knows none of its classes.*data\.yaml"):
        look(seeing([], names=("cat",)), tmp_path)


@pytest.mark.parametrize(
    ("thresholds", "says"),
    [
        (HALF | {"cart": 0.5}, "cart"),
        ({"stall": 0.5}, "no threshold for pile"),
        (HALF | {"pile": float("nan")}, "pile is nan"),
        (HALF | {"pile": 40}, "pile is 40"),
    ],
)
def test_thresholds_that_do_not_fit(tmp_path: Path, thresholds: dict[str, float], says: str) -> None:
    with pytest.raises(BadWeights, match=says):
        measure(look(OF_THREE, three_pictures(tmp_path)), thresholds)


def test_bad_data_names_the_file(tmp_path: Path) -> None:
    folder = three_pictures(tmp_path / "set")
    with pytest.raises(DataSetError, match=r"'test'.*val"):
        look(OF_THREE, folder, "test")
    label = folder / "labels" / "val" / "b.txt"
    label.write_text("7 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DataSetError, match=r"b\.txt: class 7"):
        look(OF_THREE, folder)
    label.write_text("1 0.5 0.5\n")
    with pytest.raises(DataSetError, match=r"b\.txt line 1"):
        look(OF_THREE, folder)
    label.write_text("")
    (folder / "images" / "val" / "c.png").write_bytes(b"no picture")
    with pytest.raises(BadPicture, match=r"c\.png"):
        look(OF_THREE, folder)
    with pytest.raises(DataSetError, match="no label file"):
        look(OF_THREE, a_folder(tmp_path / "bare", a=None, b=None))


class Broken:
    """A model that gives NaN."""

    names = ("stall", "pile")
    model_id = "broken"
    model_sha256 = ""

    def detect(self, images: list[Image]) -> list[Detections]:
        return [
            Detections(
                np.full((1, 4), np.nan, np.float32), np.zeros(1, np.int64), np.ones(1, np.float32), self.names, "broken"
            )
            for _ in images
        ]  # fmt: skip


def test_nan_from_a_model_names_the_picture(tmp_path: Path) -> None:
    with pytest.raises(BadOutput, match=r"a\.png: broken: NaN"):
        look(Broken(), three_pictures(tmp_path))


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    look(OF_THREE, three_pictures(tmp_path), step=lambda done, all_: steps.append((done, all_)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_the_shipped_model_on_real_pictures(street: Path) -> None:
    model = find_model()
    looks = look(OnnxDetector(model, threads=2, floor=MEASURING_FLOOR), street, most=12)
    d = measure(looks, model.thresholds, resampled=50).as_dict()
    assert (d["pictures"], d["data"]["split"]) == (12, "val")
    for figure in ("ap50", "ap50_95", "precision", "recall"):
        assert all(v is None or 0 <= v <= 1 for k, v in d[figure].items() if not k.endswith("_ci"))
    assert sum(map(sum, d["confusion"]["counts"])) >= d["boxes"]["all"]


def test_measuring_needs_no_torch() -> None:
    code = (
        "import sys, detector.backends.onnxruntime, detector.evaluation.page, detector.training.release;"
        "assert not {'torch', 'ultralytics'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
