"""Smoothed tracks: values worked by hand, drives without error recovered, jumps, outages, stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import exp, hypot, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from ingest.frame import Position, PositionSource
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_smoothing import DRIFT_S, STRAIGHT, _step, smooth

GEOD = Geod(ellps="WGS84")
START = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)


def at(s: float) -> datetime:
    return START + timedelta(seconds=s)


def a_fix(s: float, metres: float, course: float = 0.0, speed: float | None = 5.0, **more: object) -> Fix:
    """``metres`` along a course from 31 N 121 E."""
    lon, lat, _ = GEOD.fwd(121.0, 31.0, course, metres)
    heading = course if speed is not None else None
    return Fix(at(s), lat, lon, 4.0, speed, heading, **more)  # type: ignore[arg-type]


def a_track(*fixes: Fix) -> Track:
    return Track(fixes, PositionSource.GPX, "drive.gpx")


def known(position: Position | None) -> Position:
    assert position is not None
    return position


def off_m(position: Position, metres: float, course: float = 0.0) -> float:
    lon, lat, _ = GEOD.fwd(121.0, 31.0, course, metres)
    return float(GEOD.inv(lon, lat, position.longitude, position.latitude)[2])


def test_a_step_by_hand() -> None:
    f, noise = _step(2.0, STRAIGHT, 8.0)
    assert f[0, 2] == 2.0
    # White acceleration of density 0.3 over 2 s: q t3/3 = 0.8, q t2/2 = 0.6, q t = 0.6.
    assert (noise[0, 0], noise[0, 2], noise[2, 2]) == pytest.approx((0.8, 0.6, 0.6))
    stays = exp(-2.0 / DRIFT_S)
    assert f[4, 4] == pytest.approx(stays)
    assert noise[4, 4] == pytest.approx(8.0 * (1 - stays**2))


def test_one_fix_is_as_good_as_it_says() -> None:
    one = smooth(a_track(Fix(at(0), 31.0, 121.0, 3.0)))
    assert known(one.position_at(at(0))).accuracy == pytest.approx(3.0, abs=1e-3)
    silent = smooth(a_track(Fix(at(0), 31.0, 121.0)))
    assert known(silent.position_at(at(0))).accuracy == pytest.approx(5.0, abs=1e-3)
    assert known(silent.position_at(at(0))).heading is None
    assert silent.position_at(at(0.001)) is None
    assert silent.position_at(at(-0.001)) is None


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0, 359.9),
    st.floats(2, 15),
    st.floats(0.3, 3.0),
    st.integers(3, 15),
    st.floats(0, 1),
    st.booleans(),
)
def test_a_steady_drive_without_error_is_recovered(
    course: float, speed: float, step: float, count: int, share: float, doppler: bool
) -> None:
    fixes = [a_fix(k * step, k * step * speed, course, speed if doppler else None) for k in range(count)]
    s = share * step * (count - 1)
    found = known(smooth(a_track(*fixes)).position_at(at(s)))
    assert off_m(found, s * speed, course) < 0.2  # the prior (it stands) draws three fixes a little
    assert found.speed == pytest.approx(speed, rel=0.05)
    if found.heading is not None:
        assert abs((found.heading - course + 180) % 360 - 180) < 0.2
    assert found.accuracy <= 4.0 + 1e-6


def test_many_fixes_of_a_steady_drive_are_better_than_one_and_honest() -> None:
    """Error of 4 m DRMS that stays alike for 10 s: real and stated error agree, and both are far below 4 m."""
    random, real, stated = np.random.default_rng(7), [], []
    for _ in range(12):
        error = random.normal(0, 4 / sqrt(2), 2)
        fixes = []
        for k in range(60):
            stays = exp(-1 / 10)
            error = stays * error + sqrt(1 - stays**2) * random.normal(0, 4 / sqrt(2), 2)
            fix = a_fix(k, 5.0 * k)
            lon, lat, _ = GEOD.fwd(fix.lon, fix.lat, float(np.degrees(np.arctan2(*error))), hypot(*error))
            fixes.append(Fix(fix.t, lat, lon, 4.0, 5.0 + random.normal(0, 0.2), random.normal(0, 1) % 360))
        track = smooth(a_track(*fixes))
        for k in (10, 30, 50):
            found = known(track.position_at(at(k)))
            real.append(off_m(found, 5.0 * k))
            stated.append(found.accuracy)
    rms, told = float(np.sqrt(np.mean(np.square(real)))), float(np.mean(stated))
    assert told < 2.6
    assert 0.7 < rms / told < 1.3


def test_one_jump_is_not_believed_a_lasting_one_is() -> None:
    fixes = [a_fix(k, 5.0 * k) for k in range(20)]
    fixes[10] = a_fix(10, 110.0)  # 60 m ahead
    jumped = smooth(a_track(*fixes))
    assert off_m(known(jumped.position_at(at(10))), 50.0) < 0.5
    assert "1 fixes that jump" in jumped.notes[-1]
    moved = [a_fix(k, 5.0 * k + (80.0 if k >= 10 else 0.0)) for k in range(30)]
    assert off_m(known(smooth(a_track(*moved)).position_at(at(29))), 5 * 29 + 80.0) < 5.0


def test_an_outage_is_bridged_with_an_error_that_grows_and_has_an_end() -> None:
    fixes = [a_fix(k, 5.0 * k) for k in range(40) if not 10 < k < 25]
    track = smooth(a_track(*fixes))
    errors = [known(track.position_at(at(s))).accuracy for s in (10, 13, 17.5, 22, 25)]
    assert errors[0] < errors[1] < errors[2] > errors[3] > errors[4]
    assert off_m(known(track.position_at(at(17.5))), 87.5) < 0.5
    long = smooth(a_track(*[a_fix(k, 5.0 * k) for k in range(60) if not 10 < k < 42]))
    assert long.position_at(at(25)) is None
    assert long.position_at(at(10)) is not None
    assert long.position_at(at(42)) is not None


def test_standing_still_the_heading_is_held() -> None:
    drive = [a_fix(k, 5.0 * k, 90.0) for k in range(10)]
    stop = [Fix(at(k), drive[-1].lat, drive[-1].lon, 4.0, 0.0, 211.0) for k in range(11, 30)]
    track = smooth(a_track(*drive, *stop))
    held = known(track.position_at(at(25)))
    assert held.heading == pytest.approx(90.0, abs=3.0)
    assert held.heading_error is not None
    assert held.speed == pytest.approx(0.0, abs=0.1)
    # Before it first moved it looked the way in which it then went.
    start = [Fix(at(k), drive[0].lat, drive[0].lon, 4.0, 0.0) for k in range(-10, 0)]
    assert known(smooth(a_track(*start, *drive)).position_at(at(-8))).heading == pytest.approx(90, abs=3)
    assert known(smooth(a_track(*stop)).position_at(at(20))).heading is None


def test_a_clock_that_jumps_back_is_put_in_order_before() -> None:
    """Doubled and unordered times are mended (and noted) by cleaning; smoothing sees rising times only."""
    fixes = [a_fix(k, 5.0 * k) for k in range(10)]
    mixed = [*fixes[:6], a_fix(5, 25.0), *fixes[8:], *fixes[6:8]]
    track = smooth(clean(mixed, PositionSource.GPX, "drive.gpx"))
    assert len(track.fixes) == 10
    assert any("out of order" in note for note in track.notes)
    assert off_m(known(track.position_at(at(6.5))), 32.5) < 0.05


def test_a_corner_is_not_cut_far_when_the_course_is_measured() -> None:
    north = [a_fix(k, 5.0 * k) for k in range(11)]
    corner = north[-1]
    east = []
    for k in range(1, 11):
        lon, lat, _ = GEOD.fwd(corner.lon, corner.lat, 90.0, 5.0 * k)
        east.append(Fix(at(10 + k), lat, lon, 4.0, 5.0, 90.0))
    track = smooth(a_track(*north, *east))
    found = known(track.position_at(at(10)))
    assert GEOD.inv(found.longitude, found.latitude, corner.lon, corner.lat)[2] < 2.5
    assert known(track.position_at(at(18))).heading == pytest.approx(90, abs=2)
