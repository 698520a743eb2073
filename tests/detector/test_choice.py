"""The self-test of the back ends, and what is remembered of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.backends import choice, open_model, table
from detector.backends.choice import choose, differs, remembered
from detector.backends.network import NetworkDetector
from detector.weights import Model, find_model

from .builders import a_constant_model, a_manifest, a_small_network, an_entry


@pytest.fixture
def model(tmp_path: Path) -> Model:
    file = a_small_network(tmp_path / "tiny.onnx")
    return find_model(a_manifest(tmp_path, an_entry(file, output="raw")))


def test_it_takes_one_that_was_timed_and_was_quickest(model: Model) -> None:
    made = choose(model, 1)
    timed = {t.backend: t.ms for t in made.tried if t.ms is not None}
    assert {"onnxruntime", "openvino"} <= set(timed)
    assert timed[made.chosen] == min(timed.values())
    assert all(t.why for t in made.tried if t.ms is None)
    assert {t.backend for t in made.tried} == {n for n, b in table.BACKENDS.items() if b.measured}


def test_one_that_sees_something_else_is_never_chosen(model: Model, tmp_path: Path) -> None:
    """The int8 file of this model is another network: its boxes are elsewhere."""
    (tmp_path / "other").mkdir()
    answer = np.full((1, 6, 4), 0.9, np.float32)
    other = a_constant_model(tmp_path / "other" / "tiny.onnx", answer)
    wrong = replace(model, int8=replace(model, path=other))
    tried = {t.backend: t for t in choose(wrong, 1).tried}
    for name in ("onnxruntime-int8", "openvino-int8"):
        if table.obstacle(name, wrong) is None:
            assert tried[name].ms is None
            assert "differ" in tried[name].why


def test_outputs_compared_by_hand() -> None:
    expected = np.zeros((1, 6, 60), np.float32)
    expected[0, 4] = np.linspace(0.9, 0.1, 60)
    expected[0, :4] = 50
    assert differs(expected, expected, "fp32") is None
    wider = expected.copy()
    wider[0, 2, 3] += 1.9  # half of it at each edge
    assert differs(expected, wider, "fp32") is None
    wider[0, 2, 3] += 0.4
    assert "1.1" in str(differs(expected, wider, "fp32")) or "1.2" in str(differs(expected, wider, "fp32"))
    surer = expected.copy()
    surer[0, 4, 0] += 0.03
    assert "0.03 confidence" in str(differs(expected, surer, "fp32"))
    assert differs(expected, surer, "bf16") is None
    moved = expected + np.array([9, 0, 0, 0, 0, 0], np.float32)[None, :, None]
    assert "9.0 px" in str(differs(expected, moved, "bf16"))
    assert "NaN" in str(differs(expected, expected * np.nan, "bf16"))
    assert "shape" in str(differs(expected, expected[:, :5], "fp32"))


def test_what_was_found_is_kept_for_this_model_and_machine(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "backends.json"
    first = remembered(model, 1, memory)
    (entry,) = json.loads(memory.read_text("utf-8"))
    assert entry["chosen"] == first
    assert entry["for"]["model"] == model.sha256
    assert entry["for"]["threads"] == 1

    def never(model: Model, threads: int) -> choice.Choice:
        raise AssertionError("tested again")

    monkeypatch.setattr(choice, "choose", never)
    assert remembered(model, 1, memory) == first
    for other, threads in ((model, 2), (replace(model, sha256="0" * 64), 1), (replace(model, size=96), 1)):
        with pytest.raises(AssertionError, match="tested again"):
            remembered(other, threads, memory)
    monkeypatch.setattr(choice, "processor", lambda: table.Processor("another", frozenset()))
    with pytest.raises(AssertionError, match="tested again"):
        remembered(model, 1, memory)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"chosen": "abacus"}', "null"])
def test_a_broken_memory_costs_a_test_and_is_mended(
    model: Model, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "choose", lambda model, threads: choice.Choice("openvino", ()))
    memory = tmp_path / "backends.json"
    memory.write_text(text, "utf-8")
    assert remembered(model, 1, memory) == "openvino"
    assert json.loads(memory.read_text("utf-8"))[0]["chosen"] == "openvino"


def test_without_a_folder_nothing_is_written(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "choose", lambda model, threads: choice.Choice("openvino", ()))
    assert remembered(model, 1, tmp_path / "home" / "backends.json") == "openvino"
    assert remembered(model, 1, None) == "openvino"
    assert not (tmp_path / "home").exists()


def test_auto_opens_what_was_chosen(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "choose", lambda model, threads: choice.Choice("openvino", ()))
    detector = open_model(model, "auto", 2, memory=tmp_path / "backends.json")
    assert isinstance(detector, NetworkDetector)
    assert (detector.runtime.backend, detector.runtime.threads) == ("openvino", 2)
