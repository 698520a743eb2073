"""The shipped model does what its manifest says, on the real check pictures where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.backends import open_detector
from detector.backends.onnxruntime import OnnxDetector
from detector.evaluation.looks import MEASURING_FLOOR, look
from detector.evaluation.report import measure
from detector.training.context import CLASSES, DOMAIN
from detector.weights import find_model


def test_it_knows_our_classes_in_our_order() -> None:
    assert open_detector().names == CLASSES


def test_its_manifest_tells_data_figures_and_limits() -> None:
    record = find_model().record
    assert {"training", "base", "figures", "licence", "notes"} <= set(record)
    told = record["figures"]["val"]
    assert told["classes_measured"] == list(CLASSES[:DOMAIN])
    for name in ("mean", *CLASSES[:DOMAIN]):
        low, high = told["ap50"][f"{name}_ci"]
        assert low <= told["ap50"][name] <= high
    low, high = told["false_per_100_negatives_ci"]
    assert low <= told["false_per_100_negatives"] <= high


def test_it_reaches_its_figures_on_val(street: Path) -> None:
    """All 121 pictures: a part of them would have figures of its own; the same file measures the same."""
    model = find_model()
    looks = look(OnnxDetector(model, threads=2, floor=MEASURING_FLOOR), street)
    made = measure(looks, model.thresholds, resampled=5).as_dict()
    told = model.record["figures"]["val"]
    assert made["data"] == told["data"]
    assert made["ap50"]["mean"] == pytest.approx(told["ap50"]["mean"], abs=0.01)
    assert made["false_per_100_negatives"] == pytest.approx(told["false_per_100_negatives"], abs=4)
