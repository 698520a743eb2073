"""Recipes, mends, folds and pasting: what needs no training."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from detector.errors import BadRecipe
from detector.training.context import CLASSES
from detector.training.dataset import Part, pictures
from detector.training.folds import folds
from detector.training.labels import Labels, read_labels, write_labels
from detector.training.materials import Given, Materials, split_rendered
from detector.training.mends import mended, read_mends
from detector.training.paste import CutOut, cut_out, paste, paste_all
from detector.training.recipe import SHIPPED, load_recipe

from .builders import boxes

PILE = CLASSES.index("pile")


def a_set(root: Path, count: int, name: str = "") -> Part:
    """So many grey pictures with one pile each."""
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(count):
        Pillow.new("RGB", (32, 32)).save(root / "images" / f"{name}{number:03}.png")
        (root / "labels" / f"{name}{number:03}.txt").write_text("2 0.5 0.5 0.5 0.5\n", "utf-8")
    return Part(root / "images", root / "labels")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_recipes_are_sound(path: Path) -> None:
    recipe, digest = load_recipe(path.stem)
    assert len(digest) == 64
    assert [step.stage().epochs for step in recipe.steps] == [step.epochs for step in recipe.steps]
    assert recipe.base.file


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The fine-tuning recipe with one change."""
    text = (SHIPPED / "fine-tune.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shop_goods = 3", "shopgoods = 3", "no class is called shopgoods"),
        ("size = 512", "size = 500", "steps.0.size"),
        ("epochs = 12", "epochs = 0", "steps.0.epochs"),
        ('["as_labelled"]', '["val"]', "steps.0.data"),
        ("freeze = 5", "frieze = 5", "frieze"),
        ('version = "0.1.0"', 'version = "new"', "version"),
        ("[base]", "[base", "not TOML"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        load_recipe(changed(tmp_path, old, new))


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(BadRecipe, match="fine-tune"):
        load_recipe("no-such")


def test_another_seed_and_a_trial_length() -> None:
    step = load_recipe("fine-tune")[0].steps[0]
    stage = step.stage(seed=9, epochs=1)
    assert (stage.seed, stage.epochs, stage.freeze) == (9, 1, 5)


def test_mends_replace_all_labels_of_a_picture_and_drop_others(tmp_path: Path) -> None:
    part = a_set(tmp_path / "real", 3)
    lines = [
        {
            "file": "000.png",
            "labels": [["stall", 0, 10, 50, 60], ["pile", 50, 50, 100, 100]],
            "why": "missed",
        },
        {"file": "001.png", "drop": True, "why": "indoors"},
    ]
    path = tmp_path / "mends.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    counts = mended(part.images, part.labels, read_mends(path), tmp_path / "out")
    assert counts == {"pictures": 2, "changed": 1, "dropped": 1}
    assert [p.name for p in pictures(tmp_path / "out" / "images")] == ["000.png", "002.png"]
    new = read_labels(tmp_path / "out" / "labels" / "000.txt")
    assert new.class_id.tolist() == [0, 2]
    # (0 + 50) / 2 = 25 %, (10 + 60) / 2 = 35 %, width and height 50 %
    assert new.centre[0] == pytest.approx([0.25, 0.35, 0.5, 0.5])
    assert (tmp_path / "out" / "labels" / "002.txt").read_text("utf-8").startswith("2 0.5")


@pytest.mark.parametrize(
    "line",
    ['{"file": "a.jpg"}', '{"file": "a.jpg", "labels": [["cart", 0, 0, 1, 1]]}', "no json",
     '{"file": "a.jpg", "labels": [["pile", 50, 0, 40, 10]]}'],
)  # fmt: skip
def test_a_broken_line_of_mends_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mends.jsonl"
    path.write_text(line, "utf-8")
    with pytest.raises(BadRecipe, match="line 1"):
        read_mends(path)


def test_mends_of_other_pictures_are_refused(tmp_path: Path) -> None:
    part = a_set(tmp_path / "real", 1)
    path = tmp_path / "mends.jsonl"
    path.write_text('{"file": "x.jpg", "labels": []}', "utf-8")
    with pytest.raises(BadRecipe, match=r"x\.jpg"):
        mended(part.images, part.labels, read_mends(path), tmp_path / "out")


def test_a_group_lies_in_one_fold_and_folds_hold_alike_much(tmp_path: Path) -> None:
    part = a_set(tmp_path / "real", 12)
    groups = {f"{n:03}.png": "abcd"[n // 3] for n in range(12)}
    fold = folds(part.images, part.labels, groups, 2)
    assert all(len({fold[name] for name in groups if groups[name] == group}) == 1 for group in "abcd")
    assert sorted(fold.values()).count(0) == 6
    assert fold == folds(part.images, part.labels, groups, 2)
    with pytest.raises(ValueError, match="4 groups"):
        folds(part.images, part.labels, groups, 5)


def a_thing(width: int = 60, height: int = 50) -> CutOut:
    """A white block that stood at the bottom of its picture."""
    white = np.full((height, width, 3), 255, np.uint8)
    return CutOut(white, np.ones((height, width), np.float32), PILE, bottom=0.9, height=0.4)


def test_a_pasted_thing_lies_where_its_label_says() -> None:
    street = np.full((200, 300, 3), 60, np.uint8)
    empty = Labels(np.zeros(0, np.int64), np.zeros((0, 4)))
    image, labels = paste(street, empty, [a_thing()], np.random.default_rng(2))
    x0, y0, x1, y1 = labels.xyxy(300, 200)[0].round().astype(int)
    changed_rows, changed_columns = np.nonzero((image != 60).any(axis=2))
    assert labels.class_id.tolist() == [PILE]
    assert (changed_columns.min(), changed_columns.max() + 1) == pytest.approx((x0, x1), abs=1)
    assert (changed_rows.min(), changed_rows.max() + 1) == pytest.approx((y0, y1), abs=1)
    assert (street == 60).all()


def test_context_that_a_pasted_thing_hides_is_dropped() -> None:
    street = np.full((200, 300, 3), 60, np.uint8)
    everywhere = [(x, y, x + 10, y + 10) for x in range(0, 300, 10) for y in range(0, 200, 10)]
    people = Labels.from_pixels(np.full(600, 3, np.int64), boxes(*everywhere), 300, 200)
    _, labels = paste(street, people, [a_thing()], np.random.default_rng(2))
    thing, rest = labels.xyxy(300, 200)[0], labels.xyxy(300, 200)[1:]
    covered = 600 - len(rest)
    assert covered == pytest.approx((thing[2] - thing[0]) * (thing[3] - thing[1]) / 100, rel=0.5)


def test_only_whole_things_with_an_outline_are_cut_out() -> None:
    image = np.random.default_rng(0).integers(90, 110, (200, 200, 3)).astype(np.uint8)
    cv2.ellipse(image, (100, 100), (40, 30), 0, 0, 360, (10, 10, 230), -1)
    found = cut_out(image, np.array([58, 68, 142, 132], np.float32), PILE)
    assert found is not None
    # the ellipse is 80 x 60 pixels and stands at row 130 of 200; its soft edge lies up to 3 pixels inside
    assert found.bottom == pytest.approx(0.65, abs=0.02)
    assert found.image.shape[:2] == pytest.approx((60, 80), abs=7)
    # an ellipse fills pi / 4 of the box around it
    assert float((found.alpha > 0.5).mean()) == pytest.approx(0.785, abs=0.06)
    assert cut_out(image, np.array([0, 68, 142, 132], np.float32), PILE) is None
    assert cut_out(image, np.array([90, 90, 110, 110], np.float32), PILE) is None


def test_pasting_is_the_same_every_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for number in range(3):
        image = rng.integers(90, 110, (120, 160, 3)).astype(np.uint8)
        if number:
            cv2.ellipse(image, (80, 60), (40, 30), 0, 0, 360, (10, 10, 230), -1)
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), image)
        label = Labels.from_pixels(
            np.full(min(number, 1), PILE, np.int64), boxes((38, 28, 122, 92))[: min(number, 1)], 160, 120
        )
        write_labels(tmp_path / "labels" / f"{number}.txt", label)
    for out in ("a", "b"):
        assert paste_all(tmp_path / "images", tmp_path / "labels", tmp_path / out, count=3, seed=4) == 3
    for path in pictures(tmp_path / "a" / "images"):
        assert path.read_bytes() == (tmp_path / "b" / "images" / path.name).read_bytes()


def test_rendered_pictures_kept_out_are_never_trained_on(tmp_path: Path) -> None:
    a_set(tmp_path / "rendered_all", 30)
    split_rendered(tmp_path / "rendered_all", tmp_path / "work")
    trained = {p.name for p in pictures(tmp_path / "work" / "rendered" / "images")}
    kept = {p.name for p in pictures(tmp_path / "work" / "rendered_check" / "images" / "val")}
    assert len(trained) == 26
    assert kept == {"006.png", "013.png", "020.png", "027.png"}
    assert not trained & kept


def test_no_more_than_the_stated_share_of_what_is_shown_is_rendered(tmp_path: Path) -> None:
    real, drawn = a_set(tmp_path / "real", 6), a_set(tmp_path / "drawn", 20, "r")
    text = "rendered_share = 0.25\nsize = 640"
    path = changed(tmp_path, "size = 640", text)
    path.write_text(
        path.read_text("utf-8").replace('["as_labelled"]', '["as_labelled", "rendered"]'), "utf-8"
    )
    recipe, _ = load_recipe(path)
    given = Given(real.images, real.labels, real, rendered=drawn.images.parent)
    _, shown = Materials(recipe, given, tmp_path / "work", teacher=None).mix(recipe.steps[0])
    # six real ones are three quarters, so two rendered ones make the fourth
    assert shown["pictures"] == 8


def test_a_recipe_that_needs_what_is_not_given_says_so(tmp_path: Path) -> None:
    real = a_set(tmp_path / "real", 2)
    path = changed(tmp_path, '["as_labelled"]', '["mended"]')
    recipe, _ = load_recipe(path)
    with pytest.raises(BadRecipe, match="--mends"):
        Materials(recipe, Given(real.images, real.labels, real), tmp_path / "work", None).mix(recipe.steps[0])
