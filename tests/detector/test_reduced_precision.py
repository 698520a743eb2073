"""What bf16 and int8 cost on the labelled photographs: at most half a point of AP50 of onnxruntime's float32.
A gain is chance, with so few boxes, and no fault; it is printed.

All 121 pictures for every back end: minutes, so it runs in ``make stress``. Its short form in ``make test`` is
``test_every_back_end_sees_the_painted_street_alike``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from detector.backends import open_model, table
from detector.evaluation.looks import look
from detector.evaluation.report import measure
from detector.weights import Model, read_manifest

FLOOR = 0.005
MOST_LOST = 0.005
pytestmark = [
    pytest.mark.skipif("JIEXUN_STRESS_KILLS" not in os.environ, reason="minutes: runs in make stress"),
    pytest.mark.timeout(1800),
]


def ap50(model: Model, backend: str, street: Path) -> float:
    report = measure(look(open_model(model, backend, 2, FLOOR), street, "val"), model.thresholds, resampled=0)
    return float(report.as_dict()["ap50"]["mean"])


@pytest.mark.parametrize("model", read_manifest(), ids=lambda m: m.name)
def test_ap50_loses_at_most_half_a_point(street: Path, model: Model) -> None:
    names = [
        n for n, b in table.BACKENDS.items() if b.device == "cpu" and n not in ("onnxruntime", "ultralytics")
    ]
    names = [n for n in names if table.obstacle(n, model) is None]
    expected = ap50(model, "onnxruntime", street)
    found = {name: ap50(model, name, street) for name in names}
    print(f"{model.model_id}: onnxruntime {expected:.4f}, {found}")
    assert {n: v for n, v in found.items() if expected - v > MOST_LOST} == {}
