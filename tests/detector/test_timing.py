"""Timing the back ends on a small network: every row there, ratios worked out from the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.backends.timing import time_backends
from detector.errors import BadWeights
from detector.weights import find_model

from .builders import a_manifest, a_picture, a_small_network, an_entry


def test_every_back_end_at_every_size_and_thread_count(tmp_path: Path) -> None:
    file = a_small_network(tmp_path / "tiny.onnx")
    model = find_model(a_manifest(tmp_path, an_entry(file, output="raw")))
    made = time_backends(model, [a_picture(100, 80)], sizes=(64, 96), threads=(1, 2), rounds=5)
    keys = {(r.backend, r.size, r.threads) for r in made.rows}
    assert {(b, s, t) for b in ("onnxruntime", "openvino") for s in (64, 96) for t in (1, 2)} <= keys
    assert len(keys) == len(made.rows)
    assert all(r.ms > 0 for r in made.rows)
    assert all(r.network_ms is None or 0 < r.network_ms <= r.ms for r in made.rows)
    assert {one.backend for one in made.left_out} >= {"onnxruntime-cuda", "openvino-int8"}
    assert all(one.why for one in made.left_out)
    assert [(r.size, r.threads) for r in made.ratios] == [(64, 1), (96, 1), (64, 2), (96, 2)]
    for ratio in made.ratios:
        ms = {r.backend: r for r in made.rows if (r.size, r.threads) == (ratio.size, ratio.threads)}
        assert ratio.to_onnxruntime == pytest.approx(
            ms[ratio.chosen].ms / ms["onnxruntime"].ms, rel=0.5, abs=0.02
        )
        assert ratio.letterbox_decode_share is not None
        assert ratio.letterbox_decode_share > 0


def test_a_closed_file_is_timed_at_its_own_size_and_the_other_is_told(tmp_path: Path) -> None:
    file = a_small_network(tmp_path / "tiny.onnx", open_sides=False)
    model = find_model(a_manifest(tmp_path, an_entry(file, output="raw")))
    made = time_backends(model, [a_picture()], sizes=(64, 96), threads=(1,), rounds=5)
    assert {r.size for r in made.rows} == {64}
    assert any(one.size == 96 and "96 pixels" in one.why for one in made.left_out)
    with pytest.raises(BadWeights, match="at none of these sizes"):
        time_backends(model, [a_picture()], sizes=(96,), threads=(1,), rounds=5)
