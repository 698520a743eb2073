"""Letterbox: values worked out by hand, and there and back again."""

from __future__ import annotations

import numpy as np
import pytest

from detector.errors import BadPicture
from detector.letterbox import PADDING, Letterbox, fit, frame_of, letterbox, to_input

from .builders import a_picture, boxes


def test_full_hd_lies_in_the_middle_of_640() -> None:
    # 640 / 1920 = 1/3; 1080 / 3 = 360; (640 - 360) / 2 = 140 above and below
    assert fit(1920, 1080, 640) == Letterbox(1 / 3, 0, 140, 1920, 1080)


def test_an_odd_spare_pixel_goes_right_or_below() -> None:
    # 33 of 64 columns: 31 spare, 15 left and 16 right
    assert fit(33, 64, 64) == Letterbox(1.0, 15, 0, 33, 64)


def test_small_pictures_are_enlarged() -> None:
    assert fit(32, 16, 64) == Letterbox(2.0, 0, 16, 32, 16)


def test_boxes_go_in_and_come_back() -> None:
    place = fit(1920, 1080, 640)
    inside = place.into(boxes((300, 600, 900, 1080)))
    np.testing.assert_allclose(inside, [[100, 340, 300, 500]], atol=1e-3)
    np.testing.assert_allclose(place.back(inside), [[300, 600, 900, 1080]], atol=1e-2)


def test_boxes_that_reach_into_the_bars_are_cut() -> None:
    np.testing.assert_allclose(fit(1920, 1080, 640).back(boxes((-5, 100, 700, 600))), [[0, 0, 1920, 1080]])


def test_no_boxes_stay_none() -> None:
    assert fit(10, 10, 64).back(boxes()).shape == (0, 4)


@pytest.mark.parametrize(("width", "height"), [(1, 3000), (3000, 1), (640, 640), (641, 639), (17, 1080)])
def test_any_shape_there_and_back(width: int, height: int) -> None:
    place = fit(width, height, 640)
    box = boxes((0, 0, width, height), (width * 0.25, height * 0.1, width * 0.5, height * 0.9))
    np.testing.assert_allclose(place.back(place.into(box)), box, atol=max(width, height) * 1e-5)
    assert place.left >= 0
    assert place.top >= 0


def test_the_picture_is_framed_in_grey() -> None:
    image = a_picture(64, 32)
    square, place = letterbox(image, 64)
    assert (place.left, place.top) == (0, 16)
    assert square.shape == (64, 64, 3)
    assert (square[:16] == PADDING).all()
    assert (square[48:] == PADDING).all()
    np.testing.assert_array_equal(square[16:48], image)


@pytest.mark.parametrize(
    ("picture", "size", "frame"),
    [
        ((1920, 1080), 640, (640, 384)),  # 640 / 1920 * 1080 = 360: three steps of 128
        ((1080, 1920), 640, (384, 640)),
        ((1280, 960), 640, (640, 512)),  # 480: four steps
        ((704, 576), 640, (640, 640)),  # 524: five
        ((640, 640), 640, (640, 640)),
        ((3000, 1), 640, (640, 128)),
        ((1920, 1080), 320, (320, 192)),  # 180: three steps of 64
        ((1920, 1080), 64, (64, 64)),  # 36: two steps of 32
        ((1920, 1080), 1280, (1280, 768)),
    ],
)
def test_the_bars_are_cut_in_steps(picture: tuple[int, int], size: int, frame: tuple[int, int]) -> None:
    assert frame_of(*picture, size) == frame


def test_a_cut_frame_holds_the_picture_and_what_is_left_of_the_bars() -> None:
    image = a_picture(640, 360)
    framed, place = letterbox(image, 640, cut=True)
    assert framed.shape == (384, 640, 3)
    assert place == Letterbox(1.0, 0, 12, 640, 360)
    np.testing.assert_array_equal(framed[12:372], image)
    assert (framed[:12] == PADDING).all()
    assert (framed[372:] == PADDING).all()
    np.testing.assert_allclose(place.back(boxes((10, 22, 30, 52))), [[10, 10, 30, 40]])


def test_network_input_is_red_first_between_0_and_1() -> None:
    square = np.zeros((32, 32, 3), np.uint8)
    square[..., 0], square[..., 2] = 255, 51  # blue, red
    out = to_input([square, square])
    assert out.shape == (2, 3, 32, 32)
    assert out.dtype == np.float32
    assert out.flags.c_contiguous
    assert out[0, 0, 0, 0] == pytest.approx(0.2)
    assert out[0, 1, 0, 0] == 0
    assert out[0, 2, 0, 0] == 1


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32),
              np.zeros((0, 4, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(BadPicture):
        letterbox(image, 64)
