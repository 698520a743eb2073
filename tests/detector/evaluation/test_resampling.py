"""Figures worked out by hand, and for many resamples at once the same as for one after the other."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.evaluation.matching import LEVELS, Tally
from detector.evaluation.resampling import (
    average_precision,
    interval,
    mean_average_precision,
    precision_at_recall,
    rates,
    resamples,
)

from .test_matching import two_pictures


def a_tally(hit: list[bool], picture: list[int], truths: list[int]) -> Tally:
    """Boxes by falling confidence, right or wrong at every overlap."""
    m = len(hit)
    hits = np.repeat(np.array(hit, bool)[:, None], len(LEVELS), axis=1)
    return Tally(
        np.linspace(0.9, 0.1, m, dtype=np.float32), np.array(picture, np.int64), hits, np.zeros(m),
        np.array(truths), np.zeros(0, np.int64), np.zeros(0),
    )  # fmt: skip


def ones(pictures: int) -> NDArray[np.float64]:
    """The set itself."""
    return np.ones((1, pictures))


def as_coco_says(hit: NDArray[np.bool_], weight: NDArray[np.float64], truths: float) -> float:
    """Average precision box by box (pycocotools ``COCOeval.accumulate``), a box counted as often as its picture."""
    if truths <= 0:
        return math.nan
    right, wrong = np.cumsum(weight * hit), np.cumsum(weight * ~hit)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(right / (right + wrong))
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(right / truths, np.linspace(0, 1, 101) - 1e-12, side="left")
    return float(np.append(precision, 0.0)[place].mean())


def test_average_precision_by_hand() -> None:
    # Three things are labelled. Four boxes by falling confidence: right, wrong, right, wrong.
    # Recall after each: 1/3, 1/3, 2/3, 2/3. Precision: 1, 1/2, 2/3, 1/2; made to fall only: 1, 2/3, 2/3, 1/2.
    # Of the 101 recalls 0.00-0.33 (34) read 1, 0.34-0.66 (33) read 2/3, 0.67-1.00 (34) are never reached.
    t = a_tally([True, False, True, False], [0, 0, 0, 0], [3])
    assert average_precision(t, ones(1))[0] == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)
    assert precision_at_recall(t, ones(1), 0.5)[0] == pytest.approx(2 / 3)
    assert precision_at_recall(t, ones(1), 1 / 3)[0] == 1
    assert precision_at_recall(t, ones(1), 0.7)[0] == 0


def test_average_precision_at_its_ends() -> None:
    assert average_precision(a_tally([True, True], [0, 0], [2]), ones(1))[0] == pytest.approx(1)
    assert average_precision(a_tally([False], [0], [2]), ones(1))[0] == 0
    assert average_precision(a_tally([], [], [2]), ones(1))[0] == 0
    assert math.isnan(average_precision(a_tally([False], [0], [0]), ones(1))[0])
    assert mean_average_precision(a_tally([True], [0], [1]), ones(1))[0] == pytest.approx(1)


def test_one_of_two_labels_found_first_of_all() -> None:
    assert average_precision(two_pictures(), ones(2))[0] == pytest.approx(51 / 101)  # recalls 0.00-0.50


@pytest.mark.parametrize("seed", range(20))
def test_many_resamples_at_once_are_as_one_after_the_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures, boxes = 12, int(rng.integers(0, 60))
    hit, picture = rng.random(boxes) < 0.4, rng.integers(0, pictures, boxes)
    truths = np.bincount(picture[hit], minlength=pictures) + rng.integers(0, 2, pictures)
    t = a_tally(hit.tolist(), picture.tolist(), truths.tolist())
    draws = resamples([str(i // 2) for i in range(pictures)], 40, seed)
    made = average_precision(t, draws)
    for one, draw in zip(made, draws, strict=True):
        expected = as_coco_says(hit, draw[picture], float(draw @ truths))
        assert one == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_rates_at_a_threshold() -> None:
    t, draws = two_pictures(), np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    precision, recall = rates(t, 0.6, draws)
    # both pictures: 1 of 2 shown is right; the first alone: 1 of 1; the second alone: 0 of 1, and nothing labelled
    assert precision.tolist() == [0.5, 1, 0]
    assert recall.tolist() == pytest.approx([0.5, 0.5, math.nan], nan_ok=True)
    assert math.isnan(rates(t, 0.95, draws)[0][0])  # nothing shown


def test_groups_are_drawn_together() -> None:
    draws = resamples(["a", "a", "b", "c"], 200, seed=1)
    assert draws.shape == (200, 4)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert (draws[:, 1:].sum(axis=1) == 3).all()  # as many groups as there are
    np.testing.assert_array_equal(draws, resamples(["a", "a", "b", "c"], 200, seed=1))


def test_interval_leaves_out_what_could_not_be_measured() -> None:
    made = interval(0.5, np.array([*np.linspace(0, 1, 101), math.nan]))
    assert (made.value, made.low, made.high) == (0.5, pytest.approx(0.025), pytest.approx(0.975))
    assert math.isnan(interval(math.nan, np.array([0.1])).low)
    assert math.isnan(interval(0.5, np.zeros(0)).low)


def test_a_thousand_resamples_of_some_hundred_pictures_are_quick() -> None:
    rng = np.random.default_rng(0)
    pictures, boxes = 400, 12_000
    hit, picture = rng.random(boxes) < 0.05, rng.integers(0, pictures, boxes)
    truths = np.bincount(picture[hit], minlength=pictures) + 1
    t = a_tally(hit.tolist(), picture.tolist(), truths.tolist())
    start = time.process_time()
    made = mean_average_precision(t, resamples([str(i) for i in range(pictures)], 1000, 0))
    assert time.process_time() - start < 10
    assert 0 < np.percentile(made, 2.5) < np.percentile(made, 97.5) < 1
