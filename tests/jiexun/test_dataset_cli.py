"""``jiexun dataset`` as a person uses it: exit codes, JSON keys, one line that names file and cure."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casework.candidates.queries import Filter
from casework.review import service as review
from detector.datasets.layout import items, labels_of, open_dataset
from jiexun.cli import main
from jiexun.house import open_house
from jiexun.settings import load
from tests import builders as b
from tests.detector.datasets.folders import BOX, a_dataset, a_good_one
from tests.jiexun.painted import HEIGHT, WIDTH, Thing, film, furnish, look_at

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def jiexun(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process: exit code, standard output, standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["jiexun", "dataset", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def answer(done: tuple[int, str, str], code: int = 0) -> Any:
    """Its JSON."""
    assert done[0] == code, done[2]
    return json.loads(done[1])


def test_check(tmp_path: Path, jiexun: Run) -> None:
    good = a_good_one(tmp_path / "good")
    assert answer(jiexun("check", good, "--json")) == {"folder": str(good), "counts": {}, "findings": []}
    assert "nothing found" in jiexun("check", good)[1]
    bad = a_dataset(tmp_path / "bad", {"train": {"a.jpg": ["9 0.5 0.5 0.1 0.1"]}, "val": {"b.jpg": []}})
    shutil.copy(bad / "images/train/a.jpg", bad / "images/val/b.jpg")
    found = answer(jiexun("check", bad, "--json"), 1)
    assert found["counts"] == {"error": 2}
    assert [f["code"] for f in found["findings"]] == ["duplicate_leak", "unknown_class"]
    assert set(found["findings"][0]) == {"severity", "code", "file", "what", "mend"}
    code, out, _ = jiexun("check", bad)
    assert code == 1
    assert "error: labels/train/a.txt: line 1: class 9 has no name; use one of 0 stall" in out
    assert "2 errors found" in out


def _empty(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def _no_names(root: Path) -> None:
    (root / "data.yaml").write_text("train: images/train\n")


def _unknown_class(root: Path) -> None:
    (root / "labels/val/c.txt").write_text("5 0.5 0.5 0.1 0.1\n")


def _no_labels(root: Path) -> None:
    shutil.rmtree(root / "labels")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_empty, "no data.yaml and no pictures here; give a folder with images/ and labels/"),
        (_no_names, "data.yaml: 'names' must list the classes"),
        (_unknown_class, "c.txt: class 5 has no name (there are 0 stall, 1 shop_goods, 2 pile); mend"),
        (_no_labels, "split 'train': no label file for any of 2 pictures"),
    ],
)
def test_what_cannot_be_counted(
    tmp_path: Path, jiexun: Run, spoil: Callable[[Path], None], says: str
) -> None:
    root = a_good_one(tmp_path / "set")
    spoil(root)
    code, out, err = jiexun("statistics", root, "--json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_statistics(tmp_path: Path, jiexun: Run) -> None:
    root = a_good_one(tmp_path / "set")
    found = answer(jiexun("statistics", root, "--json"))
    assert (found["pictures"], found["boxes"]["pile"]) == (3, 2)
    assert set(found) > {"by_split", "by_view", "by_light", "by_group", "sizes", "boxes_per_picture"}
    code, out, _ = jiexun("statistics", root)
    assert code == 0
    assert "site:2" in out


def test_sheets(tmp_path: Path, jiexun: Run) -> None:
    root, out = a_good_one(tmp_path / "set"), tmp_path / "sheets"
    done = answer(jiexun("sheet", root, "--split", "val", "--class", "pile", "--out", out, "--json"))
    assert done == {"pictures": 1, "sheets": [str(out / "val-pile-001.jpg")]}
    assert (out / "val-pile-001.jpg").read_bytes()[:2] == b"\xff\xd8"
    code, _, err = jiexun("sheet", root, "--split", "test", "--out", out)
    assert code == 2
    assert "no split 'test'; there are train, val, all" in err
    (root / "images/val/c.jpg").write_text("no picture")
    code, _, err = jiexun("sheet", root, "--out", out)
    assert code == 2
    assert "c.jpg: not a picture" in err


def test_convert(tmp_path: Path, jiexun: Run) -> None:
    root = a_good_one(tmp_path / "set")
    done = answer(jiexun("convert", root, "--to", "coco", "--out", tmp_path / "coco", "--json"))
    assert (done["pictures"], done["boxes"]) == (3, 3)
    answer(
        jiexun("convert", tmp_path / "coco", "--to", "yolo", "--copy", "--out", tmp_path / "back", "--json")
    )
    assert answer(jiexun("statistics", tmp_path / "back", "--json")) == answer(
        jiexun("statistics", root, "--json")
    )
    code, _, err = jiexun("convert", root, "--to", "coco", "--out", tmp_path / "coco")
    assert code == 2
    assert "is there already and not empty; give a new folder" in err


STALL = Thing("stall", (40, 140, 100, 200), 0, 10_000)
PILE = Thing("pile", (200, 180, 260, 220), 0, 10_000)
PASSERS = [Thing("person", (40 * i, 60, 40 * i + 20, 120), 100 * i, 100 * i + 50) for i in range(4)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A painted street that went the whole way: of two candidates the stall is kept, the pile is none."""
    folder = tmp_path_factory.mktemp("reviewed")
    with open_house(settings=load(folder / "home", legal_mode="evidence")) as house:
        furnish(house)
        look_at(house, film(folder / "street.mp4", [STALL, PILE, *PASSERS], 400), "C-1")
        with house.database.write() as session:
            person = b.a_person(session)
            for _ in range(2):
                candidate, _until = review.take_next(session, person, "first", Filter())
                assert candidate is not None
                kept = candidate.type == "stall"
                choice = review.Choice(
                    "first",
                    "keep" if kept else "reject",
                    f"key-{candidate.id}",
                    None if kept else "not_the_thing",
                    shown=b.seen(session, candidate.id),
                )
                review.decide(session, person, candidate.id, choice)
    return folder / "home"


def test_export(tmp_path: Path, home: Path, jiexun: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    order = ("export", "--from-reviews", "--purpose", "training in November", "--home", home)
    out = tmp_path / "set"
    done = answer(jiexun(*order, "--from", "2026-10", "--to", "2026-10", "--out", out, "--json"))
    assert done["positives"] >= 2  # the key pictures; frames without a passer are one and the same picture
    assert done["boxes"] == {"stall": done["positives"]}
    assert (done["places"], done["left_out"]) == ({"device:C-1": next(iter(done["splits"]))}, {})
    assert [note.split(":")[0] for note in done["notes"]] == [
        "faces and plates are not blurred",
        "all pictures come from one place",
    ]
    assert answer(jiexun("check", out, "--json"))["counts"].get("error") is None
    data = open_dataset(out)
    positives = [labels for item in items(data, "all") if len(labels := labels_of(data, item))]
    for labels in positives:
        left, top, right, bottom = labels.xyxy(WIDTH, HEIGHT)[0]
        assert (left, top, right, bottom) == pytest.approx((40, 140, 100, 200), abs=2)
    assert len(positives) == done["positives"]
    monkeypatch.setattr(sys, "argv", ["jiexun", "verify", "--home", str(home)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def test_export_that_is_refused(tmp_path: Path, home: Path, jiexun: Run) -> None:
    out = tmp_path / "set"
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    reviews, purpose, at = ("--from-reviews",), ("--purpose", "training"), ("--home", home)
    for args, says in (
        ((*reviews, *purpose, *at, "--out", tmp_path / "taken"), "give a new folder"),
        ((*reviews, *purpose, *at, "--from", "2026-11", "--out", out), "no decided candidate"),
        ((*reviews, *purpose, *at, "--from", "2026-13", "--out", out), "2026-13 is no month"),
        ((*reviews, "--purpose", " ", *at, "--out", out), "--purpose"),
        ((*purpose, *at, "--out", out), "--from-reviews"),
    ):
        code, _, err = jiexun("export", *args)
        assert code == 2
        assert says in err
    assert not out.exists()


def test_a_bare_folder_with_a_broken_picture(tmp_path: Path, jiexun: Run) -> None:
    root = a_dataset(tmp_path / "set", {"train": {"a.jpg": [BOX]}, "val": {"b.jpg": []}})
    (root / "data.yaml").unlink()
    (root / "images/train/a.jpg").write_bytes(b"\xff\xd8 cut")
    code, out, _ = jiexun("check", root)
    assert code == 1
    assert "error: images/train/a.jpg: a.jpg: " in out
    assert "warning: data.yaml: is not there; the classes are taken to be" in out
