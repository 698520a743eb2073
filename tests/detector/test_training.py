"""The training extra really trains and exports; small, on drawn pictures."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.backends.onnxruntime import OnnxDetector
from detector.backends.ultralytics import UltralyticsDetector
from detector.pictures import read_picture
from detector.training.context import CLASSES
from detector.training.dataset import Part, build
from detector.training.labels import Labels, write_labels
from detector.weights import find_model

from .builders import a_manifest, an_entry, boxes
from .test_backends import assert_same

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(
        find_spec("torch") is None or find_spec("ultralytics") is None, reason="no [train] extra"
    ),
    pytest.mark.filterwarnings("ignore"),  # torch's and ultralytics' own
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures of 160 x 120 with one coloured block each, labelled."""
    root = tmp_path_factory.mktemp("drawn")
    (root / "images").mkdir()
    (root / "labels").mkdir()
    rng = np.random.default_rng(3)
    for number in range(8):
        left, top = rng.integers(5, 80), rng.integers(5, 60)
        picture = Pillow.effect_noise((160, 120), 20).convert("RGB")
        picture.paste((220, 40, 40), (int(left), int(top), int(left) + 60, int(top) + 45))
        picture.save(root / "images" / f"{number}.jpg")
        label = Labels.from_pixels(np.array([number % 3]), boxes((left, top, left + 60, top + 45)), 160, 120)
        write_labels(root / "labels" / f"{number}.txt", label)
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLO26n that knows nothing, so that no weights are fetched; its class scores are spread out, so that
    it claims to see plenty."""
    from detector.backends.torch_runtime import prepare

    prepare()
    import torch
    from ultralytics import YOLO
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = DetectionModel("yolo26n.yaml", nc=len(CLASSES), verbose=False)
        network.names = dict(enumerate(CLASSES))
        head = network.model[-1]
        with torch.no_grad():
            for branch in (*head.cv3, *head.one2one_cv3):
                branch[2].weight.mul_(30)
                branch[2].bias.copy_(torch.linspace(-3, -1, len(CLASSES)))
        model = YOLO("yolo26n.yaml")
        model.model = network
        path = tmp_path_factory.mktemp("base") / "base.pt"
        model.save(str(path))
    return path


@pytest.mark.parametrize("output", ["raw", "end2end"])
def test_the_exported_file_sees_what_the_weights_see(
    base: Path, drawn: Path, tmp_path: Path, output: str
) -> None:
    from detector.training.export import export

    file = export(base, tmp_path / "tiny.onnx", CLASSES, size=160, output=output)
    entry = an_entry(file, CLASSES, size=160, output=output)
    ours = OnnxDetector(find_model(a_manifest(tmp_path, entry)), floor=0.1)
    theirs = UltralyticsDetector(base, size=160, floor=0.1, iou=0.7, end2end=output == "end2end")
    images = [read_picture(path) for path in sorted((drawn / "images").iterdir())[:3]]
    seen = ours.detect(images)
    assert sum(len(s) for s in seen) >= 3
    for a, b in zip(seen, theirs.detect(images), strict=True):
        # boxes at the edge of suppression may flip on a rounding error: compare the stronger half
        least = float(np.median(a.confidence)) if len(a) else 0.1
        assert_same(a, b, least=least)
    assert b"/tmp/" not in file.read_bytes()


def test_one_epoch_trains_and_exports(base: Path, drawn: Path, tmp_path: Path) -> None:
    from detector.training.export import export
    from detector.training.train import Stage, train

    part = Part(drawn / "images", drawn / "labels")
    build(tmp_path / "set", [part], part)
    stage = Stage("smoke", epochs=1, size=64, batch=4, close_mosaic=0, warmup=0)
    made = train(stage, tmp_path / "set" / "data.yaml", base, tmp_path / "runs", workers=0)
    assert made.weights.is_file()
    assert made.epochs == 1
    file = export(made.weights, tmp_path / "tiny.onnx", CLASSES, size=64)
    entry = an_entry(file, CLASSES, output="raw")
    seen = OnnxDetector(find_model(a_manifest(tmp_path, entry)), floor=0.01).detect(
        [read_picture(drawn / "images" / "0.jpg")]
    )
    assert seen[0].names == CLASSES


def test_suppression_inside_ultralytics_works_beside_a_cpu_torch(base: Path, drawn: Path) -> None:
    """The cure of torchvision's missing operators gives its result: greedy, by falling score."""
    from detector.backends.torch_runtime import prepare

    prepare()
    import torch
    import torchvision

    pair = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [30, 30, 40, 40]])
    assert torchvision.ops.nms(pair, torch.tensor([0.6, 0.9, 0.3]), 0.5).tolist() == [1, 2]


def test_a_wrong_number_of_names(base: Path, tmp_path: Path) -> None:
    from detector.training.export import export

    with pytest.raises(ValueError, match="13 classes"):
        export(base, tmp_path / "a.onnx", ("stall",))
