"""The shipped model does what its manifest says, on the real check pictures where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.backends import open_detector
from detector.backends.onnxruntime import OnnxDetector
from detector.training.context import CLASSES, DOMAIN
from detector.training.evaluate import evaluate
from detector.training.release import MEASURING_FLOOR
from detector.weights import find_model


def test_it_knows_our_classes_in_our_order() -> None:
    assert open_detector().names == CLASSES


def test_its_manifest_tells_data_figures_and_limits() -> None:
    record = find_model().record
    assert {"training", "base", "figures", "licence", "notes"} <= set(record)
    measured = record["figures"]["val"]["overall"]
    assert [c["name"] for c in measured["classes"]] == list(CLASSES[:DOMAIN])
    for figure in (
        measured["mean_ap50"],
        measured["false_per_100"],
        *(c["ap50"] for c in measured["classes"]),
    ):
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_it_reaches_its_figures_on_val(street: Path) -> None:
    """All 121 pictures: a part of them would have figures of its own; the same file measures the same."""
    model = find_model()
    made = evaluate(OnnxDetector(model, threads=2, floor=MEASURING_FLOOR), street,
                    thresholds=model.thresholds, resampled=5)  # fmt: skip
    told = model.record["figures"]["val"]["overall"]
    assert made.overall.pictures == told["pictures"]
    assert told["mean_ap50"]["low"] <= made.overall.mean_ap50.value <= told["mean_ap50"]["high"]
    assert made.overall.mean_ap50.value == pytest.approx(told["mean_ap50"]["value"], abs=0.01)
    assert made.overall.false_per_100.value == pytest.approx(told["false_per_100"]["value"], abs=4)
