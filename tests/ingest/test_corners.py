"""Corners that are followed, and long edges, on painted pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ingest.corners import follow, long_edges
from ingest.frame import Image


def squares(shift: tuple[int, int]) -> Image:
    """Forty squares on grey, moved by whole pixels."""
    random = np.random.default_rng(4)
    picture = np.full((240, 320, 3), 110, np.uint8)
    for _ in range(40):
        x, y = random.integers(20, 280), random.integers(20, 200)
        colour = random.integers(0, 255, 3).tolist()
        cv2.rectangle(
            picture, (x + shift[0], y + shift[1]), (x + shift[0] + 12, y + shift[1] + 12), colour, -1
        )
    return picture


def test_corners_are_followed_by_what_they_moved() -> None:
    before, after = follow(squares((0, 0)), squares((7, -3)))
    assert len(before) > 40
    moved = after - before
    assert np.median(moved, axis=0) == pytest.approx([7, -3], abs=0.1)
    assert (np.hypot(*(moved - [7, -3]).T) < 0.5).mean() > 0.9


def test_a_blank_picture_has_no_corners_and_no_edges() -> None:
    blank = np.full((240, 320, 3), 110, np.uint8)
    before, after = follow(blank, blank)
    assert before.shape == after.shape == (0, 2)
    assert long_edges(blank) == []


def test_long_edges_are_the_straight_ones() -> None:
    picture = np.full((360, 640, 3), 90, np.uint8)
    cv2.line(picture, (50, 60), (600, 100), (240, 240, 240), 6)
    cv2.circle(picture, (320, 240), 60, (240, 240, 240), 6)
    edges = long_edges(picture)
    assert edges
    for edge in edges:  # all of the line (y = 60 to 100), none of the circle
        assert edge[:, 1].max() < 115
        slope = np.polyfit(edge[:, 0], edge[:, 1], 1)[0]
        assert slope == pytest.approx(40 / 550, abs=0.01)
