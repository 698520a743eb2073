"""``jiexun bench inference`` and ``jiexun model quantize`` as a person runs them, on a small network."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from detector.weights import find_model
from jiexun.cli import app
from tests.detector.builders import a_manifest, a_picture, a_small_network, an_entry


def jiexun(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process."""
    command = [str(Path(sys.executable).parent / "jiexun"), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    return a_manifest(folder, an_entry(a_small_network(folder / "tiny.onnx"), output="raw"))


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Ten painted pictures, two of them labelled; eight more without labels for calibration."""
    for part, count in (("images/val", 4), ("calibration", 9)):
        (tmp_path / part).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(tmp_path / part / f"{i}.png"), a_picture(90, 70, seed=i))
    (tmp_path / "labels" / "val").mkdir(parents=True)
    for i in range(4):
        (tmp_path / "labels" / "val" / f"{i}.txt").write_text(f"{i % 2} 0.5 0.5 0.4 0.4\n")
    (tmp_path / "data.yaml").write_text("path: .\nval: images/val\nnames: [stall, pile]\n")
    return tmp_path


def test_bench_tells_rows_choice_and_ratios(weights: Path, tmp_path: Path) -> None:
    done = jiexun(
        *("bench", "inference", "--weights-dir", weights, "--size", 64, "--size", 128),
        *("--threads", 1, "--rounds", 5, "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {(r["backend"], r["size"], r["threads"]) for r in told["rows"]} >= {
        (b, s, 1) for b in ("onnxruntime", "openvino") for s in (64, 128)
    }
    assert {"backend", "precision", "size", "threads", "ms"} <= set(told["rows"][0])
    assert told["chosen"] in {r["backend"] for r in told["rows"]}
    head = next(r for r in told["ratios"] if r["size"] == 64)
    assert told["ratio_to_onnxruntime"] == head["to_onnxruntime"] > 0
    assert told["ratio_to_ultralytics"] == head["to_ultralytics"]
    assert told["letterbox_decode_share"] == head["letterbox_decode_share"] > 0
    assert "64 px and 1 threads" in told["method"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["weights"]  # nothing left behind


def test_bench_with_pictures_that_are_not_there(weights: Path, tmp_path: Path) -> None:
    done = jiexun("bench", "inference", "--weights-dir", weights, "--pictures", weights, cwd=tmp_path)
    assert done.returncode == 2
    assert "no pictures there" in done.stderr
    assert "Traceback" not in done.stderr


def test_quantize_measures_and_notes_the_file(weights: Path, street: Path) -> None:
    done = jiexun(
        *("model", "quantize", street, "--calibrate", street / "calibration"),
        *("--weights-dir", weights, "--threads", 1, "--json"),
        cwd=street,
    )
    assert done.returncode in (0, 1), done.stderr
    model = find_model(weights)
    if (
        done.returncode == 1
    ):  # it lost more than half a point on these four pictures: nothing may be left of it
        assert "may lose 0.005 at most" in done.stderr
        assert model.int8 is None
        assert not (weights / "tiny-int8.onnx").exists()
        return
    told = json.loads(done.stdout)
    assert told["kept"] is True
    assert model.int8 is not None
    assert told["sha256"] == model.int8.sha256
    assert told["before"] - told["after"] <= 0.005


def test_quantize_without_calibration_pictures(weights: Path, street: Path) -> None:
    done = jiexun("model", "quantize", street, "--calibrate", weights, "--weights-dir", weights, cwd=street)
    assert done.returncode == 2
    assert "no pictures there" in done.stderr


def test_auto_is_found_once_kept_in_the_home_folder_and_can_be_overridden(
    weights: Path, street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, home = street / "images" / "val" / "0.png", street / "home"
    home.mkdir()
    monkeypatch.setenv("JIEXUN_HOME", str(home))
    monkeypatch.setenv("JIEXUN_WEIGHTS_DIR", str(weights))

    def detect(backend: str) -> Result:
        monkeypatch.setenv("JIEXUN_BACKEND", backend)
        return CliRunner().invoke(app, ["detect", str(picture), "--json"])

    first = detect("auto")
    assert first.exit_code == 0, first.output
    memory = home / "backends.json"
    (entry,) = json.loads(memory.read_text("utf-8"))
    assert entry["for"]["model"] == find_model(weights).sha256
    assert entry["chosen"] in {t["backend"] for t in entry["tried"] if t["ms"] is not None}
    entry["chosen"] = "openvino"
    memory.write_text(json.dumps([entry]), "utf-8")
    before = memory.stat().st_mtime_ns
    assert json.loads(detect("auto").stdout) == json.loads(detect("openvino").stdout)
    assert memory.stat().st_mtime_ns == before
    assert "there are: auto, onnxruntime" in str(detect("abacus").exception)


def test_file_is_timed_whole_beside_its_parts(tmp_path: Path) -> None:
    done = jiexun(
        *("bench", "file", "--weights", "jiexun-street-n", "--seconds", 4, "--rounds", 1),
        *("--looks-per-second", 1, "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (row,) = told["rows"]
    (once,) = row["rounds"]
    assert (row["looks"], row["duration_s"]) == (4, 4.0)
    assert told["realtime_factor"] == pytest.approx(4 / once["whole"], abs=0.06)
    assert told["share_of_limit"] == pytest.approx(
        (once["decoding"] + once["engine"]) / once["whole"], abs=0.01
    )
    if find_spec("ultralytics") and find_spec("torch"):
        assert told["ratio_to_ultralytics"] == pytest.approx(once["theirs"] / once["whole"], abs=0.01)
