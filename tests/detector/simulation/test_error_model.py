"""The error model: fitted to pictures worked out by hand, written and read, refused where it is none."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.detections import Detections
from detector.errors import DataSetError
from detector.evaluation.looks import Looks, Scene
from detector.simulation.error_model import LABELS, parse, shipped, to_toml
from detector.simulation.fit import fit, latent, logit, refit

NAMES = (*LABELS, "person")


def a_scene(truths: dict[str, list[tuple[float, ...]]], *seen: tuple[str, tuple[float, ...], float]) -> Scene:
    """One picture of 1000 x 500 px."""
    boxes = {name: np.array(truths.get(name, []), np.float32).reshape(-1, 4) for name in LABELS}
    found = Detections(
        np.array([box for _, box, _ in seen], np.float32).reshape(-1, 4),
        np.array([NAMES.index(label) for label, _, _ in seen], np.int64),
        np.array([confidence for _, _, confidence in seen], np.float32),
        NAMES,
        "hand",
    )
    return Scene(Path("a.jpg"), 1000, 500, boxes, found, {}, "")


def test_what_is_counted_is_what_was_seen() -> None:
    stall, pile = (100, 100, 200, 200), (400, 100, 500, 200)
    looks = Looks(
        "val",
        LABELS,
        NAMES,
        (
            # Found, 5 px off on the left, and a box of its left half besides; a pile that bears the label stall.
            a_scene(
                {"stall": [stall], "pile": [pile]},
                ("stall", (105, 100, 200, 200), 0.9),
                ("stall", (100, 100, 140, 200), 0.3),
                ("stall", pile, 0.6),
                ("person", (700, 0, 800, 400), 0.9),
            ),
            # Nothing there: a pile of 50 x 50 px is false, one at 0.04 does not count.
            a_scene({}, ("pile", (0, 0, 50, 50), 0.5), ("pile", (800, 0, 900, 90), 0.04)),
        ),
    )
    model = fit(looks, "by hand")
    assert model.pictures == 2
    assert [model.classes[label].boxes for label in LABELS] == [1, 0, 1]
    assert model.part_rate == pytest.approx(1 / 2)  # one part, two labelled boxes
    # One pile in one bears another label, one box in two of all; leaning on all as on ten: (1 + 5) / 11.
    assert model.classes["pile"].mislabelled == pytest.approx(6 / 11)
    assert model.classes["pile"].false_rate == pytest.approx(1 / 2)
    # ln(0.5 / 0.5) - ln(0.05 / 0.95) = 2.944 logits above the floor.
    assert model.classes["pile"].false_tail == pytest.approx(math.log(19), abs=1e-4)
    assert model.false_side == pytest.approx(math.sqrt(2500 / 500000), abs=1e-6)


def test_the_latent_score_is_found_again() -> None:
    scores = np.random.default_rng(3).normal(-1.0, 2.0, 4000)
    confidence = 1 / (1 + np.exp(-scores))
    best = np.where(confidence >= 0.05, confidence, 0.0)
    mean, spread = latent(best, best)
    assert mean == pytest.approx(-1.0, abs=0.13)
    assert spread == pytest.approx(2.0, abs=0.13)


def test_logits() -> None:
    assert logit(0.5) == 0
    assert float(logit(0.05)) == pytest.approx(-2.9444, abs=1e-4)


def test_pictures_without_labels_fit_nothing() -> None:
    with pytest.raises(ValueError, match="nothing to fit"):
        fit(Looks("val", LABELS, NAMES, (a_scene({}),)), "empty")


def test_what_pictures_cannot_tell_is_kept() -> None:
    assumed = replace(shipped(), look_spread=0.3, memory_s=7.0)
    looks = Looks("val", LABELS, NAMES, (a_scene({"stall": [(0, 0, 9, 9)]}, ("stall", (0, 0, 9, 9), 0.9)),))
    fitted = refit(looks, "new", assumed)
    assert (fitted.look_spread, fitted.memory_s, fitted.fitted_on, fitted.pictures) == (0.3, 7.0, "new", 1)


def test_the_shipped_one_is_written_and_read_alike() -> None:
    model = shipped()
    assert set(model.classes) == set(LABELS)
    assert parse(to_toml(model), "again") == model


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("floor = 0.05", "floor = 2"),
        ("[pile]", "[heap]"),
        ("memory_s", "memory"),
        ("jitter = 0", "jitter = -1"),
    ],
)
def test_a_broken_one_is_refused(old: str, new: str) -> None:
    text = to_toml(shipped())
    assert old in text
    with pytest.raises(DataSetError, match="fit"):
        parse(text.replace(old, new, 1), "broken.toml")
