"""When a recording began: file names, containers, plausibility."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from footage_builders import NOW, START

from ingest.errors import BadTime
from ingest.file_names import gb28181_snapshot, time_in_name
from ingest.frame import TimeSource
from ingest.plausible import check_start
from ingest.start import find_start

# 14:05:12 in Shanghai is 06:05:12 UTC
NAMES = [
    "20261031_140512.mp4",
    "VID_20261031_140512.mp4",
    "2026-10-31 14-05-12.mkv",
    "2026_1031_140512_001F.MP4",
    "DJI_20261031140512_0001.mp4",
    "cam1_2026-10-31T14:05:12.avi",
    "2026年10月31日14时05分12秒.jpg",
    "clip_20261031T060512Z.ts",
]


@pytest.mark.parametrize("name", NAMES)
def test_common_file_names(name: str) -> None:
    assert time_in_name(name) == START


def test_milliseconds_and_gb28181() -> None:
    name = "31010500001320000001_20261031140512345.jpg"
    at = START + timedelta(milliseconds=345)
    assert gb28181_snapshot(name) == ("31010500001320000001", at)
    assert time_in_name(name) == time_in_name("x20261031140512345.jpg") == at
    assert time_in_name("2026-10-31 14-05-12.345.png") == at
    assert gb28181_snapshot("3101050000132000000120261031140512345.jpg") == (name[:20], at)


@pytest.mark.parametrize(
    "name", ["video.mp4", "20261399_140512.mp4", "20261031.mp4", "99912026103114051299.mp4"]
)
def test_names_without_a_moment(name: str) -> None:
    assert time_in_name(name) is None


def a_file(folder: Path, name: str, written: datetime = START) -> Path:
    path = folder / name
    path.write_bytes(b"x")
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


def test_order_of_sources(tmp_path: Path) -> None:
    named, bare = a_file(tmp_path, "20261030_140512.mp4"), a_file(tmp_path, "a.mp4")
    stamp = {"creation_time": "2026-10-29T00:00:00.000000Z"}
    given = datetime(2026, 10, 28, 8, tzinfo=timezone(timedelta(hours=8)))
    found = find_start(named, given, [stamp], NOW)
    assert (found.at, found.source) == (datetime(2026, 10, 28, tzinfo=UTC), TimeSource.GIVEN)
    found = find_start(named, None, [stamp], NOW)
    assert (found.at, found.source) == (datetime(2026, 10, 29, tzinfo=UTC), TimeSource.DEVICE)
    assert "file name says" in found.notes[0]
    found = find_start(named, None, [], NOW)
    assert (found.at, found.source) == (START - timedelta(days=1), TimeSource.DEVICE)
    found = find_start(bare, None, [], NOW)
    assert (found.at, found.source, found.found_in) == (START, TimeSource.SERVER, "file date")


def test_apple_date_carries_its_zone_and_streams_are_asked_too(tmp_path: Path) -> None:
    path = a_file(tmp_path, "a.mov")
    apple = {
        "com.apple.quicktime.creationdate": "2026-10-31T14:05:12+0800",
        "creation_time": "2026-10-31T06:09:00Z",
    }
    assert find_start(path, None, [apple], NOW).at == START
    assert find_start(path, None, [{}, {"creation_time": "2026-10-31T06:05:12Z"}], NOW).at == START


@pytest.mark.parametrize("epoch", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2000-01-01T00:00:07Z"])
def test_an_unset_clock_is_no_time(tmp_path: Path, epoch: str) -> None:
    found = find_start(a_file(tmp_path, "20261031_140512.mp4"), None, [{"creation_time": epoch}], NOW)
    assert (found.at, found.found_in) == (START, "file name")
    assert "never set" in found.notes[0]


def test_the_future_is_refused() -> None:
    assert check_start(NOW + timedelta(minutes=5), "a.mp4", NOW) == NOW + timedelta(minutes=5)
    with pytest.raises(BadTime, match=r"a\.mp4: .*0\.1 h in the future.*\+08:00") as error:
        check_start(NOW + timedelta(minutes=6), "a.mp4", NOW)
    assert "\n" not in str(error.value)
    with pytest.raises(BadTime, match=r"365\.0 days in the future; mend"):
        check_start(NOW + timedelta(days=365), "a.mp4", NOW)


def test_naive_times_are_refused() -> None:
    with pytest.raises(BadTime, match="no time zone"):
        check_start(datetime(2026, 1, 1), "a.mp4", NOW)  # noqa: DTZ001
    with pytest.raises(BadTime, match="unset clock"):
        check_start(datetime(1999, 1, 1, tzinfo=UTC), "a.mp4", NOW)
