"""Folders of pictures."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage_builders import GPS, NOW, START, a_picture, number

from ingest.errors import BadTime, BadVideo
from ingest.exif import read_exif
from ingest.frame import PositionSource, TimeSource
from ingest.pictures import PictureFolder, open_pictures


def a_tiff(main: dict[int, str], detail: dict[int, str], gps: dict[int, object]) -> bytes:
    """A little-endian TIFF block: main, Exif and GPS directories. str: ASCII; list: rationals of (a, b)."""
    out = bytearray(b"II*\0\x08\0\0\0")

    def directory(fields: dict[int, object], at: int) -> bytes:
        head, data = bytearray(struct.pack("<H", len(fields))), bytearray()
        free = at + 2 + 12 * len(fields) + 4
        for tag, value in sorted(fields.items()):
            if isinstance(value, int):
                head += struct.pack("<HHII", tag, 4, 1, value)
                continue
            if isinstance(value, str):
                raw, kind = value.encode() + b"\0", 2
                count = len(raw)
            else:
                assert isinstance(value, list)
                raw, kind, count = b"".join(struct.pack("<II", a, b) for a, b in value), 5, len(value)
            place = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack("<I", free + len(data))
            data += raw if len(raw) > 4 else b""
            head += struct.pack("<HHI", tag, kind, count) + place
        return bytes(head + b"\0\0\0\0" + data)

    size = len(directory({**main, 0x8769: 0, 0x8825: 0}, 8))
    inner = directory(dict(detail), 8 + size)
    out += directory({**main, 0x8769: 8 + size, 0x8825: 8 + size + len(inner)}, 8)
    return bytes(out + inner + directory(dict(gps), 8 + size + len(inner)))


PLACE: dict[int, object] = {
    1: "N", 2: [(31, 1), (13, 1), (4800, 100)],  # 31 + 13/60 + 48/3600 = 31.23
    3: "E", 4: [(121, 1), (28, 1), (1200, 100)],  # 121.47
    0x0C: "K", 0x0D: [(36, 1)], 0x0E: "T", 0x0F: [(90, 1)], 0x0B: [(12, 10)],
}  # fmt: skip


def jpeg(index: int = 0, tiff: bytes | None = None) -> bytes:
    data = cv2.imencode(".jpg", a_picture(index))[1].tobytes()
    if tiff is None:
        return data
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + data[2:]


def taken(local: str, **more: str) -> bytes:
    names = {"offset": 0x9011, "subsec": 0x9291}
    return a_tiff({}, {0x9003: local} | {names[k]: v for k, v in more.items()}, {})


def opened(folder: Path, **options: object) -> PictureFolder:
    return open_pictures(folder, "cam-1", now=NOW, **options)  # type: ignore[arg-type]


def test_sorted_by_exif_time_with_position_and_original_bytes(tmp_path: Path) -> None:
    tiff = a_tiff({}, {0x9003: "2026:10:31 14:05:12", 0x9291: "25"}, PLACE)
    (tmp_path / "z.jpg").write_bytes(jpeg(1, tiff))
    (tmp_path / "a.jpg").write_bytes(jpeg(2, taken("2026:10:31 15:05:13", offset="+09:00")))
    (tmp_path / "notes.txt").write_text("x")
    folder = opened(tmp_path)
    frames = list(folder)
    assert [frame.captured_at for frame in frames] == [
        START + timedelta(seconds=0.25),
        START + timedelta(seconds=1),
    ]
    assert [number(frame) for frame in frames] == [1, 2]
    assert [frame.time_source for frame in frames] == [TimeSource.DEVICE] * 2
    assert (frames[0].encoded, frames[0].media_type) == (jpeg(1, tiff), "image/jpeg")
    position = frames[0].position
    assert position is not None
    assert (position.latitude, position.longitude) == (pytest.approx(31.23), pytest.approx(121.47))
    assert (position.speed, position.heading, position.accuracy) == (10.0, 90.0, 6.0)
    assert position.source is PositionSource.EXIF
    assert frames[1].position is None
    assert (folder.frames, folder.looks, folder.notes) == (2, 2, [])


def test_the_receivers_utc_tells_the_zone() -> None:
    place = PLACE | {7: [(5, 1), (5, 1), (11, 1)], 0x1D: "2026:10:31"}
    assert read_exif(
        jpeg(0, a_tiff({}, {0x9003: "2026:10:31 14:05:12"}, place))
    ).captured_at == START - timedelta(hours=1)
    odd = PLACE | {7: [(5, 1), (12, 1), (11, 1)], 0x1D: "2026:10:31"}  # 8 h 53 min: no zone, so Asia/Shanghai
    assert read_exif(jpeg(0, a_tiff({}, {0x9003: "2026:10:31 14:05:12"}, odd))).captured_at == START


def test_times_from_names_interval_and_file_date(tmp_path: Path) -> None:
    for i, name in enumerate(["31010500001320000001_20261031140512345.jpg", "cam_20261031_140513.jpg"]):
        (tmp_path / name).write_bytes(jpeg(i))
    frames = list(opened(tmp_path))
    assert [frame.captured_at for frame in frames] == [START + timedelta(seconds=s) for s in (0.345, 1)]


def test_given_start_and_interval(tmp_path: Path) -> None:
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(cv2.imencode(".png", a_picture(i))[1].tobytes())
    frames = list(opened(tmp_path, start=START, interval_s=4.0))
    assert [frame.captured_at for frame in frames] == [START + timedelta(seconds=4 * i) for i in range(4)]
    assert {frame.time_source for frame in frames} == {TimeSource.GIVEN}
    assert frames[3].media_type == "image/png"
    assert np.array_equal(frames[3].image, a_picture(3))
    sparse = opened(tmp_path, start=START, interval_s=4.0, looks_per_second=0.125)
    assert [frame.index for frame in sparse] == [0, 2]
    assert (sparse.frames, sparse.looks) == (4, 2)


def test_file_dates_are_the_weakest(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    os.utime(tmp_path / "a.jpg", (START.timestamp(), START.timestamp()))
    folder = opened(tmp_path)
    frame = next(iter(folder))
    assert (frame.captured_at, frame.time_source) == (START, TimeSource.SERVER)
    assert "no capture time" in folder.notes[0]


def test_a_burst_within_a_second_is_spread(tmp_path: Path) -> None:
    for i in range(4):
        (tmp_path / f"{i}.jpg").write_bytes(jpeg(i, taken("2026:10:31 14:05:12")))
    frames = list(opened(tmp_path))
    assert [frame.captured_at for frame in frames] == [START + timedelta(seconds=i / 4) for i in range(4)]
    assert [number(frame) for frame in frames] == [0, 1, 2, 3]
    inferred = TimeSource.INTERPOLATED
    assert [frame.time_source for frame in frames] == [TimeSource.DEVICE, inferred, inferred, inferred]


def test_damaged_pictures_are_left_out_and_said(tmp_path: Path) -> None:
    whole = jpeg(1, taken("2026:10:31 14:05:12"))
    (tmp_path / "a.jpg").write_bytes(whole)
    (tmp_path / "b.jpg").write_bytes(whole.replace(b"05:12", b"05:13")[:-40])
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    (tmp_path / "d.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 60 + b"IEND")
    os.utime(tmp_path / "d.png", (START.timestamp() + 9, START.timestamp() + 9))
    (tmp_path / ".hidden.jpg").write_bytes(whole)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    folder = opened(tmp_path)
    assert [number(frame) for frame in folder] == [1]
    notes = "\n".join(folder.notes)
    assert "b.jpg: the picture is cut off" in notes
    assert "c.jpg is no picture" in notes
    assert "d.png" in notes


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="no picture in this folder"):
        opened(tmp_path)
    with pytest.raises(BadVideo, match="no such folder"):
        opened(tmp_path / "none")
    (tmp_path / "a.jpg").write_bytes(jpeg(0, taken("2027:10:31 14:05:12")))
    with pytest.raises(BadTime, match=r"a\.jpg.*in the future"):
        opened(tmp_path)


@pytest.mark.parametrize("cut", range(2, 120, 7))
def test_broken_exif_is_no_exif(cut: int) -> None:
    tiff = a_tiff({}, {0x9003: "2026:10:31 14:05:12"}, PLACE)
    read_exif(jpeg(0, tiff[:cut]))
    read_exif(jpeg(0, tiff[:cut] + b"\xff" * 40 + tiff[cut:]))
    read_exif(jpeg(0, tiff)[:cut])


def test_a_real_picture() -> None:
    path = GPS / "DSC00001.JPG"
    if not path.is_file():
        pytest.skip(f"{path} is not here: shared data is kept outside the project")
    found = read_exif(path.read_bytes())
    assert found.position is not None
    assert found.position.speed == pytest.approx(23 / 3.6, abs=0.3)
    assert found.captured_at is not None
    assert abs(found.captured_at - datetime(2018, 6, 8, 13, 24, 10, tzinfo=UTC)) <= timedelta(hours=14)
