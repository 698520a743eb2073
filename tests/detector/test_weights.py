"""The manifest: what it lists, and everything in it that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector import weights
from detector.errors import BadWeights
from detector.weights import find_model, read_manifest, weights_folder

from .builders import a_constant_model, a_manifest, an_entry

NOTHING = np.zeros((1, 300, 6), np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return a_constant_model(tmp_path / "tiny.onnx", NOTHING)


def test_the_default_comes_first_and_others_by_name(tmp_path: Path, file: Path) -> None:
    a_manifest(tmp_path, an_entry(file, name="old"), an_entry(file))
    assert [m.name for m in read_manifest(tmp_path)] == ["tiny", "old"]
    assert find_model(tmp_path).name == "tiny"
    assert find_model(tmp_path, "old").name == "old"


def test_the_model_id_names_version_and_hash(tmp_path: Path, file: Path) -> None:
    model = find_model(a_manifest(tmp_path, an_entry(file)))
    assert model.model_id == f"tiny-1-{weights.sha256_of(file)[:8]}"


def test_a_changed_file_is_refused(tmp_path: Path, file: Path) -> None:
    a_manifest(tmp_path, an_entry(file))
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(BadWeights, match="sha256"):
        find_model(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path, file: Path) -> None:
    a_manifest(tmp_path, an_entry(file))
    file.unlink()
    with pytest.raises(BadWeights, match="missing"):
        find_model(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"classes": []}, "classes"),
        ({"classes": ["stall", "stall"]}, "classes"),
        ({"classes": ["stall", "pile", "car"]}, "thresholds"),
        ({"size": 100}, "multiple of 32"),
        ({"output": "boxes"}, "output"),
        ({"overlap": 0}, "overlap"),
        ({"thresholds": {"stall": 0.4, "pile": 40}}, "thresholds"),
        ({"file": "../tiny.onnx"}, "beside"),
        ({"size": "large"}, "size|large"),
        ({"int8": {"file": "../tiny-int8.onnx", "sha256": "0"}}, "beside"),
        ({"int8": {"file": "tiny-int8.onnx"}}, "sha256"),
        ({"int8": "yes"}, "TypeError"),
    ],
)
def test_entries_that_cannot_be_are_refused_in_one_line(
    tmp_path: Path, file: Path, change: dict[str, object], complaint: str
) -> None:
    a_manifest(tmp_path, an_entry(file) | change)
    with pytest.raises(BadWeights, match=complaint) as refused:
        read_manifest(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"default": "x"}', '{"default": "x", "models": [{}]}'])
def test_broken_manifests_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(BadWeights, match="not a manifest"):
        read_manifest(tmp_path)


def test_no_manifest_and_no_such_model(tmp_path: Path, file: Path) -> None:
    with pytest.raises(BadWeights, match="no manifest"):
        read_manifest(tmp_path / "nowhere")
    a_manifest(tmp_path, an_entry(file))
    with pytest.raises(BadWeights, match="there are: tiny"):
        find_model(tmp_path, "large")


def test_a_default_that_is_not_listed(tmp_path: Path, file: Path) -> None:
    with pytest.raises(BadWeights, match="default"):
        read_manifest(a_manifest(tmp_path, an_entry(file), default="other"))


def test_the_shipped_manifest_holds_and_names_no_machine() -> None:
    checkout = f"{Path(__file__).resolve().parents[2]}/".encode()
    models = read_manifest()
    assert sum(model.path.stat().st_size for model in models) < 25_000_000
    for model in models:
        weights.verify(model)
        for text in (json.dumps(model.record).encode(), model.path.read_bytes()):
            assert not any(place in text for place in (checkout, b"/tmp/", b"/home/", b"/root/"))
    assert weights_folder().name == "weights"
