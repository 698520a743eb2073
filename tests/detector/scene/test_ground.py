"""The ground: known triangles, round trips, and errors against finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from detector.scene.ground import (
    LocalPlane,
    covariances,
    error_m,
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


@pytest.mark.parametrize("change", [{"height_m": 0.0}, {"hfov_deg": 180.0}, {"hfov_deg": 0.0}])
def test_a_mounting_that_sees_nothing_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sees no ground"):
        view_of(a_mounting(**change), 0.0, SIZE)


@given(
    st.builds(
        Mounting,
        height_m=st.floats(1, 12),
        pitch_deg=st.floats(-5, 60),
        yaw_deg=st.floats(-180, 180),
        roll_deg=st.floats(-10, 10),
        hfov_deg=st.floats(30, 120),
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


def test_errors_agree_with_finite_differences() -> None:
    mounting, heading = Mounting(2.5, 10.0, 0.0, 0.0, 70.0), 0.0
    view = view_of(mounting, heading, SIZE)
    pixel = np.array([[960.0, 640.0]])
    point = to_ground(view, pixel)
    tilted = to_ground(view_of(Mounting(2.5, 10.5, 0.0, 0.0, 70.0), heading, SIZE), pixel)
    turned = to_ground(view_of(mounting, 1.5, SIZE), pixel)
    lower, aside = to_ground(view, np.add(pixel, (0, 2))), to_ground(view, np.add(pixel, (2, 0)))
    along2 = float(((tilted - point) ** 2).sum() + ((lower - point) ** 2).sum())
    across2 = float(((turned - point) ** 2).sum() + ((aside - point) ** 2).sum())
    covariance = covariances(view, point)[0]
    # It looks north along the picture's middle: the ellipse lies along the axes.
    assert math.sqrt(covariance[1, 1]) == pytest.approx(math.sqrt(along2), rel=0.06)
    assert math.sqrt(covariance[0, 0]) == pytest.approx(math.sqrt(across2), rel=0.06)
    assert covariance[0, 1] == pytest.approx(0, abs=1e-9)
    assert error_m(covariance, 3.0) == pytest.approx(math.sqrt(covariance.trace() + 9))


def test_the_error_grows_with_the_range() -> None:
    view = view_of(a_mounting(yaw_deg=0.0), 0.0, SIZE)
    errors = [error_m(covariances(view, np.array([[0.0, r]]))[0], 0.0) for r in (3.0, 10.0, 25.0)]
    assert errors == sorted(errors)


def test_without_a_heading_there_is_no_place() -> None:
    assert place_on_ground(a_mounting(), a_position(heading=None), SIZE, 960, 1000) is None
    assert place_on_ground(a_mounting(), a_position(), SIZE, 960, 0) is None
    place = place_on_ground(a_mounting(), a_position(accuracy=2.0), SIZE, 960, 1000)
    assert place is not None
    assert place.error_m == pytest.approx(2.0, abs=0.01)  # 3 m away the angles hardly count
