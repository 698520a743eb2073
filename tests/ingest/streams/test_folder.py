"""A folder where a platform drops snapshots."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingest.errors import BadStream
from ingest.file_names import gb28181_snapshot
from ingest.frame import TimeSource
from ingest.streams import folder as folders
from ingest.streams.model import FaultCode, StreamAddress, StreamFault, StreamKind
from ingest.streams.opening import open_live
from tests.ingest.streams.cameras import a_jpeg
from tests.ingest.streams.servers import closing, fault_of

ONE, TWO = "34020000001320000001", "34020000001320000002"


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "RESCAN_S", 0.02)


def name_of(device: str, at: datetime) -> str:
    return f"{device}{at.astimezone(ZoneInfo('Asia/Shanghai')):%Y%m%d%H%M%S}{at.microsecond // 1000:03d}.jpg"


def drop(folder: Path, device: str, ago_s: float, number: int = 0) -> Path:
    """A snapshot taken so many seconds ago."""
    path = folder / name_of(device, datetime.now(UTC) - timedelta(seconds=ago_s))
    path.write_bytes(a_jpeg(number))
    return path


def at(folder: Path, **more: str) -> StreamAddress:
    query = "&".join(f"{k}={v}" for k, v in more.items())
    return StreamAddress(StreamKind.FOLDER, f"file://{folder}?{query}" if query else str(folder))


@pytest.mark.parametrize(
    ("name", "time"),
    [
        (ONE + "20261031140512123.jpg", "14:05:12.123"),
        (ONE + "_20261031140512123.jpg", "14:05:12.123"),
        (ONE + "-20261031140512.jpg", "14:05:12"),
        (ONE + "022026103114051200017.jpg", "14:05:12"),  # GA/T 1400: kind 02, number 00017
        (ONE + "-02-20261031140512-00017.jpg", "14:05:12"),
        (ONE + "2026103114051212301.jpg", "14:05:12.123"),
    ],
)
def test_names_of_the_standards(name: str, time: str) -> None:
    assert gb28181_snapshot(name) == (
        ONE,
        datetime.fromisoformat(f"2026-10-31T{time}+08:00").astimezone(UTC),
    )


@pytest.mark.parametrize(
    "name", [ONE + ".jpg", ONE + "20261331140512123.jpg", "1" + ONE + "20261031140512123.jpg"]
)
def test_names_that_are_none(name: str) -> None:
    assert gb28181_snapshot(name) is None


def test_the_newest_of_this_camera_and_none_twice(tmp_path: Path) -> None:
    drop(tmp_path, ONE, 30)
    newest = drop(tmp_path, ONE, 10, 1)
    drop(tmp_path, TWO, 5, 2)
    with closing(open_live(ONE, at(tmp_path))) as source:
        frame = source.grab(1)
        assert frame.encoded == newest.read_bytes()
        assert frame.time_source is TimeSource.DEVICE
        assert name_of(ONE, frame.captured_at) == newest.name
        assert fault_of(source, 0.1).code is FaultCode.SILENT
        threading.Timer(0.2, drop, (tmp_path, ONE, 0, 3)).start()
        assert source.grab(2).encoded == a_jpeg(3)
        assert source.state.up
        assert newest.exists()


def test_cameras_by_a_word_in_the_address_and_without_one(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    drop(tmp_path / "day", ONE, 10, 1)
    drop(tmp_path / "day", TWO, 5, 2)
    with closing(open_live("gate", at(tmp_path, device=ONE))) as source:
        assert source.grab(1).encoded == a_jpeg(1)
    with closing(open_live("gate", at(tmp_path))) as source:
        assert fault_of(source, 0.1).code is FaultCode.MIXED


@pytest.mark.parametrize("then", ["delete", "move"])
def test_a_picture_goes_when_the_next_is_asked_for(tmp_path: Path, then: str) -> None:
    older, first = drop(tmp_path, ONE, 30), drop(tmp_path, ONE, 10, 1)
    other = drop(tmp_path, TWO, 40)
    with closing(open_live(ONE, at(tmp_path, then=then))) as source:
        source.grab(1)
        assert first.exists()  # a crash now loses nothing
        second = drop(tmp_path, ONE, 0, 2)
        time.sleep(0.05)
        source.grab(1)
        assert not first.exists()
        assert not older.exists()
        assert second.exists()
        assert other.exists()
        taken = tmp_path / "taken"
        assert (
            sorted(p.name for p in taken.iterdir()) == [older.name, first.name]
            if then == "move"
            else not taken.exists()
        )


def test_one_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / name_of(ONE, datetime.now(UTC))
    path.write_bytes(a_jpeg(5)[:1000])
    with closing(open_live(ONE, at(tmp_path))) as source:
        assert fault_of(source, 0.1).code is FaultCode.SILENT
        threading.Timer(0.2, path.write_bytes, (a_jpeg(5),)).start()
        assert source.grab(2).encoded == a_jpeg(5)


def test_one_that_was_never_finished_is_passed_over(tmp_path: Path) -> None:
    whole = drop(tmp_path, ONE, 40, 1)
    broken = drop(tmp_path, ONE, 20)
    broken.write_bytes(a_jpeg()[:1000])
    os.utime(broken, (time.time() - 20, time.time() - 20))
    for name in (".hidden.jpg", "x.jpg.part", "x.tmp"):
        (tmp_path / name).write_bytes(a_jpeg())
    (tmp_path / "link.jpg").symlink_to(whole)
    with closing(open_live(ONE, at(tmp_path))) as source:
        assert source.grab(2).encoded == a_jpeg(1)


def test_old_pictures_are_stale_and_a_missing_folder_is_said(tmp_path: Path) -> None:
    drop(tmp_path, ONE, 3600)
    with closing(open_live(ONE, at(tmp_path))) as source:
        assert fault_of(source, 0.1).code is FaultCode.STALE
    with closing(open_live(ONE, at(tmp_path, stale="7200"))) as source:
        source.grab(0.1)
    with closing(open_live(ONE, at(tmp_path / "no"))) as source:
        assert fault_of(source, 0.1).code is FaultCode.MISSING


def test_a_clock_that_runs_ahead_hides_nothing(tmp_path: Path) -> None:
    drop(tmp_path, ONE, -3600, 1)
    with closing(open_live(ONE, at(tmp_path))) as source:
        frame = source.grab(1)
        assert frame.time_source is TimeSource.SERVER
        assert source.state.clock_offset_s == pytest.approx(3600, abs=5)
        time.sleep(0.02)
        drop(tmp_path, ONE, 0, 2)
        assert source.grab(1).encoded == a_jpeg(2)


@pytest.mark.parametrize("more", [{"then": "burn"}, {"device": "12"}, {"stale": "soon"}, {"what": "1"}])
def test_addresses_that_cannot_be(tmp_path: Path, more: dict[str, str]) -> None:
    with pytest.raises(BadStream):
        open_live(ONE, at(tmp_path, **more))


def test_a_closed_source_wakes(tmp_path: Path) -> None:
    source = open_live(ONE, at(tmp_path))
    threading.Timer(0.1, source.close).start()
    began = time.monotonic()
    with pytest.raises(StreamFault) as caught:
        source.grab(30)
    assert caught.value.code is FaultCode.ENDED
    assert time.monotonic() - began < 2
