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


@pytest.fixture(scope="module")
def dataset(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn pictures as a data set: six to train on, from three places, and two to check."""
    root = tmp_path_factory.mktemp("dataset")
    rows = ["file,split,group"]
    for number in range(8):
        split = "val" if number > 5 else "train"
        for kind, suffix in (("images", ".jpg"), ("labels", ".txt")):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
            name = f"{number}{suffix}"
            (root / kind / split / name).write_bytes((drawn / kind / name).read_bytes())
        rows.append(f"{number}.jpg,{split},place{number // 2}")
    (root / "sources.csv").write_text("\n".join(rows), "utf-8")
    (root / "data.yaml").write_text(
        "path: .\ntrain: images/train\nval: images/val\nnames: {0: stall, 1: shop_goods, 2: pile}\n", "utf-8"
    )
    return root


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """One short step at 64 px, as a file."""
    path = tmp_path / "short.toml"
    path.write_text(
        'name = "short"\nversion = "0.0.1"\nsize = 64\nnetwork = "yolo26n"\n[base]\nfile = "base.pt"\n'
        '[[steps]]\nname = "one"\ndata = ["as_labelled"]\nepochs = 1\nsize = 64\nbatch = 4\n'
        "close_mosaic = 0\nwarmup = 0\n",
        "utf-8",
    )
    return path


def test_a_recipe_is_followed_and_goes_on_where_it_broke_off(
    base: Path, dataset: Path, recipe: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from detector.errors import BadRecipe
    from jiexun.cli import app

    work, out = tmp_path / "work", tmp_path / "out"
    call = [
        "model", "train", str(dataset), "--recipe", str(recipe), "--base", str(base), "--teacher", "none",
        "--work", str(work), "--out", str(out), "--json",
    ]  # fmt: skip
    first = CliRunner().invoke(app, call)
    assert first.exit_code == 0, first.output
    model = find_model(out)
    assert model.name == "short"
    training = model.record["training"]
    assert training["recipe"]["steps"][0]["epochs"] == 1
    assert training["steps"][0]["shown_per_epoch"]["pictures"] == 6
    assert len(training["recipe_sha256"]) == 64
    assert model.record["checkpoint"]["network"] == "yolo26n"
    assert (out / "short.onnx").stat().st_size < 6e6  # 2.4 million weights of two bytes
    # the step is done: the second call trains nothing, and from the same weights comes the same file
    trained = (work / "runs" / "one" / "weights" / "last.pt").stat().st_mtime_ns
    second = CliRunner().invoke(app, call)
    assert second.exit_code == 0, second.output
    assert (work / "runs" / "one" / "weights" / "last.pt").stat().st_mtime_ns == trained
    assert find_model(out).sha256 == model.sha256
    # another order in the same folder would be handed the old weights as its own
    other = CliRunner().invoke(app, [*call, "--epochs", "2"])
    assert isinstance(other.exception, BadRecipe)
    assert "epochs differ" in str(other.exception)
    label = dataset / "labels" / "train" / "0.txt"
    kept = label.read_text("utf-8")
    label.write_text("", "utf-8")
    other = CliRunner().invoke(app, call)
    label.write_text(kept, "utf-8")
    assert "train differ" in str(other.exception)


def test_a_checkpoint_holds_the_weights_and_runs_nothing(base: Path, drawn: Path, tmp_path: Path) -> None:
    from detector.errors import BadWeights
    from detector.training.checkpoint import load_checkpoint, save_checkpoint

    kept = save_checkpoint(base, tmp_path / "kept.safetensors", "yolo26n")
    back = load_checkpoint(kept, tmp_path / "back.pt")
    image = read_picture(drawn / "images" / "1.jpg")
    a, b = (
        UltralyticsDetector(file, size=160, floor=0.1, iou=0.7).detect([image])[0] for file in (base, back)
    )
    assert len(a) >= 1
    assert_same(a, b, least=float(np.median(a.confidence)))
    (tmp_path / "broken.safetensors").write_bytes(kept.read_bytes()[:1000])
    with pytest.raises(BadWeights, match="broken"):
        load_checkpoint(tmp_path / "broken.safetensors", tmp_path / "x.pt")


def test_the_shipped_checkpoint_is_the_shipped_model(drawn: Path, tmp_path: Path) -> None:
    from detector.training.checkpoint import load_checkpoint
    from detector.weights import weights_folder

    model = find_model(name="jiexun-street-n")
    back = load_checkpoint(weights_folder() / model.record["checkpoint"]["file"], tmp_path / "back.pt")
    image = read_picture(drawn / "images" / "1.jpg")
    a = OnnxDetector(model, floor=0.01).detect([image])[0]
    b = UltralyticsDetector(back, size=640, floor=0.01, iou=model.overlap, end2end=False).detect([image])[0]
    assert len(a) >= 1
    assert_same(a, b, least=float(np.median(a.confidence)))


def test_cross_validation_looks_at_every_picture_once(
    base: Path, dataset: Path, recipe: Path, tmp_path: Path
) -> None:
    from detector.datasets.layout import open_dataset
    from detector.training.crossvalidate import crossvalidate
    from detector.training.dataset import gather
    from detector.training.materials import Given
    from detector.training.recipe import load_recipe

    data = open_dataset(dataset)
    part, check = (gather(data, split, tmp_path / split) for split in ("train", "val"))
    given = Given(part.images, part.labels, check)
    looks = crossvalidate(load_recipe(recipe)[0], dataset, given, base, tmp_path / "work", count=3, threads=1)
    assert sorted(scene.file for scene in looks.scenes) == [f"{n}.jpg" for n in range(6)]
    for fold in range(3):
        trained = {p.name for p in (tmp_path / "work" / f"fold{fold}" / "set" / "images" / "train").iterdir()}
        judged = {p.name for p in (tmp_path / "work" / f"fold{fold}" / "set" / "images" / "val").iterdir()}
        assert len(judged) == 2
        assert not trained & judged
        assert len({int(name[0]) // 2 for name in judged}) == 1  # one place


def test_the_wrong_base_weights_are_refused(base: Path, tmp_path: Path) -> None:
    from detector.errors import BadRecipe
    from detector.training.recipe import load_recipe
    from detector.training.run import base_of

    with pytest.raises(BadRecipe, match=r"yolo26n\.pt"):
        base_of(load_recipe("street-n")[0], base, tmp_path)


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
