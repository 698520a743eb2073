"""Kilometres driven and looked at, on straight drives north at 10 m/s, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ingest.coverage import Share, between, odometer, once, spans_of, street_shares, stretches, ways_of
from ingest.frame import PositionSource
from ingest.track import GEOD, Fix, Track

LON, LAT = 121.44, 31.22
START = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)
T0 = START.timestamp()


def _ahead(metres: float, azimuth: float = 0.0, lon: float = LON, lat: float = LAT) -> tuple[float, float]:
    x, y, _ = GEOD.fwd(lon, lat, azimuth, metres)
    return x, y


def _way(metres: list[float], seconds: list[float], azimuth: float = 0.0) -> np.ndarray:
    return np.array([[T0 + s, *_ahead(m, azimuth)] for m, s in zip(metres, seconds, strict=True)])


def _track(points: list[tuple[float, float]]) -> Track:
    """(seconds, metres north)."""
    fixes = [Fix(START + timedelta(seconds=s), *reversed(_ahead(m))) for s, m in points]
    return Track(tuple(fixes), PositionSource.GPX)


def test_metres_along_the_way() -> None:
    assert odometer(_way([0, 100, 250], [0, 10, 25])) == pytest.approx([0, 100, 250], abs=1e-3)
    assert odometer(_way([7], [0])).tolist() == [0.0]


def test_looks_close_together_are_one_span() -> None:
    """Looks at 0, 2, 4 s and 60, 61 s: a pause of 56 s parts them; 5 s exactly do not."""
    times = [START + timedelta(seconds=s) for s in (61, 0, 4, 2, 60)]
    assert spans_of(times) == [(T0, T0 + 4), (T0 + 60, T0 + 61)]
    assert spans_of([START, START + timedelta(seconds=5)]) == [(T0, T0 + 5)]
    assert spans_of([]) == []


def test_a_look_covers_twenty_metres_to_both_sides() -> None:
    """1,000 m in 100 s, looked at from 20 s to 50 s: 200-500 m, with 20 m to each side 180-520 m = 340 m."""
    way = _way([0, 1000], [0, 100])
    found = stretches(way, [(T0 + 20, T0 + 50)])
    assert [(s.looked, round(s.metres, 2)) for s in found] == [(False, 180), (True, 340), (False, 480)]
    assert [(round(s.start - T0, 2), round(s.end - T0, 2)) for s in found] == [(0, 18), (18, 52), (52, 100)]
    assert found[1].line[0] == pytest.approx(_ahead(180), abs=1e-7)


def test_single_looks_far_apart_leave_holes_and_near_ones_none() -> None:
    """At 10 m/s a look every 10 s sees 40 m of 100 m; a look every 4 s sees everything."""
    way = _way([0, 1000], [0, 100])
    sparse = [(T0 + s, T0 + s) for s in range(5, 100, 10)]
    assert sum(s.metres for s in stretches(way, sparse) if s.looked) == pytest.approx(400, abs=0.01)
    dense = [(T0 + s, T0 + s) for s in range(0, 101, 4)]
    assert [(s.looked, round(s.metres)) for s in stretches(way, dense)] == [(True, 1000)]


def test_looks_beyond_the_way_and_ways_without_length() -> None:
    way = _way([0, 100], [0, 10])
    assert [s.looked for s in stretches(way, [(T0 - 50, T0 - 1), (T0 + 11, T0 + 60)])] == [False]
    assert [(s.looked, round(s.metres)) for s in stretches(way, [(T0 - 50, T0 + 60)])] == [(True, 100)]
    assert stretches(_way([0, 0], [0, 600]), [(T0, T0 + 600)]) == []
    assert stretches(way[:1], [(T0, T0)]) == []


def test_a_track_is_cut_at_its_gaps_and_thinned() -> None:
    """5 m each second for 20 s, 30 s of nothing, then 10 s more: two ways; the middle points thin out to 10 m."""
    points = [(s, 5.0 * s) for s in range(21)] + [(50 + s, 300.0 + 5 * s) for s in range(11)]
    first, second = ways_of(_track([(float(s), m) for s, m in points]))
    assert odometer(first)[-1] == pytest.approx(100, abs=0.01)
    assert odometer(second)[-1] == pytest.approx(50, abs=0.01)
    assert len(first) == 11
    assert np.diff(odometer(first)) == pytest.approx(10.0, abs=0.01)


def test_a_stop_stays_in_the_thinned_way() -> None:
    """Half a minute at a red light: the metres of a look during it lie at the light, not where the drive goes on."""
    points = [(float(s), 10.0 * min(s, 10)) for s in range(40)] + [
        (40.0 + s, 100.0 + 10 * s) for s in range(1, 11)
    ]
    (way,) = ways_of(_track(points))
    seen = [s for s in stretches(way, [(T0 + 25, T0 + 25)]) if s.looked]
    assert sum(s.metres for s in seen) == pytest.approx(40, abs=0.1)
    assert seen[0].line[0] == pytest.approx(_ahead(80), abs=2e-6)


def test_a_part_of_a_way() -> None:
    """From 20 s to 70 s of 1,000 m in 100 s: 200 m to 700 m."""
    part = between(_way([0, 500, 1000], [0, 50, 100]), T0 + 20, T0 + 70)
    assert part[:, 0].tolist() == [T0 + 20, T0 + 50, T0 + 70]
    assert part[0, 1:] == pytest.approx(_ahead(200), abs=1e-6)
    assert odometer(part)[-1] == pytest.approx(500, abs=0.1)
    assert len(between(part, T0 + 70, T0 + 90)) == 0


def test_what_two_tracks_tell_is_driven_once() -> None:
    """A track of 0-60 s, the same day's whole track of 0-100 s, a day that begins at 10 s: 10-60 and 60-100 s."""
    short, whole = _way([0, 600], [0, 60]), _way([0, 1000], [0, 100])
    parts = once([short, whole], T0 + 10, T0 + 1000)
    assert [(p[0, 0] - T0, p[-1, 0] - T0) for p in parts] == [(10, 60), (60, 100)]
    assert sum(odometer(p)[-1] for p in parts) == pytest.approx(900, abs=0.1)
    middle = once([_way([400, 600], [40, 60]), whole], T0, T0 + 1000)
    assert [(p[0, 0] - T0, p[-1, 0] - T0) for p in middle] == [(0, 40), (40, 60), (60, 100)]
    assert once([], 0, 1) == []


# Streets ---------------------------------------------------------------------------------------------


def _street(azimuth: float, length: float, side_m: float = 0.0) -> np.ndarray:
    """From the start of the drive on, ``side_m`` to its east."""
    lon, lat = _ahead(side_m, 90.0)
    return np.array([[lon, lat], _ahead(length, azimuth, lon, lat)])


def test_a_street_beside_the_way_is_driven_and_half_looked_at() -> None:
    """A street of 500 m, 10 m beside a drive of 1,000 m; looked at from 180 m to 520 m: 320 m of the street."""
    driven = stretches(_way([0, 1000], [0, 100]), [(T0 + 20, T0 + 50)])
    (share,) = street_shares([_street(0, 500, 10)], driven)
    assert share.metres == pytest.approx(500, rel=2e-3)
    assert share.driven == pytest.approx(500, rel=2e-3)
    assert share.looked == pytest.approx(340, abs=25)  # pieces of 10 m, and 23 m of reach along the way


def test_a_street_that_is_crossed_or_far_away_is_not_driven() -> None:
    driven = stretches(_way([0, 1000], [0, 100]), [(T0, T0 + 100)])
    crossed, far, other_way = _street(90, 200), _street(0, 300, 40), _street(180, 300, 10)
    shares = street_shares([crossed, far, other_way], driven)
    assert [round(s.driven) for s in shares[:2]] == [0, 0]
    assert shares[2].driven < 30  # it begins where the drive begins and leads away behind it


def test_the_other_direction_counts_the_same() -> None:
    driven = stretches(_way([1000, 0], [0, 100]), [(T0, T0 + 100)])
    (share,) = street_shares([_street(0, 1000, 10)], driven)
    assert share.looked == share.driven == pytest.approx(share.metres)


def test_no_drive_and_no_streets() -> None:
    assert street_shares([], []) == []
    (share,) = street_shares([_street(0, 100)], [])
    assert share == Share(pytest.approx(100, rel=2e-3), 0.0, 0.0)
