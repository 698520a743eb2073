"""One contract over all back ends, and that they see the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from detector.backends import BACKENDS, open_detector, open_model, table
from detector.backends.network import NetworkDetector
from detector.backends.onnxruntime import OnnxDetector
from detector.backends.openvino import OpenVinoDetector
from detector.backends.painted import painted_street
from detector.backends.scripted import ScriptedDetector
from detector.detections import Detections, Detector
from detector.errors import BadOutput, BadPicture, BadWeights
from detector.nms import overlap
from detector.tiles import TiledDetector
from detector.weights import Model, find_model, read_manifest
from ingest.frame import Image

from .builders import a_constant_model, a_manifest, a_picture, a_small_network, an_entry

needs_train = [
    pytest.mark.train,
    pytest.mark.skipif(
        find_spec("torch") is None or find_spec("ultralytics") is None, reason="no [train] extra"
    ),
]
NAMES = ("stall", "pile")
Opener = Callable[[Model], Detector]
RUNTIMES = [OnnxDetector, OpenVinoDetector]
ANSWER = np.zeros((1, 300, 6), np.float32)
ANSWER[0, 0] = (8, 16, 40, 48, 0.9, 1)
ANSWER[0, 1] = (0, 0, 64, 64, 0.05, 0)  # under the floor


def constant(folder: Path) -> Detector:
    file = a_constant_model(folder / "tiny.onnx", ANSWER)
    return OnnxDetector(find_model(a_manifest(folder, an_entry(file))), batch=2)


def constant_by_openvino(folder: Path) -> Detector:
    file = a_constant_model(folder / "tiny.onnx", ANSWER)
    return OpenVinoDetector(find_model(a_manifest(folder, an_entry(file))), batch=2)


def small(folder: Path) -> Detector:
    return OnnxDetector(a_small_model(folder), threads=2)


def small_by_openvino(folder: Path) -> Detector:
    return OpenVinoDetector(a_small_model(folder), threads=2)


def small_in_tiles(folder: Path) -> Detector:
    return TiledDetector(small(folder), tile=64)


def a_small_model(folder: Path, half: bool = False, open_sides: bool = True) -> Model:
    file = a_small_network(folder / "tiny.onnx", half=half, open_sides=open_sides)
    return find_model(a_manifest(folder, an_entry(file, output="raw")))


def scripted(folder: Path) -> Detector:
    return ScriptedDetector(lambda image: [("pile", (1, 2, 30, 40), 0.9)], NAMES)


def shipped(folder: Path) -> Detector:
    return open_detector("onnxruntime")


def shipped_by_openvino(folder: Path) -> Detector:
    return open_detector("openvino")


def shipped_by_ultralytics(folder: Path) -> Detector:
    return open_detector("ultralytics")


@pytest.fixture(
    scope="module",
    params=[
        constant,
        constant_by_openvino,
        small,
        small_by_openvino,
        small_in_tiles,
        scripted,
        shipped,
        shipped_by_openvino,
        pytest.param(shipped_by_ultralytics, marks=needs_train),
    ],
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


@pytest.mark.parametrize(
    "bad",
    [np.zeros((4, 4), np.uint8), np.zeros((32, 32, 3), np.float32), np.zeros((0, 32, 3), np.uint8)],
)
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
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_file_that_does_not_fit_its_manifest(
    tmp_path: Path, runtime: Opener, change: dict[str, object], complaint: str
) -> None:
    file = a_constant_model(tmp_path / "tiny.onnx", ANSWER)
    model = find_model(a_manifest(tmp_path, an_entry(file, **change)))
    with pytest.raises(BadWeights, match=complaint):
        runtime(model)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_wrong_number_of_classes(tmp_path: Path, runtime: Opener) -> None:
    file = a_constant_model(tmp_path / "tiny.onnx", np.zeros((1, 9, 84), np.float32))
    model = find_model(a_manifest(tmp_path, an_entry(file, output="raw")))  # 4 + 2 classes, not 9
    with pytest.raises(BadWeights, match="9 numbers per box, 6 are expected"):
        runtime(model)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_classes_in_another_order(tmp_path: Path, runtime: Opener) -> None:
    file = a_small_network(tmp_path / "tiny.onnx", classes=("pile", "stall"))
    with pytest.raises(BadWeights, match=r"tiny\.onnx: its classes are .*pile.*, not stall, pile"):
        runtime(find_model(a_manifest(tmp_path, an_entry(file, output="raw"))))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_is_no_onnx_file(tmp_path: Path, runtime: Opener) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(b"not a model")
    with pytest.raises(BadWeights, match=r"tiny\.onnx"):
        runtime(find_model(a_manifest(tmp_path, an_entry(file))))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused_with_the_model_named(tmp_path: Path, runtime: Opener, bad: float) -> None:
    file = a_constant_model(tmp_path / "tiny.onnx", np.full((1, 300, 6), bad, np.float32))
    with pytest.raises(BadOutput, match=r"tiny-1-.*NaN"):
        runtime(find_model(a_manifest(tmp_path, an_entry(file)))).detect([a_picture()])


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
    with pytest.raises(BadWeights, match="there are: auto, onnxruntime"):
        open_detector("abacus")
    monkeypatch.setattr(table, "_installed", lambda package: package != "openvino")
    with pytest.raises(BadWeights, match=r"needs the package 'openvino'.*pip install"):
        open_detector("openvino")


def test_what_the_processor_or_the_model_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "processor", lambda: table.Processor("an old one", frozenset({"sse2"})))
    with pytest.raises(BadWeights, match="does not multiply bfloat16"):
        open_detector("openvino-bf16")
    without = replace(find_model(), int8=None)
    with pytest.raises(BadWeights, match="has no int8 file"):
        open_model(without, "openvino-int8")
    with pytest.raises(BadWeights, match="no VNNI"):
        open_model(replace(without, int8=without), "openvino-int8")
    with pytest.raises(BadWeights, match=r"cuda.*onnxruntime-gpu"):
        open_model(without, "onnxruntime-cuda")


def test_both_runtimes_compute_the_same_also_from_half_weights(tmp_path: Path) -> None:
    picture = [a_picture(100, 80, seed=3)]
    outputs = []
    for half in (False, True):
        (tmp_path / str(half)).mkdir()
        model = a_small_model(tmp_path / str(half), half)
        for runtime in RUNTIMES:
            detector = runtime(model, floor=0.3)
            squares, _ = detector.prepare(picture)
            outputs.append(detector.network.run(squares))
    assert outputs[0].shape == (1, 6, 4)
    assert np.ptp(outputs[0]) > 1  # not a constant
    for other in outputs[1:]:
        np.testing.assert_allclose(other, outputs[0], atol=2e-3)
    sizes = [(tmp_path / str(half) / "tiny.onnx").stat().st_size for half in (False, True)]
    assert sizes[1] < 0.6 * sizes[0]


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_an_open_file_looks_at_other_sizes(tmp_path: Path, name: str) -> None:
    model = a_small_model(tmp_path)
    for size in (64, 96):
        detector = open_model(model, name, size=size, floor=0.0)
        assert isinstance(detector, NetworkDetector)
        squares, _ = detector.prepare([a_picture(100, 80)])
        assert detector.network.run(squares).shape == (1, 6, (size // 32) ** 2)
        assert detector.runtime.size == size
    with pytest.raises(BadWeights, match="multiple of 32"):
        open_model(model, name, size=100)
    (tmp_path / "fixed").mkdir()
    with pytest.raises(BadWeights, match="96 pixels"):
        open_model(a_small_model(tmp_path / "fixed", open_sides=False), name, size=96)


def test_the_runtime_is_stated() -> None:
    detector = open_detector("openvino", threads=2)
    assert isinstance(detector, NetworkDetector)
    assert (detector.runtime.backend, detector.runtime.precision) == ("openvino", "fp32")
    assert detector.runtime.threads == 2


def test_many_threads_get_each_their_own_answer(tmp_path: Path) -> None:
    """OpenVINO's requests are pooled: eight threads at once, each with another picture, over and over."""
    detector = OpenVinoDetector(a_small_model(tmp_path), floor=0.3)
    images = [a_picture(64, 64, seed=i) for i in range(8)]
    alone = [detector.detect([image])[0].confidence for image in images]
    assert len({tuple(c.round(4)) for c in alone}) > 4
    with ThreadPoolExecutor(8) as pool:
        for i, seen in pool.map(lambda i: (i, detector.detect([images[i]])[0]), [*range(8)] * 25):
            np.testing.assert_allclose(seen.confidence, alone[i], atol=1e-6)


def test_opening_reports_to_nobody_and_writes_nothing_at_home(tmp_path: Path) -> None:
    """Both runtimes do when they are imported as their makers meant it."""
    code = (
        "from detector.backends import open_detector; open_detector('onnxruntime'); open_detector('openvino');"
        "import sys, json; print(json.dumps([m for m in sys.modules if m.startswith('openvino_telemetry.')]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={k: v for k, v in os.environ.items() if not k.startswith("ORT_")} | {"HOME": str(tmp_path)},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout) == []
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_every_shipped_model_opens_and_looks(name: str) -> None:
    for model in read_manifest():
        assert len(open_detector(name, model=model.name).detect([a_picture(320, 240)])) == 1


@pytest.mark.parametrize(
    "name",
    [
        "openvino",
        "openvino-bf16",
        "openvino-int8",
        "onnxruntime-int8",
        pytest.param("ultralytics", marks=needs_train),
    ],
)
def test_every_back_end_sees_the_painted_street_alike(name: str) -> None:
    model = find_model()
    if why := table.obstacle(name, model):
        pytest.skip(why)
    picture = [painted_street()]
    expected = open_detector("onnxruntime", floor=0.2).detect(picture)[0]
    assert len(expected) >= 3
    seen = open_detector(name, floor=0.2).detect(picture)[0]
    if BACKENDS[name].precision == "fp32":
        assert_same(expected, seen, least=0.2)
    else:  # what it costs is measured on photographs: test_reduced_precision
        strong = expected.confidence >= 0.5
        best = overlap(expected.xyxy[strong], seen.xyxy).max(axis=1)
        assert strong.any()
        assert (best >= 0.7).all()
