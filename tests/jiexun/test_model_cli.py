"""``jiexun model evaluate`` and ``jiexun detect`` as a person runs them, with the shipped model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from detector.weights import find_model
from jiexun.cli import main


def jiexun(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process."""
    command = [str(Path(sys.executable).parent / "jiexun"), *map(str, args)]
    plain = {**os.environ, "JIEXUN_BACKEND": "onnxruntime"}  # no self-test of all that is installed
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=plain
    )


def paint(path: Path, seed: int) -> None:
    """Coarse patches of colour."""
    patches = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(patches).resize((320, 240), Pillow.Resampling.NEAREST).save(path)


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    """Three painted pictures, one with a label."""
    for number in range(3):
        paint(tmp_path / "images" / "val" / f"{number}.png", number)
    (tmp_path / "labels" / "val").mkdir(parents=True)
    for number, text in enumerate(("2 0.5 0.5 0.2 0.2\n", "", "")):
        (tmp_path / "labels" / "val" / f"{number}.txt").write_text(text)
    (tmp_path / "data.yaml").write_text("path: .\nval: images/val\nnames: [stall, shop_goods, pile]\n")
    return tmp_path


def test_evaluate(painted: Path) -> None:
    done = jiexun(
        *("model", "evaluate", painted, "--split", "val", "--json"),
        *("--draws", 50, "--errors", painted / "errors", "--chart", painted / "charts"),
        cwd=painted,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    model = find_model()
    assert told["model"] == {"name": model.name, "version": model.version, "sha256": model.sha256}
    assert told["backend"] == "onnxruntime"
    assert (told["pictures"], told["negatives"], told["boxes"]["pile"]) == (3, 2, 1)
    for figure in ("ap50", "ap50_95", "precision", "recall"):
        assert {"mean", "mean_ci"} <= told[figure].keys()
    assert {"false_per_100_negatives", "false_per_100_negatives_ci"} <= told.keys()
    assert told["thresholds"] == {n: model.thresholds[n] for n in ("stall", "shop_goods", "pile")}
    assert (painted / "errors" / "index.html").is_file()
    assert (painted / "charts" / "reliability.svg").is_file()
    assert str(painted) not in done.stdout


def refused(arguments: list[object], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> tuple[int, str]:
    """(exit code, the one line on standard error) of a command run in this process."""
    monkeypatch.setattr(sys, "argv", ["jiexun", *map(str, arguments)])
    monkeypatch.setenv("JIEXUN_BACKEND", "onnxruntime")
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert isinstance(end.value.code, int)
    return end.value.code, err


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--split", "test"], 2, "no split 'test'"),
        (["--weights", "none-such"], 1, "none-such"),
        (["--backend", "abacus"], 1, "abacus"),
    ],
)
def test_evaluate_refuses_in_one_line(
    painted: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, options: list[str], code: int, says: str
) -> None:
    given, told = refused(["model", "evaluate", painted, *options], monkeypatch, capsys)
    assert given == code
    assert says in told


def test_detect_goes_on_after_a_broken_picture(painted: Path) -> None:
    (painted / "images" / "val" / "1.png").write_bytes(b"no picture")
    done = jiexun("detect", painted / "images", "absent.jpg", "--threshold", 0.02, "--json", cwd=painted)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [Path(t["file"]).name for t in told] == ["0.png", "1.png", "2.png", "absent.jpg"]
    assert [("error" in t) for t in told] == [False, True, False, True]
    assert "1.png" in told[1]["error"]
    found = [d for t in told for d in t["detections"]]
    assert found  # patches look like something at two in a hundred
    for d in found:
        assert d.keys() == {"label", "confidence", "xyxy"}
        assert d["confidence"] >= 0.02
        assert len(d["xyxy"]) == 4


def test_detect_shows_what_the_manifest_holds_sure(painted: Path) -> None:
    done = jiexun("detect", painted / "images", "--json", cwd=painted)
    assert done.returncode == 0, done.stderr
    thresholds = find_model().thresholds
    found = [d for t in json.loads(done.stdout) for d in t["detections"]]
    assert all(d["confidence"] >= thresholds[d["label"]] for d in found)


def test_detect_in_a_folder_without_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    code, told = refused(["detect", tmp_path], monkeypatch, capsys)
    assert code == 2
    assert "no pictures" in told
