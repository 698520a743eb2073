"""Figures: small examples worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detector.training.measure import (
    LEVELS,
    Tally,
    average_precision,
    interval,
    match,
    rates,
    resamples,
    tally,
    tally_precision,
)  # fmt: skip

from .builders import boxes

ONES = np.ones


def test_average_precision_by_hand() -> None:
    # Three things are labelled. Four detections by falling confidence: right, wrong, right, wrong.
    # Recall after each: 1/3, 1/3, 2/3, 2/3. Precision: 1, 1/2, 2/3, 1/2; made to fall only: 1, 2/3, 2/3, 1/2.
    # Of the 101 recalls 0.00-0.33 (34) read 1, 0.34-0.66 (33) read 2/3, 0.67-1.00 (34) are never reached.
    hit = np.array([True, False, True, False])
    assert average_precision(hit, ONES(4), 3) == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)


def test_average_precision_at_its_ends() -> None:
    assert average_precision(np.array([True, True]), ONES(2), 2) == pytest.approx(1)
    assert average_precision(np.array([False]), ONES(1), 2) == 0
    assert average_precision(np.zeros(0, bool), ONES(0), 2) == 0
    assert math.isnan(average_precision(np.array([False]), ONES(1), 0))


def test_a_picture_drawn_twice_counts_like_two() -> None:
    hit = np.array([True, False, True])
    twice = average_precision(np.repeat(hit, 2), ONES(6), 6)
    assert average_precision(hit, np.full(3, 2.0), 6) == pytest.approx(twice, abs=0.01)


def test_each_label_is_found_once_and_by_the_best_overlap() -> None:
    truths = boxes((0, 0, 10, 10), (20, 0, 30, 10))
    seen = boxes((0, 0, 10, 10), (0, 0, 10, 9), (20, 0, 30, 6))  # exact; the same again; 0.6 of the second
    hit = match(seen, truths)
    assert hit[0].all()
    assert not hit[1].any()
    assert hit[2].tolist() == [level <= 0.6 + 1e-9 for level in LEVELS]


def test_nothing_labelled_means_all_wrong() -> None:
    assert not match(boxes((0, 0, 1, 1)), boxes()).any()


def two_pictures() -> Tally:
    """First picture: two labels, found at 0.9 (right) and 0.5 (wrong). Second: no label, one false box at
    0.7.
    """
    first = (boxes((0, 0, 10, 10), (50, 50, 60, 60)), np.array([0.9, 0.5], np.float32))
    second = (boxes((0, 0, 5, 5)), np.array([0.7], np.float32))
    return tally([first, second], [boxes((0, 0, 10, 10), (30, 30, 40, 40)), boxes()])


def test_tally_sorts_over_pictures() -> None:
    t = two_pictures()
    assert t.confidence.tolist() == pytest.approx([0.9, 0.7, 0.5])
    assert t.picture.tolist() == [0, 1, 0]
    assert t.hit[:, 0].tolist() == [True, False, False]
    assert t.truths.tolist() == [2, 0]


def test_rates_at_a_threshold() -> None:
    assert rates(two_pictures(), 0.6, ONES(2)) == (pytest.approx(1 / 2), pytest.approx(1 / 2))
    assert rates(two_pictures(), 0.8, ONES(2)) == (1, pytest.approx(1 / 2))
    assert rates(two_pictures(), 0.6, np.array([1.0, 0.0]))[0] == 1  # without the second picture's false box
    assert math.isnan(rates(two_pictures(), 0.95, ONES(2))[0])


def test_tally_precision_by_hand() -> None:
    # one of two labels found, first of all: recalls 0.00-0.50 (51 of 101) read 1
    assert tally_precision(two_pictures(), ONES(2)) == pytest.approx(51 / 101)


def test_groups_are_drawn_together() -> None:
    draws = resamples(["a", "a", "b", "c"], 200, seed=1)
    assert draws.shape == (200, 4)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert (draws[:, 1:].sum(axis=1) == 3).all()  # as many groups as there are
    np.testing.assert_array_equal(draws, resamples(["a", "a", "b", "c"], 200, seed=1))


def test_interval_leaves_out_what_could_not_be_measured() -> None:
    made = interval(0.5, [*np.linspace(0, 1, 101), math.nan])
    assert (made.value, made.low, made.high) == (0.5, pytest.approx(0.025), pytest.approx(0.975))
    assert math.isnan(interval(math.nan, [0.1]).low)
