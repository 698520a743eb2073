"""Mountings: what is refused, nearest ground by hand, the lens there and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detector.errors import BadMounting
from detector.scene.ground import view_of
from detector.scene.mounting import Mounting


def test_the_nearest_ground_by_hand() -> None:
    # 2 m up, level, 90 degrees wide, 2:1: the lower edge's middle is seen at a slope of 1/2, the corners at
    # 1/2 over a ray of length sqrt(2) on the ground: the middle is 4 m away.
    level = Mounting(2.0, 0.0, 0.0, 0.0, 90.0, width=1000, height=500)
    assert level.nearest_ground_m == pytest.approx(4.0)
    # Looking straight down the ground right and left of the middle is 2 m tan(half the angle) away, or nearer.
    assert Mounting(2.0, 90.0, 0.0, 0.0, 90.0, width=1000, height=500).nearest_ground_m <= 2.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"height_m": 0.0}, "height_m 0 is impossible"),
        ({"height_m": 61.0}, "height_m 61 is impossible"),
        ({"height_m": math.nan}, "height_m nan is impossible"),
        ({"pitch_deg": -40.0}, "looks at the sky"),
        ({"pitch_deg": -80.0}, "pitch_deg -80 is impossible"),
        ({"hfov_deg": 180.0}, "hfov_deg 180 is impossible"),
        ({"roll_deg": 90.0}, "roll_deg 90 is impossible"),
        ({"yaw_deg": math.inf}, "yaw_deg inf is impossible"),
        ({"k1": -0.5}, "fold the picture's corner"),
        ({"width": 1920}, "width and height"),
        ({"width": 1920, "height": 0}, "width and height"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, float], says: str) -> None:
    good = {"height_m": 2.2, "pitch_deg": 8.0, "yaw_deg": 30.0, "roll_deg": 0.0, "hfov_deg": 80.0}
    Mounting(**good)  # type: ignore[arg-type]
    with pytest.raises(BadMounting, match=says):
        Mounting(**{**good, **change})  # type: ignore[arg-type]


def test_pictures_of_another_shape_are_refused() -> None:
    mounting = Mounting(2.2, 8.0, 30.0, 0.0, 80.0, width=1920, height=1080)
    view_of(mounting, 0.0, (1280, 720))  # the same shape, smaller
    with pytest.raises(BadMounting, match="measured on pictures of 1920x1080, these are 640x480"):
        view_of(mounting, 0.0, (640, 480))


def test_plain_data_and_back() -> None:
    mounting = Mounting(2.2, 8.0, 30.0, 0.0, 80.0, -0.05)
    assert "width" not in mounting.as_data()
    assert Mounting(**mounting.as_data()) == mounting  # type: ignore[arg-type]
    sized = Mounting(2.2, 8.0, 30.0, 0.0, 80.0, width=960, height=540)
    assert Mounting(**sized.as_data()) == sized  # type: ignore[arg-type]


@given(st.floats(-0.3, 0.3), st.floats(-0.1, 0.1), st.floats(30, 110))
def test_a_lens_that_is_accepted_shows_every_pixel_once(k1: float, k2: float, hfov: float) -> None:
    try:
        mounting = Mounting(2.0, 10.0, 0.0, 0.0, hfov, k1, k2)
    except BadMounting:
        assume(False)
    _, seen = mounting.lens_table()
    assert (np.diff(seen) > 0).all()
    assert seen[-1] >= mounting.corner
