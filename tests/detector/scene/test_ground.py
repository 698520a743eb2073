"""The ground: known triangles, round trips, and errors against finite differences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from detector.scene.ground import (
    Errors,
    LocalPlane,
    covariances,
    ellipse,
    ground_point,
    place_on_ground,
    to_ground,
    to_pixels,
    view_of,
)
from detector.scene.model import Mounting

from .builders import a_mounting, a_position

SIZE = (1920, 1080)


def test_the_middle_of_the_picture_lies_where_the_pitch_points() -> None:
    # 3 m up, 45 degrees down, looking east: 3 m ahead.
    view = view_of(Mounting(3.0, 45.0, 90.0, 0.0, 60.0), 0.0, SIZE)
    assert ground_point(view, 960, 540) == pytest.approx((3.0, 0.0), abs=1e-9)


def test_right_in_the_picture_is_right_on_the_ground_and_lower_is_nearer() -> None:
    view = view_of(Mounting(3.0, 20.0, 0.0, 0.0, 60.0), 0.0, SIZE)  # looks north
    right, low = ground_point(view, 1500, 700), ground_point(view, 960, 1000)
    middle = ground_point(view, 960, 700)
    assert right is not None
    assert low is not None
    assert middle is not None
    assert right[0] > 0
    assert low[1] < middle[1]


def test_a_camera_rolled_clockwise_sees_its_right_edge_nearer() -> None:
    view = view_of(Mounting(3.0, 20.0, 0.0, 5.0, 60.0), 0.0, SIZE)
    left, right = ground_point(view, 460, 700), ground_point(view, 1460, 700)
    assert left is not None
    assert right is not None
    assert math.hypot(*right) < math.hypot(*left)


def test_above_the_horizon_there_is_no_ground() -> None:
    view = view_of(Mounting(3.0, 0.0, 0.0, 0.0, 60.0), 0.0, SIZE)
    assert ground_point(view, 960, 540) is None
    assert ground_point(view, 960, 100) is None
    assert np.isnan(to_pixels(view, np.array([[0.0, -5.0]]))).all()  # behind


@given(
    st.builds(
        Mounting,
        height_m=st.floats(1, 12),
        pitch_deg=st.floats(3, 60),
        yaw_deg=st.floats(-180, 180),
        roll_deg=st.floats(-10, 10),
        hfov_deg=st.floats(30, 120),
        k1=st.floats(-0.02, 0.1),
    ),
    st.floats(0, 359),
    st.floats(0, 1920),
    st.floats(0, 1080),
)
def test_a_pixel_goes_to_the_ground_and_back(mounting: Mounting, heading: float, x: float, y: float) -> None:
    view = view_of(mounting, heading, SIZE)
    ground = to_ground(view, np.array([[x, y]]))
    assume(not np.isnan(ground).any())
    np.testing.assert_allclose(to_pixels(view, ground), [[x, y]], atol=1e-4)


@given(st.floats(-60, 60), st.floats(-179, 179), st.floats(0, 360), st.floats(0.1, 200))
def test_the_local_plane_agrees_with_the_geodesic_to_a_centimetre(
    latitude: float, longitude: float, azimuth: float, distance: float
) -> None:
    east, north = distance * math.sin(math.radians(azimuth)), distance * math.cos(math.radians(azimuth))
    lon, lat, _ = Geod(ellps="WGS84").fwd(longitude, latitude, azimuth, distance)
    assume(abs(lon - longitude) < 1)
    plane = LocalPlane(latitude, longitude)
    np.testing.assert_allclose(plane.to_local(np.array([lon, lat])), [east, north], atol=0.01)
    back = plane.to_wgs84(plane.to_local(np.array([lon, lat])))
    np.testing.assert_allclose(back, [lon, lat], atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(st.floats(-60, 60), st.floats(300, 1620), st.floats(620, 1000), st.sampled_from([0.0, -0.05]))
def test_error_ellipses_agree_with_monte_carlo(yaw: float, x: float, y: float, k1: float) -> None:
    """Mountings, headings and feet drawn from their errors land about the point as the ellipse says."""
    errors, random = Errors(), np.random.default_rng(5)
    mounting = Mounting(2.2, 6.0, yaw, 0.0, 80.0, k1)
    view, pixel = view_of(mounting, 0.0, SIZE), np.array([[x, y]])
    centre = to_ground(view, pixel)[0]
    assume(not np.isnan(centre).any() and np.hypot(*centre) < 15)
    drawn = []
    for pitch, roll, heading, height, dx, dy in random.normal(size=(800, 6)) * [
        math.degrees(errors.pitch), math.degrees(errors.roll), math.degrees(errors.heading),
        errors.height_m, errors.foot_px, errors.foot_px,
    ]:  # fmt: skip
        off = replace(mounting, pitch_deg=6.0 + pitch, roll_deg=roll, height_m=2.2 + height)
        drawn.append(to_ground(view_of(off, heading, SIZE), np.add(pixel, (dx, dy)))[0])
    found = np.cov((np.array(drawn) - centre).T)
    told = covariances(view, pixel, errors)[0]
    # 800 draws know a standard deviation to 2.5 %; beyond first order some per cent more.
    assert math.sqrt(found.trace()) == pytest.approx(math.sqrt(told.trace()), rel=0.12)
    # The same along the longer axis of the one that was told, and across it.
    _, axes = np.linalg.eigh(told)
    for axis in axes.T:
        assert math.sqrt(axis @ found @ axis) == pytest.approx(math.sqrt(axis @ told @ axis), rel=0.15)


def test_an_error_of_the_pitch_by_hand() -> None:
    # 2 m up, the foot 4 m ahead: (h2 + r2) / h = 20 / 2 = 10 m per radian, all of it along the ray.
    view = view_of(Mounting(2.0, 20.0, 0.0, 0.0, 70.0), 0.0, SIZE)
    pixel = to_pixels(view, np.array([[0.0, 4.0]]))
    only_pitch = covariances(view, pixel, Errors(0.01, 0.0, 0.0, 0.0, 0.0))[0]
    np.testing.assert_allclose(only_pitch, [[0, 0], [0, 0.1**2]], atol=1e-6)
    # Heading: 4 m per radian, across; height: 2 m further per metre of it.
    only_heading = covariances(view, pixel, Errors(0.0, 0.0, 0.01, 0.0, 0.0))[0]
    np.testing.assert_allclose(only_heading, [[0.04**2, 0], [0, 0]], atol=1e-6)
    only_height = covariances(view, pixel, Errors(0.0, 0.0, 0.0, 0.03, 0.0))[0]
    np.testing.assert_allclose(only_height, [[0, 0], [0, 0.06**2]], atol=1e-6)


def test_the_error_grows_with_the_range() -> None:
    view = view_of(a_mounting(yaw_deg=0.0), 0.0, SIZE)
    pixels = to_pixels(view, np.array([[0.0, r] for r in (4.0, 10.0, 25.0)]))
    errors = np.trace(covariances(view, pixels), axis1=1, axis2=2).tolist()
    assert errors == sorted(errors)


def test_an_ellipse_by_hand() -> None:
    # 3 m north-east, 1 m across: ee = nn = (9 + 1) / 2, en = (9 - 1) / 2.
    assert ellipse((5.0, 4.0, 5.0)) == pytest.approx((3.0, 1.0, 45.0))
    assert ellipse((1.0, 0.0, 4.0)) == pytest.approx((2.0, 1.0, 0.0))


def test_a_distorted_lens_by_hand() -> None:
    # Half the width is 960 px at f = 960 (90 degrees). A ray at r = 0.5 is seen at 0.5 (1 - 0.1 / 4) = 0.4875.
    view = view_of(Mounting(3.0, 0.0, 0.0, 0.0, 90.0, k1=-0.1), 0.0, SIZE)
    assert to_pixels(view, np.array([[3.0, 6.0]]))[0, 0] == pytest.approx(
        960 + 960 * 0.5 * (1 - 0.1 * (0.5**2 + 0.5**2)), abs=0.01
    )


def test_without_a_heading_there_is_no_place() -> None:
    assert place_on_ground(a_mounting(), a_position(heading=None), SIZE, 960, 1000) is None
    assert place_on_ground(a_mounting(), a_position(), SIZE, 960, 0) is None
    place = place_on_ground(a_mounting(), a_position(accuracy=2.0), SIZE, 960, 1000)
    assert place is not None
    assert place.error_m == pytest.approx(2.0, abs=0.03)  # 3 m away the angles hardly count
    assert place.spread is not None
    assert place.spread[0] + place.spread[2] == pytest.approx(place.error_m**2, abs=0.05)
