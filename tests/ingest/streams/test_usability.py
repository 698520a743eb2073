"""Whether anything stands before a camera, on made pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ingest.frame import Image
from ingest.streams.usability import clear


def a_street(seed: int = 0) -> Image:
    """Something with edges everywhere: walls, windows, a kerb, wares."""
    random = np.random.default_rng(seed)
    picture = np.full((720, 1280, 3), 110, np.uint8)
    for _ in range(250):
        x, y = random.integers(0, 1200), random.integers(0, 660)
        w, h = random.integers(20, 120), random.integers(20, 120)
        colour = random.integers(20, 230, 3).tolist()
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), colour, -1)
    return np.asarray(picture, np.uint8)


def test_an_open_view_by_day_by_night_and_out_of_focus_is_not_blocked() -> None:
    assert clear([a_street()]) == 1
    assert clear([(a_street() * 0.3).astype(np.uint8)]) == 1
    assert clear([cv2.GaussianBlur(a_street(), (0, 0), 10)]) == 1


def test_a_leaf_is_no_bag() -> None:
    leaf, bag = a_street(), a_street()
    leaf[:360, :640] = 40  # a quarter: 12 of 48 parts, and 0.25 is below 0.5
    bag[:, :1240] = 90  # 42 of 48 parts: (0.875 - 0.5) / 0.4 = 0.9375
    assert clear([leaf]) == 1
    assert clear([bag]) == pytest.approx(1 - 0.9375)
    assert clear([np.zeros_like(bag)]) == 0


def test_something_that_passes_before_the_lens_does_not_count() -> None:
    assert clear([a_street(), np.zeros((720, 1280, 3), np.uint8), a_street(2)]) == 1


def test_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        clear([])
