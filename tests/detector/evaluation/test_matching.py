"""Which boxes are right, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detector.evaluation.matching import LEVELS, MOST, Seen, Tally, match, tally

from .streets import boxes


def seen(found: list[tuple[tuple[float, float, float, float], float]], *labels: tuple[float, ...]) -> Seen:
    """One picture of 100 x 100 pixels: (box, confidence) ..., labels."""
    confidence = np.array([c for _, c in found], np.float32)
    return Seen(boxes(*(b for b, _ in found)), confidence, boxes(*labels), 10_000)  # type: ignore[arg-type]


def two_pictures() -> Tally:
    """First: two labels, found at 0.9 (right) and 0.5 (wrong). Second: no label, one false box at 0.7."""
    first = seen([((0, 0, 10, 10), 0.9), ((50, 50, 60, 80), 0.5)], (0, 0, 10, 10), (30, 30, 80, 80))
    return tally([first, seen([((0, 0, 50, 50), 0.7)])])


def test_each_label_is_found_once_and_by_the_best_overlap() -> None:
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10))
    found = match(boxes((0, 0, 10, 10), (0, 0, 10, 9), (20, 0, 30, 6)), labels)
    assert (found[0] == 0).all()
    assert (found[1] == -1).all()  # the first label is taken
    assert found[2].tolist() == [1 if level <= 0.6 + 1e-9 else -1 for level in LEVELS]


def test_a_label_taken_at_a_low_level_is_free_at_a_high_one() -> None:
    found = match(boxes((0, 0, 10, 6), (0, 0, 10, 9)), boxes((0, 0, 10, 10)))
    assert found[0].tolist() == [0, 0, 0, *[-1] * 7]  # 0.6 of it: at 0.50, 0.55, 0.60
    assert found[1].tolist() == [-1, -1, -1, *[0] * 6, -1]  # 0.9 of it: from 0.65 to 0.90


def test_nothing_labelled_or_nothing_seen() -> None:
    assert (match(boxes((0, 0, 1, 1)), boxes()) == -1).all()
    assert match(boxes(), boxes((0, 0, 1, 1))).shape == (0, len(LEVELS))
    nothing = tally([])
    assert (len(nothing.confidence), len(nothing.truths)) == (0, 0)


def test_tally_sorts_over_pictures() -> None:
    t = two_pictures()
    assert t.confidence.tolist() == pytest.approx([0.9, 0.7, 0.5])
    assert t.picture.tolist() == [0, 1, 0]
    assert t.hit[:, 0].tolist() == [True, False, False]
    assert t.truths.tolist() == [2, 0]


def test_sizes_are_the_labels_of_found_boxes_and_their_own_of_others() -> None:
    t = two_pictures()
    assert t.share.tolist() == pytest.approx([0.01, 0.25, 0.03])
    assert t.label_share.tolist() == pytest.approx([0.01, 0.25])
    small, large = t.of_size(0, 0.02), t.of_size(0.15, 2)
    assert (small.confidence.tolist(), small.truths.tolist()) == (pytest.approx([0.9]), [1, 0])
    assert (large.confidence.tolist(), large.truths.tolist()) == (pytest.approx([0.7]), [1, 0])


def test_only_the_strongest_boxes_of_a_picture_count() -> None:
    many = seen([((i, 0, i + 1, 1), i / 200) for i in range(MOST + 20)], (0, 0, 1, 1))
    t = tally([many])
    assert len(t.confidence) == MOST
    assert t.confidence.min() == pytest.approx(20 / 200)
