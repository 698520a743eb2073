"""Tints of painted boxes, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detector.detections import Detections
from detector.errors import BadOutput
from detector.tints import UNKNOWN, alike, known, mixed, tinted, tints_of

NAN = float("nan")


def boxes(*sides: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(sides, np.float32).reshape(-1, 4)


def test_red_over_blue() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:50] = (
        0,
        50,
        200,
    )  # BGR: red less green is 150 of 250; blue less the mean of both is -125 of 250
    picture[50:] = (200, 20, 30)  # 10 of 250; 175 of 250
    assert tints_of(picture, boxes((0, 0, 100, 100))).tolist() == [[127, -127, 10, 127]]
    # 150 / 250 * 256 = 153.6 and 175 / 250 * 256 = 179.2 are cut at 127, -128 at -127; 10 / 250 * 256 = 10.24.


def test_brightness_changes_nothing_and_the_dark_is_unknown() -> None:
    for light, red in ((1.0, 26), (0.5, 26), (0.1, UNKNOWN)):
        picture = (np.full((40, 40, 3), (90, 90, 120), np.float64) * light).astype(np.uint8)
        # (120 - 90) / 300 * 256 = 25.6; (90 - 105) / 300 * 256 = -12.8
        blue = -13 if red != UNKNOWN else UNKNOWN
        assert tints_of(picture, boxes((5, 5, 35, 35))).tolist() == [[red, blue, red, blue]], light


def test_boxes_beyond_the_picture_and_none_at_all() -> None:
    picture = np.full((40, 40, 3), 100, np.uint8)
    assert tints_of(picture, boxes((-50, -50, 90, 90), (60, 60, 90, 90))).tolist() == [[0, 0, 0, 0]] * 2
    assert tints_of(picture, boxes()).shape == (0, 4)


def test_likeness_goes_by_the_part_that_differs_most() -> None:
    one = np.array([[0.0, 0.0, 0.0, 0.0]])
    others = np.array([[0.0, 0, 0, 0], [6, -12, 0, 3], [24, 0, 0, 0], [60, 0, 0, 0], [NAN, 0, 0, 0]])
    assert alike(one, others)[0].tolist() == [1.0, 0.5, 0.0, 0.0, 0.5]


def test_the_mean_leaves_out_what_is_not_known() -> None:
    was = np.array([[0.0, 8, NAN, NAN]])
    now = np.array([[10.0, NAN, 4, NAN]])
    assert np.array_equal(mixed(was, now, np.array([[0.5]])), [[5.0, 8, 4, NAN]], equal_nan=True)


def test_tints_are_parallel_to_the_boxes() -> None:
    seen = Detections(boxes((0, 0, 9, 9)), np.zeros(1, np.int64), np.ones(1, np.float32), ("stall",), "m")
    assert np.isnan(known(seen)).all()
    picture = np.full((40, 40, 3), (90, 90, 120), np.uint8)
    assert known(tinted(seen, picture)).tolist() == [[26, -13, 26, -13]]
    with pytest.raises(BadOutput, match="not parallel"):
        Detections(seen.xyxy, seen.class_id, seen.confidence, seen.names, "m", np.zeros((2, 4), np.int8))
