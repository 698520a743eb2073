"""The 8-bit form of a small network: made for real, run by both runtimes, kept only when it is as good."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from detector.backends import table
from detector.backends.onnxruntime import OnnxDetector
from detector.backends.openvino import OpenVinoDetector
from detector.detections import Detector
from detector.errors import BadPicture, BadWeights
from detector.quantize import Verdict, judge, keep, quantize
from detector.weights import Model, find_model, sha256_of

from .builders import a_manifest, a_picture, a_small_network, an_entry


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "calibration"
    folder.mkdir()
    for i in range(10):
        cv2.imwrite(str(folder / f"{i}.png"), a_picture(90, 70, seed=i))
    return sorted(folder.iterdir())


def a_model(folder: Path, half: bool = False) -> Model:
    file = a_small_network(folder / "tiny.onnx", half=half)
    return find_model(a_manifest(folder, an_entry(file, output="raw")))


def as_int8(model: Model, file: Path) -> Model:
    return replace(model, path=file, sha256=sha256_of(file))


@pytest.mark.parametrize("half", [False, True])
def test_both_runtimes_read_it_and_it_sees_nearly_the_same(
    tmp_path: Path, pictures: list[Path], half: bool
) -> None:
    model = a_model(tmp_path, half)
    small = as_int8(model, quantize(model, pictures, tmp_path / "tiny-int8.onnx"))
    whole = OnnxDetector(model)
    squares, _ = whole.prepare([a_picture(90, 70, seed=3)])
    expected = whole.network.run(squares)
    for detector in (OnnxDetector(small, precision="int8"), OpenVinoDetector(small, precision="int8")):
        gap = np.abs(detector.network.run(squares) - expected)
        assert gap.max() > 0  # it really is another arithmetic
        assert gap[:, 4:].max() < 0.05
        assert gap[:, :4].max() < 2
        assert detector.model_sha256 == small.sha256 != model.sha256


def test_the_decode_head_stays_in_float(tmp_path: Path, pictures: list[Path]) -> None:
    made = onnx.load(str(quantize(a_model(tmp_path), pictures, tmp_path / "tiny-int8.onnx"))).graph
    makers = {name: node for node in made.node for name in node.output}
    fed = {node.name: [makers[n].op_type for n in node.input if n in makers] for node in made.node}
    assert fed["conv1"] == ["DequantizeLinear", "DequantizeLinear"]
    assert "DequantizeLinear" not in fed["conv2"]
    assert {t.name: t.data_type for t in made.initializer}["second"] == onnx.TensorProto.FLOAT
    scales = next(t for t in made.initializer if t.name == "first_scale")
    assert list(scales.dims) == [32]  # one for each channel


def test_too_few_and_broken_pictures_are_refused(tmp_path: Path, pictures: list[Path]) -> None:
    model = a_model(tmp_path)
    with pytest.raises(BadWeights, match="3 calibration pictures; give at least 8"):
        quantize(model, pictures[:3], tmp_path / "out.onnx")
    pictures[4].write_bytes(b"broken")
    with pytest.raises(BadPicture, match=r"4\.png"):
        quantize(model, pictures, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_the_verdict_by_hand() -> None:
    assert Verdict(0.600, 0.596).kept
    assert Verdict(0.600, 0.650).kept
    assert not Verdict(0.600, 0.594).kept


def test_judged_with_the_figures_that_it_is_given(tmp_path: Path, pictures: list[Path]) -> None:
    model = a_model(tmp_path)
    small = as_int8(model, quantize(model, pictures, tmp_path / "tiny-int8.onnx"))
    figures = {model.sha256: 0.7, small.sha256: 0.69}

    def evaluate(detector: Detector) -> float:
        return figures[detector.model_sha256]

    assert judge(model, small, evaluate, backend="onnxruntime") == Verdict(0.7, 0.69)


def test_only_as_good_a_file_comes_into_the_manifest(tmp_path: Path, pictures: list[Path]) -> None:
    model = a_model(tmp_path)
    file = quantize(model, pictures, tmp_path / "tiny-int8.onnx")
    with pytest.raises(BadWeights, match=r"AP50 0\.400 instead of 0\.600"):
        keep(model, file, Verdict(0.6, 0.4))
    assert find_model(tmp_path).int8 is None
    keep(model, file, Verdict(0.6, 0.598))
    found = find_model(tmp_path)
    assert found.int8 is not None
    assert found.int8.path == file
    assert found.int8.sha256 == sha256_of(file)
    assert found.int8.int8 is None
    assert json.loads((tmp_path / "manifest.json").read_text())["models"][0]["int8"]["ap50"] == 0.598
    if table.obstacle("openvino-int8", found) is None:
        assert table.BACKENDS["openvino-int8"].open(found, 1, 0.1).model_sha256 == sha256_of(file)


def test_a_changed_int8_file_is_refused(tmp_path: Path, pictures: list[Path]) -> None:
    from detector.backends import open_model

    model = a_model(tmp_path)
    file = quantize(model, pictures, tmp_path / "tiny-int8.onnx")
    keep(model, file, Verdict(0.6, 0.6))
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(BadWeights, match=r"tiny-int8\.onnx: sha256"):
        open_model(find_model(tmp_path), "openvino-int8")
