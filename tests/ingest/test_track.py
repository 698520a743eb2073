"""Tracks: interpolation by hand, cleaning, the three formats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from pathlib import Path

import pytest
from footage_builders import CLIPS, GPS, START
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from ingest.errors import BadTrack
from ingest.frame import PositionSource
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_files import find_track, read_track

GEOD = Geod(ellps="WGS84")


def at(s: float) -> datetime:
    return START + timedelta(seconds=s)


def a_track(*fixes: Fix) -> Track:
    return Track(fixes, PositionSource.GPX, "drive.gpx")


def a_drive(seconds: Sequence[float], step: float = 1e-4) -> list[Fix]:
    """Northwards along 121 E at 11.1 m/s: latitude grows by ``step`` a second."""
    return [Fix(at(s), 31.0 + s * step, 121.0) for s in seconds]


def test_halfway_and_a_quarter() -> None:
    track = a_track(
        Fix(at(0), 31.0, 121.0, 3.0, 10.0, 350.0, "a"), Fix(at(4), 31.0004, 121.0, 5.0, 14.0, 10.0, "b")
    )
    middle = track.position_at(at(2))
    assert middle is not None
    assert (middle.latitude, middle.longitude) == (
        pytest.approx(31.0002, abs=1e-9),
        pytest.approx(121.0, abs=1e-9),
    )
    assert middle.heading in (
        pytest.approx(0, abs=1e-9),
        pytest.approx(360, abs=1e-9),
    )  # the short way through north
    assert middle.speed == pytest.approx(12.0)
    # sigma: (3 + 5) / 2 = 4; error bound: 2/2 * 2 * 2 = 4
    assert middle.accuracy == pytest.approx(sqrt(4**2 + 4**2))
    quarter = track.position_at(at(1))
    assert quarter is not None
    assert (quarter.latitude, quarter.heading) == (pytest.approx(31.0001, abs=1e-9), pytest.approx(355.0))
    assert quarter.accuracy == pytest.approx(sqrt(3.5**2 + 3**2))  # 1 * 1 * (4 - 1) = 3
    assert (quarter.raw, track.position_at(at(3)).raw) == ("a", "b")  # type: ignore[union-attr]


def test_at_a_fix_it_is_the_fix() -> None:
    found = a_track(Fix(at(0), 31.0, 121.0, 3.0, 10.0, 350.0, "a"), Fix(at(4), 31.0004, 121.0)).position_at(
        at(0)
    )
    assert found is not None
    assert (found.latitude, found.speed, found.heading, found.accuracy, found.raw) == (
        31.0,
        10.0,
        350.0,
        3.0,
        "a",
    )


def test_heading_and_speed_by_motion() -> None:
    north = a_track(*a_drive(range(4))).position_at(at(1.5))
    assert north is not None
    assert (north.heading, north.speed) == (pytest.approx(0, abs=1e-6), pytest.approx(11.087, abs=0.01))
    east = a_track(Fix(at(0), 31.0, 121.0), Fix(at(1), 31.0, 121.0001)).position_at(at(0.3))
    assert east is not None
    assert east.heading == pytest.approx(90, abs=1e-3)
    still = a_track(*[Fix(at(s), 31.0, 121.0) for s in range(20)]).position_at(at(9.5))
    assert still is not None
    assert (still.heading, still.speed) == (None, 0.0)


def test_slow_motion_is_read_over_a_wider_span() -> None:
    """18 fixes a second at a walk: two neighbours are 6 cm apart and say nothing."""
    track = a_track(*[Fix(at(i / 18), 31.0 + i * 6e-7, 121.0) for i in range(180)])
    found = track.position_at(at(5.01))
    assert found is not None
    assert (found.heading, found.speed) == (pytest.approx(0, abs=0.01), pytest.approx(1.2, abs=0.01))


def test_outside_and_in_gaps_there_is_no_position() -> None:
    track = a_track(*a_drive([0, 1, 12, 13]))
    assert track.position_at(at(-0.001)) is None
    assert track.position_at(at(13.001)) is None
    assert track.position_at(at(5)) is None
    assert track.position_at(at(12)) is not None
    assert a_track(*a_drive([0, 10])).position_at(at(5)) is not None


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 9), st.floats(-60, 60), st.floats(-179, 179), st.floats(0, 359.9))
def test_positions_lie_on_the_way(t: float, lat: float, lon: float, course: float) -> None:
    lon2, lat2, _ = GEOD.fwd(lon, lat, course, 100)
    found = a_track(Fix(at(0), lat, lon), Fix(at(9), lat2, lon2)).position_at(at(t))
    assert found is not None
    a = GEOD.inv(lon, lat, found.longitude, found.latitude)[2]
    b = GEOD.inv(found.longitude, found.latitude, lon2, lat2)[2]
    assert a + b == pytest.approx(100, abs=1e-3)
    assert a == pytest.approx(100 * t / 9, abs=1e-3)
    assert found.accuracy >= 5.0


def test_covers() -> None:
    track = a_track(*a_drive(range(101)))
    assert track.covers(at(0), at(100)) == 1.0
    assert track.covers(at(50), at(150)) == pytest.approx(0.5)
    assert track.covers(at(101), at(150)) == 0.0
    assert track.covers(at(50), at(50)) == 1.0
    with pytest.raises(
        BadTrack, match=r"2026-10-31 06:05:12 to 2026-10-31 06:06:52 UTC.*2026-11-01 06:05:12"
    ):
        track.must_cover(at(86400), at(86500), "a.mp4")


def test_cleaning_sorts_and_drops() -> None:
    fixes = a_drive(range(10))
    mixed = [fixes[1], fixes[0], *fixes[2:], fixes[4]]
    track = clean(mixed, PositionSource.GPX, "t")
    assert track.fixes == tuple(fixes)
    assert track.notes == (
        "track: 2 fixes out of order: sorted by time",
        "track: 1 fixes with a time already seen: first kept",
    )


@pytest.mark.parametrize("odd", [[0], [5], [9], [4, 5], [0, 1], [2, 7], [8, 9]])
def test_the_minority_of_a_jump_goes(odd: list[int]) -> None:
    fixes = a_drive(range(10))
    jumped = [Fix(f.t, f.lat + 0.05 * (i in odd), f.lon) for i, f in enumerate(fixes)]
    track = clean(jumped, PositionSource.GPX, "t")
    assert track.fixes == tuple(f for i, f in enumerate(fixes) if i not in odd)
    assert track.notes == (f"track: {len(odd)} fixes that imply more than 60 m/s: left out",)


def test_too_many_bad_fixes() -> None:
    fixes = [Fix(at(i), 31.0 + 0.05 * (i % 2), 121.0) for i in range(20)]
    with pytest.raises(BadTrack, match="10 of 20 fixes are impossible"):
        clean(fixes, PositionSource.GPX, "t")
    with pytest.raises(BadTrack, match="no usable fix"):
        clean([Fix(datetime(1980, 1, 6, tzinfo=UTC), 31, 121)], PositionSource.GPX, "t")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 0, 0, 0, 0.4])), min_size=1, max_size=60))
def test_what_is_kept_can_be_driven(rows: list[tuple[int, float]]) -> None:
    fixes = [Fix(at(s), 31.0 + s * 1e-4 + off, 121.0) for s, off in rows]
    try:
        track = clean(fixes, PositionSource.GPX, "t")
    except BadTrack:
        return
    for a, b in pairwise(track.fixes):
        assert b.t > a.t
        assert GEOD.inv(a.lon, a.lat, b.lon, b.lat)[2] / (b.t - a.t).total_seconds() <= 60.001


GPX10 = """<?xml version="1.0"?><gpx version="1.0" creator="x" xmlns="http://www.topografix.com/GPX/1/0"><trk><trkseg>
<trkpt lat="31.0" lon="121.0"><time>2026-10-31T06:05:12Z</time><course>90</course>
<speed>8.5</speed><hdop>1.2</hdop></trkpt>
<trkpt lat="31.0" lon="121.0001"><time>2026-10-31T06:05:13Z</time></trkpt></trkseg></trk></gpx>"""
GPX11 = """<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"
 xmlns:e="http://www.garmin.com/xmlschemas/TrackPointExtension/v2"><trk><trkseg>
<trkpt lat="31.0" lon="121.0"><time>2026-10-31T06:05:12.500Z</time><extensions><e:TrackPointExtension>
<e:speed>8.5</e:speed><e:course>90.0</e:course></e:TrackPointExtension><accuracy>4</accuracy></extensions></trkpt>
<trkpt lat="31.0" lon="121.0001"><time>2026-10-31T14:05:13+08:00</time></trkpt>
<trkpt lat="31.0" lon="121.0002"></trkpt></trkseg></trk></gpx>"""


def a_file(folder: Path, text: str, name: str = "drive.gpx") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_gpx_1_0_and_1_1(tmp_path: Path) -> None:
    track = read_track(a_file(tmp_path, GPX10))
    first = track.fixes[0]
    assert (first.t, first.lat, first.lon, first.speed, first.heading) == (START, 31.0, 121.0, 8.5, 90.0)
    assert first.accuracy == pytest.approx(6.0)
    assert track.source is PositionSource.GPX
    track = read_track(a_file(tmp_path, GPX11))
    first = track.fixes[0]
    assert (first.t, first.speed, first.heading, first.accuracy) == (at(0.5), 8.5, 90.0, 4.0)
    assert track.end == at(1)
    assert track.notes == ("track: 1 points without time left out",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("<gpx", "no GPX"),
        ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><gpx/>", "DOCTYPE"),
        ('<gpx version="1.1" creator="x"></gpx>', "no track points"),
        (
            '<gpx version="1.1" creator="x"><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>',
            "carries a time",
        ),
    ],
)
def test_bad_gpx(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadTrack, match=message) as error:
        read_track(a_file(tmp_path, text))
    assert "\n" not in str(error.value)


def nmea(body: str) -> str:
    check = 0
    for char in body:
        check ^= ord(char)
    return f"${body}*{check:02X}"


def test_nmea_over_midnight(tmp_path: Path) -> None:
    lines = [
        nmea("GPGGA,235958.00,3100.0000,N,12100.0000,E,1,08,1.1,5.0,M,,M,,"),  # before the first date
        nmea("GPRMC,235959.00,A,3100.0060,N,12100.0000,E,019.438,090.0,311026,,,A"),
        nmea("GPGGA,235959.00,3100.0060,N,12100.0000,E,1,08,0.8,5.0,M,,M,,"),
        nmea("GPGGA,000000.00,3100.0120,N,12100.0000,E,1,08,0.9,5.0,M,,M,,"),  # the next day, before its RMC
        "1777 " + nmea("GNRMC,000001.50,A,3100.0210,N,12100.0000,E,019.438,,011126,,,A"),
        nmea("GPRMC,000002.00,V,,,,,,,011126,,,N"),
        nmea("GPRMC,000003.00,A,3100.0300,N,12100.0000,E,1,2,011126,,,A")[:-1] + "0",  # a wrong checksum
        nmea("GPGSV,1,1,00"),
    ]
    track = read_track(a_file(tmp_path, "\n".join(lines), "drive.nmea"))
    midnight = datetime(2026, 11, 1, tzinfo=UTC)
    assert [(fix.t - midnight).total_seconds() for fix in track.fixes] == [-2, -1, 0, 1.5]
    assert [fix.accuracy for fix in track.fixes] == [
        pytest.approx(5.5),
        pytest.approx(4),
        pytest.approx(4.5),
        None,
    ]
    second = track.fixes[1]
    assert second.lat == pytest.approx(31.0001)
    assert (second.speed, second.heading) == (pytest.approx(10.0, abs=1e-3), 90.0)
    assert "GPRMC" in second.raw
    assert "GPGGA" in second.raw
    assert track.notes == (
        "track: 1 NMEA sentences with a wrong checksum or form left out",
        "track: 1 NMEA sentences without a fix left out",
    )


def test_nmea_without_a_date(tmp_path: Path) -> None:
    line = nmea("GPGGA,235959.00,3100.0060,N,12100.0000,E,1,08,0.8,5.0,M,,M,,")
    with pytest.raises(BadTrack, match="only RMC has the date"):
        read_track(a_file(tmp_path, line, "a.nmea"))


@pytest.mark.parametrize(
    "text",
    [
        "time,lat,lon,speed,course,hdop\n2026-10-31T06:05:12Z,31,121,10,90,1\n2026-10-31T06:05:13Z,31,121.0001,10,90,1",
        "Timestamp;Latitude;Longitude;Speed (km/h);Heading;Accuracy\n"
        "1793426712;31;121;36;90;5\n1793426713;31;121.0001;36;90;5",
        "timestamp,latitude,lng,speed,bearing,accuracy\n1793426712000,31,121,10,90,5\n1793426713000,31,121.0001,10,90,5",
        "时间,经度,纬度,速度,方向,精度\n2026/10/31 14:05:12,121,31,36,90,5\n2026/10/31 14:05:13,121.0001,31,36,90,5",
        "utc\tlat\tlon\tspeed_ms\theading\taccuracy_m\n"
        "20261031060512\t31\t121\t10\t90\t5\n20261031060513.000\t31\t121.0001\t10\t90\t5",
    ],
)
def test_csv_forms(tmp_path: Path, text: str) -> None:
    track = read_track(a_file(tmp_path, text, "drive.csv"))
    first = track.fixes[0]
    assert (first.t, first.lat, first.lon) == (START, 31.0, 121.0)
    assert (first.speed, first.heading, first.accuracy) == (pytest.approx(10.0), 90.0, pytest.approx(5.0))
    assert track.end == at(1)
    assert track.source is PositionSource.CSV


def test_csv_in_gb18030_and_broken_rows(tmp_path: Path) -> None:
    rows = [f"2026-10-31 14:05:{12 + i},31,{121 + i * 1e-4}" for i in range(9)] + ["soon,31,121"]
    path = tmp_path / "a.csv"
    path.write_bytes(("定位时间,纬度,经度\n" + "\n".join(rows)).encode("gb18030"))
    track = read_track(path)
    assert (track.start, len(track.fixes)) == (START, 9)
    assert track.notes == ("track: 1 rows that cannot be read left out",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2", "columns for time"),
        ("time,lat,lon\nx,1,2\ny,3,4", "2 of 2 rows"),
        ("time,lat,lon\n", "0 of 0 rows"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadTrack, match=message):
        read_track(a_file(tmp_path, text, "a.csv"))


def test_binary_is_no_track(tmp_path: Path) -> None:
    path = tmp_path / "a.gpx"
    path.write_bytes(b"\0\1\2")
    with pytest.raises(BadTrack, match="no text"):
        read_track(path)
    with pytest.raises(BadTrack, match="no such"):
        read_track(tmp_path / "b.gpx")


def test_side_files(tmp_path: Path) -> None:
    video = tmp_path / "drive [1].mp4"
    assert find_track(video) is None
    (tmp_path / "drive [1].CSV").write_text("x")
    (tmp_path / "drive 2.gpx").write_text("x")
    assert find_track(video) == tmp_path / "drive [1].CSV"
    (tmp_path / "drive [1].gpx").write_text("x")
    assert find_track(video) == tmp_path / "drive [1].gpx"


def test_the_gopro_table() -> None:
    path = GPS / "gopro_max_walk_gps.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here: shared data is kept outside the project")
    track = read_track(path)
    assert len(track.fixes) == 191
    # payloads 2 to n say 23:45:15.53 for t_s = 0, the first alone says 14.000
    assert (track.start - datetime(2019, 11, 18, 23, 45, 15, tzinfo=UTC)).total_seconds() == pytest.approx(
        0.53, abs=0.1
    )
    assert (track.end - track.start).total_seconds() == pytest.approx(10.462)
    assert track.fixes[0].accuracy == pytest.approx(7.7)
    assert track.fixes[0].speed == pytest.approx(1.046)
    middle = track.position_at(track.start + timedelta(seconds=5))
    assert middle is not None
    assert middle.heading is not None
    assert 90 < middle.heading < 180  # south-east


def test_the_real_gpx() -> None:
    path = GPS / "sf_30km_h.gpx"
    if not path.is_file():
        pytest.skip(f"{path} is not here: shared data is kept outside the project")
    track = read_track(path)
    assert track.start == datetime(2025, 3, 14, 7, tzinfo=UTC)
    found = track.position_at(track.start + timedelta(seconds=1.2475))
    assert found is not None
    assert found.latitude == pytest.approx((37.793585 + 37.793772) / 2, abs=1e-6)
    assert found.speed == pytest.approx(30 / 3.6, abs=0.5)


def test_the_gopro_clock_is_eight_hours_off() -> None:
    """The clip's creation_time is local time written as UTC: the track does not fit, and the message says why."""
    from ingest.recorded import open_recording

    clip = CLIPS / "gopro_max_walk_gps.mp4"
    if not clip.is_file():
        pytest.skip(f"{clip} is not here: shared clips are kept outside the project")
    track = read_track(GPS / "gopro_max_walk_gps.csv")
    with pytest.raises(BadTrack, match="about 8 h: check the time zone"):
        open_recording(clip, "car", track=track)
    frames = list(open_recording(clip, "car", track.start, 2.0, track))
    assert sum(frame.position is not None for frame in frames) == 21
