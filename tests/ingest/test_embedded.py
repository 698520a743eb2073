"""Positions inside videos, and the JSON beside them: bytes made by hand, and a real clip."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.errors import BadTime, BadTrack
from ingest.gpmf import gps5, read_embedded
from ingest.json_track import read_sidecar
from ingest.track_files import read_track
from tests.ingest.footage_builders import CLIPS

START = datetime(2026, 10, 31, 6, 5, tzinfo=UTC)


# GPMF --------------------------------------------------------------------------------------------------


def _item(key: bytes, kind: bytes, size: int, values: bytes) -> bytes:
    head = struct.pack(">4scBH", key, kind, size, len(values) // size)
    return head + values + b"\0" * (-len(values) % 4)


def _payload(rows: list[tuple[int, ...]], fix: int = 3) -> bytes:
    """One device with one stream: 1e7 units a degree, millimetres, mm/s."""
    inside = (
        _item(b"GPSF", b"L", 4, struct.pack(">I", fix))
        + _item(b"GPSU", b"U", 16, b"261031060500.000")
        + _item(b"GPSP", b"S", 2, struct.pack(">H", 154))
        + _item(b"SCAL", b"l", 4, struct.pack(">5i", 10_000_000, 10_000_000, 1000, 1000, 100))
        + _item(b"GPS5", b"l", 20, b"".join(struct.pack(">5i", *row) for row in rows))
    )
    other = _item(b"ACCL", b"s", 2, struct.pack(">3h", 1, 2, 3))
    strm = _item(b"STRM", b"\0", 1, other) + _item(b"STRM", b"\0", 1, inside)
    return _item(b"DEVC", b"\0", 1, strm)


def test_a_payload_by_hand() -> None:
    (found,) = gps5(
        _payload([(312_200_000, 1_214_400_000, 4500, 5500, 560), (312_200_100, 1_214_400_000, 0, 0, 0)])
    )
    assert (found.stamp, found.fix, found.dop) == (START, 3, 1.54)
    assert found.rows[0] == pytest.approx((31.22, 121.44, 4.5, 5.5, 5.6))
    assert found.rows[1][0] == pytest.approx(31.22001)


@pytest.mark.parametrize("cut", [9, 30, 60, 100])
def test_a_payload_that_is_cut_off(cut: int) -> None:
    with pytest.raises(BadTrack, match="damaged"):
        gps5(_payload([(1, 2, 3, 4, 5)])[:cut])


def test_what_nests_without_end_is_refused() -> None:
    data = b""
    for _ in range(20):
        data = _item(b"DEVC", b"\0", 1, data)
    with pytest.raises(BadTrack, match="damaged"):
        gps5(data)


def test_the_real_clip_holds_the_fixes_of_its_table() -> None:
    clip, table = CLIPS / "gopro_max_walk_gps.mp4", CLIPS.parent / "gps" / "gopro_max_walk_gps.csv"
    if not clip.is_file():
        pytest.skip(f"{clip} is not here: shared clips are kept outside the project")
    found = read_embedded(clip)
    assert found is not None
    expected = read_track(table)
    assert [(f.lat, f.lon) for f in found.track.fixes] == [(f.lat, f.lon) for f in expected.fixes]
    apart = [abs((a.t - b.t).total_seconds()) for a, b in zip(found.track.fixes, expected.fixes, strict=True)]
    assert max(apart) < 0.1
    assert abs(found.start - expected.start) < timedelta(seconds=0.1)
    assert read_track(clip).fixes == found.track.fixes  # by content, as any track


def test_a_video_without_positions() -> None:
    clip = CLIPS / "torino_crossing.mp4"
    if not clip.is_file():
        pytest.skip(f"{clip} is not here: shared clips are kept outside the project")
    assert read_embedded(clip) is None
    with pytest.raises(BadTrack, match="holds no positions"):
        read_track(clip)


# JSON --------------------------------------------------------------------------------------------------


def _json(folder: Path, data: object) -> Path:
    path = folder / "drive.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), "utf-8")
    return path


def test_start_and_positions(tmp_path: Path) -> None:
    path = _json(tmp_path, {
        "start": "2026-10-31T14:05:00+08:00", "vehicle": "沪A",
        "positions": [{"t": "2026-10-31T06:05:00Z", "lat": 31.22, "lon": 121.44, "speed": 5.5, "heading": 90},
                      {"t": START.timestamp() + 1, "lat": 31.22, "lon": 121.4401, "accuracy": 3}],
    })  # fmt: skip
    found = read_sidecar(path, now=START)
    assert found.start == START
    assert found.track is not None
    first, second = found.track.fixes
    assert (first.t, first.lat, first.lon, first.speed, first.heading) == (START, 31.22, 121.44, 5.5, 90)
    assert (second.t, second.accuracy) == (START + timedelta(seconds=1), 3)
    assert read_track(path).fixes == found.track.fixes


def test_a_start_alone(tmp_path: Path) -> None:
    path = _json(tmp_path, {"start": "2026-10-31T14:05:00+08:00"})
    assert read_sidecar(path, now=START).track is None
    with pytest.raises(BadTrack, match="holds no positions"):
        read_track(path)


@pytest.mark.parametrize(
    "data",
    ["{", "[]", "3", '"a"', "{}", {"positions": []}, {"positions": {}}, {"positions": ["x"]},
     {"positions": [{"t": "2026-10-31T06:05:00", "lat": 31, "lon": 121}]},  # which clock?
     {"positions": [{"t": "2026-10-31T06:05:00Z", "lat": 91, "lon": 121}]},
     {"positions": [{"t": "2026-10-31T06:05:00Z", "lat": True, "lon": 121}]},
     '{"positions": [{"t": 1e400, "lat": NaN, "lon": 121}]}', "[" * 100_000],
)  # fmt: skip
def test_json_that_is_refused(tmp_path: Path, data: object) -> None:
    with pytest.raises(BadTrack):
        read_sidecar(_json(tmp_path, data))


@pytest.mark.parametrize(
    "start", ["2026-10-31T14:05:00", "yesterday", "1970-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]
)
def test_a_start_that_cannot_be_true(tmp_path: Path, start: str) -> None:
    with pytest.raises(BadTime):
        read_sidecar(_json(tmp_path, {"start": start}), now=START)
