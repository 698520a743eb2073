"""One contract over all back ends, and that they see the same."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from detector.backends import open_detector
from detector.backends.onnxruntime import OnnxDetector
from detector.backends.scripted import ScriptedDetector
from detector.detections import Detections, Detector
from detector.errors import BadOutput, BadPicture, BadWeights
from detector.nms import overlap
from detector.weights import find_model, read_manifest
from ingest.frame import Image

from .builders import a_constant_model, a_manifest, a_picture, an_entry

needs_train = [
    pytest.mark.train,
    pytest.mark.skipif(
        find_spec("torch") is None or find_spec("ultralytics") is None, reason="no [train] extra"
    ),
]
NAMES = ("stall", "pile")
ANSWER = np.zeros((1, 300, 6), np.float32)
ANSWER[0, 0] = (8, 16, 40, 48, 0.9, 1)
ANSWER[0, 1] = (0, 0, 64, 64, 0.05, 0)  # under the floor


def constant(folder: Path) -> Detector:
    file = a_constant_model(folder / "tiny.onnx", ANSWER)
    return OnnxDetector(find_model(a_manifest(folder, an_entry(file))), batch=2)


def scripted(folder: Path) -> Detector:
    return ScriptedDetector(lambda image: [("pile", (1, 2, 30, 40), 0.9)], NAMES)


def shipped(folder: Path) -> Detector:
    return open_detector("onnxruntime")


def shipped_by_ultralytics(folder: Path) -> Detector:
    return open_detector("ultralytics")


@pytest.fixture(
    scope="module",
    params=[constant, scripted, shipped, pytest.param(shipped_by_ultralytics, marks=needs_train)],
)
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Detector:
    opener: Callable[[Path], Detector] = request.param
    return opener(tmp_path_factory.mktemp("weights"))


def test_one_answer_for_each_picture_in_order(detector: Detector) -> None:
    images = [a_picture(64, 48), a_picture(200, 100), a_picture(33, 90)]
    together = detector.detect(images)
    assert len(together) == 3
    for image, seen in zip(images, together, strict=True):
        alone = detector.detect([image])[0]
        np.testing.assert_allclose(alone.xyxy, seen.xyxy, atol=0.05)
        assert seen.names == detector.names
        assert seen.model_id == detector.model_id != ""
        assert (seen.xyxy >= 0).all()
        assert (seen.xyxy <= [image.shape[1], image.shape[0]] * 2).all()
        assert (seen.confidence >= 0.1).all()
        assert (seen.confidence <= 1).all()


def test_no_pictures_no_answers(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_threads_may_share_it(detector: Detector) -> None:
    images = [a_picture(64 + 16 * i, 48, seed=i) for i in range(6)]
    expected = [detector.detect([image])[0] for image in images]
    with ThreadPoolExecutor(3) as pool:
        for seen, same in zip(pool.map(lambda i: detector.detect([i])[0], images), expected, strict=True):
            np.testing.assert_allclose(seen.xyxy, same.xyxy, atol=0.05)


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((32, 32, 3), np.float32)])
def test_what_is_no_picture_is_refused(detector: Detector, bad: Image) -> None:
    with pytest.raises(BadPicture):
        detector.detect([bad])


def test_boxes_come_back_to_the_picture(tmp_path: Path) -> None:
    # 128 x 64 in a square of 64: scale 1/2, 16 rows of grey above; (8, 16, 40, 48) -> (16, 0, 80, 64)
    seen = constant(tmp_path).detect([a_picture(128, 64)])[0]
    assert seen.xyxy.tolist() == [[16, 0, 80, 64]]
    assert seen.label(0) == "pile"
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"size": 96}, "96 pixels"), ({"output": "raw"}, "numbers per box")],
)
def test_a_file_that_does_not_fit_its_manifest(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    file = a_constant_model(tmp_path / "tiny.onnx", ANSWER)
    model = find_model(a_manifest(tmp_path, an_entry(file, **change)))
    with pytest.raises(BadWeights, match=complaint):
        OnnxDetector(model)


def test_a_wrong_number_of_classes(tmp_path: Path) -> None:
    file = a_constant_model(tmp_path / "tiny.onnx", np.zeros((1, 9, 84), np.float32))
    model = find_model(a_manifest(tmp_path, an_entry(file, output="raw")))  # 4 + 2 classes, not 9
    with pytest.raises(BadWeights, match="9 numbers per box, 6 are expected"):
        OnnxDetector(model)


def test_what_is_no_onnx_file(tmp_path: Path) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(b"not a model")
    with pytest.raises(BadWeights, match=r"tiny\.onnx"):
        OnnxDetector(find_model(a_manifest(tmp_path, an_entry(file))))


def test_nan_is_refused_with_the_model_named(tmp_path: Path) -> None:
    file = a_constant_model(tmp_path / "tiny.onnx", np.full((1, 300, 6), np.nan, np.float32))
    with pytest.raises(BadOutput, match=r"tiny-1-.*NaN"):
        OnnxDetector(find_model(a_manifest(tmp_path, an_entry(file)))).detect([a_picture()])


def test_a_script_in_order_then_at_its_end() -> None:
    script = [[("stall", (0, 0, 9, 9), 0.5)], []]
    detector = ScriptedDetector(script, NAMES)
    assert [len(s) for s in detector.detect([a_picture(), a_picture()])] == [1, 0]
    with pytest.raises(BadOutput, match="2 pictures"):
        detector.detect([a_picture()])
    again = ScriptedDetector(script, NAMES, repeat=True)
    assert [len(s) for s in again.detect([a_picture()] * 5)] == [1, 0, 1, 0, 1]


def test_a_script_with_an_unknown_class() -> None:
    with pytest.raises(BadOutput, match="spaceship"):
        ScriptedDetector([[("spaceship", (0, 0, 9, 9), 0.5)]], NAMES).detect([a_picture()])


def test_unknown_back_ends_and_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadWeights, match="there are: onnxruntime"):
        open_detector("abacus")
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name == "onnxruntime":
            raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    with pytest.raises(BadWeights, match=r"needs the package 'onnxruntime'.*pip install"):
        open_detector("onnxruntime")


def assert_same(
    a: Detections, b: Detections, least: float, pixels: float = 1.0, confidence: float = 0.02
) -> None:
    """Every box of one that is clearly above ``least`` has its like in the other."""
    for mine, other in ((a, b), (b, a)):
        for i in np.flatnonzero(mine.confidence >= least + confidence):
            same = np.flatnonzero(other.class_id == mine.class_id[i])
            assert len(same), f"{mine.label(i)} {mine.confidence[i]:.2f} is missing"
            j = same[overlap(mine.xyxy[i : i + 1], other.xyxy[same])[0].argmax()]
            np.testing.assert_allclose(mine.xyxy[i], other.xyxy[j], atol=pixels)
            assert abs(mine.confidence[i] - other.confidence[j]) <= confidence


@pytest.mark.train
@pytest.mark.skipif(find_spec("ultralytics") is None, reason="no [train] extra")
def test_shipped_model_sees_the_same_through_both_runtimes(street: Path) -> None:
    from detector.pictures import read_picture

    paths = sorted((street / "images" / "val").iterdir())[::20]
    images = [read_picture(path) for path in paths]
    ours, theirs = open_detector("onnxruntime", floor=0.2), open_detector("ultralytics", floor=0.2)
    seen = ours.detect(images)
    for a, b in zip(seen, theirs.detect(images), strict=True):
        assert_same(a, b, least=0.2)
    assert sum(len(s) for s in seen) >= 5


def test_every_shipped_model_opens_and_looks() -> None:
    for model in read_manifest():
        assert len(open_detector(model=model.name).detect([a_picture(320, 240)])) == 1
