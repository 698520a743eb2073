"""Choosing thresholds, on boxes counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.evaluation.looks import look
from detector.evaluation.matching import LEVELS, Tally
from detector.evaluation.thresholds import choose, choose_one, thresholds_of

from .streets import OF_THREE, three_pictures


def found(*boxes: tuple[float, bool], labels: int) -> Tally:
    """One picture: (confidence, right) by falling confidence."""
    m = len(boxes)
    hit = np.repeat(np.array([h for _, h in boxes], bool).reshape(-1, 1), len(LEVELS), axis=1)
    confidence = np.array([c for c, _ in boxes], np.float32)
    return Tally(
        confidence, np.zeros(m, np.int64), hit, np.zeros(m), np.array([labels]), np.zeros(labels, np.int64),
        np.zeros(labels),
    )  # fmt: skip


def run(count: int, first: float, right: bool) -> list[tuple[float, bool]]:
    """So many boxes, each 0.001 weaker than the one before."""
    return [(first - i / 1000, right) for i in range(count)]


def test_the_lowest_that_keeps_the_precision() -> None:
    # 18 right, 2 wrong, 1 right: 19/21 = 0.905, smoothed 20/23 = 0.870; then 10 wrong
    t = found(*run(18, 0.9, True), *run(2, 0.7, False), (0.6, True), *run(10, 0.4, False), labels=25)
    made = choose_one(t)
    # one wrong box more: 19/22 = 0.864, smoothed 20/24 = 0.833, too little
    assert made.threshold == 0.5  # half-way between 0.6 and 0.4
    assert (made.shown, made.labels) == (21, 25)
    assert made.precision == pytest.approx(19 / 21)
    assert made.recall == pytest.approx(19 / 25)
    assert "0.85" in made.why


def test_a_higher_precision_asks_for_more() -> None:
    t = found(*run(18, 0.9, True), *run(2, 0.7, False), (0.6, True), *run(10, 0.4, False), labels=25)
    made = choose_one(t, 0.95)
    assert (made.shown, made.precision) == (18, 1)  # smoothed 19/20
    with pytest.raises(ValueError, match="1\\.5"):
        choose_one(t, 1.5)


def test_a_lucky_few_are_not_enough() -> None:
    # four right boxes of four: 4/4, but smoothed 5/6 = 0.83; then wrong and right by turns
    tail = [(0.5 - i / 100, i % 2 == 1) for i in range(30)]
    made = choose_one(found(*run(4, 0.9, True), *tail, labels=20))
    assert made.why.startswith("best F1")
    assert 0.25 <= made.threshold <= 0.6
    # five of five would do, yet find less than one in five of forty
    assert choose_one(found(*run(5, 0.9, True), *tail, labels=40)).why.startswith("best F1")
    assert choose_one(found(*run(5, 0.9, True), *tail, labels=20)).threshold > 0.6


def test_few_labels_get_the_usual_threshold() -> None:
    made = choose_one(found((0.9, True), (0.8, False), labels=11))
    assert made.threshold == 0.4
    assert made.why.startswith("the usual one")


def test_nothing_found_at_all() -> None:
    made = choose_one(found(labels=30))
    assert (made.threshold, made.precision, made.recall, made.shown) == (0.4, None, 0, 0)


def test_equal_confidences_are_shown_together() -> None:
    t = found(
        *run(20, 0.9, True), (0.5, True), (0.5, False), (0.5, False), (0.5, False), (0.5, False), labels=21
    )
    assert choose_one(t).shown == 20  # 21 of 25 is 0.84


def test_for_every_class_and_as_json(tmp_path: Path) -> None:
    choices = choose(look(OF_THREE, three_pictures(tmp_path)))
    assert thresholds_of(choices) == {"stall": 0.4, "pile": 0.4}
    assert choices["pile"].as_dict() | {"why": ""} == {
        "threshold": 0.4, "why": "", "precision": 0.5, "recall": 1.0, "shown": 2, "labels": 1
    }  # fmt: skip
