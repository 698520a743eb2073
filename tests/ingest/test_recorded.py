"""Recorded videos as looks."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from footage_builders import CLIPS, NOW, START, a_picture, a_video, number, seconds, turn

from ingest import recorded
from ingest.errors import BadTime, BadTrack, BadVideo
from ingest.feeding import everything
from ingest.frame import PositionSource, TimeSource
from ingest.recorded import Recording, open_recording
from ingest.timeline import Timeline
from ingest.track import Fix, Track

TENTHS = [i / 10 for i in range(40)]  # 4 s at 10 frames/s


def opened(path: Path, rate: float = 2.0, start: datetime | None = START) -> Recording:
    return open_recording(path, "cam-1", start, rate, now=NOW)


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("libx264", "a.mp4"),
        ("libx264", "a.mkv"),
        ("libx264", "a.ts"),
        ("libx264", "a.mov"),
        ("libx265", "a.mp4"),
        ("libx265", "a.ts"),
        ("mjpeg", "a.avi"),
        ("mjpeg", "a.mov"),
        ("mpeg4", "a.avi"),
        ("gif", "a.gif"),
    ],
)
def test_codecs_and_containers(tmp_path: Path, codec: str, name: str) -> None:
    recording = opened(a_video(tmp_path / name, TENTHS, codec))
    frames = list(recording)
    assert [frame.index for frame in frames] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert [number(frame) for frame in frames] == [0, 5, 10, 15, 20, 25, 30, 35]
    assert seconds(frames) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert (recording.frames, recording.looks, recording.notes) == (40, 8, [])
    info = recording.info
    assert (info.frames, info.width, info.height, info.start) == (40, 64, 48, START)
    assert info.duration_s == pytest.approx(4.0, abs=0.011)
    assert {frame.time_source for frame in frames} == {TimeSource.GIVEN}
    assert {frame.device_id for frame in frames} == {"cam-1"}
    assert len(list(recording)) == recording.looks == 8  # a second run starts anew


def test_variable_frame_rate_goes_by_stamps(tmp_path: Path) -> None:
    times = [0, 0.1, 0.2, 0.3, 1.3, 1.4, 1.45, 1.5, 1.9, 4.0, 4.1, 4.6]
    frames = list(opened(a_video(tmp_path / "a.mp4", times)))
    # interval: median step 0.1 -> tolerance 0.05; 1.3 is late for 0.5: next due 1.8; 1.9 late: 2.4; 4.0: 4.5;
    # 4.6
    assert seconds(frames) == [0, 1.3, 1.9, 4.0, 4.6]
    assert [number(frame) for frame in frames] == [0, 4, 8, 9, 11]


def test_time_lapse(tmp_path: Path) -> None:
    times = [4.0 * i for i in range(20)]
    recording = opened(a_video(tmp_path / "a.mp4", times))
    assert seconds(list(recording)) == times
    assert recording.info.duration_s == pytest.approx(80)


@pytest.mark.parametrize("gop", ["5", "12", "250"])
@pytest.mark.parametrize("rate", [0.3, 2.0, 7.0])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_skipping_changes_no_look(
    tmp_path: Path, gop: str, rate: float, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open groups, references and B pictures: what is left undecoded must not be missed."""
    x265 = {"x265-params": f"keyint={gop}:min-keyint=1:open-gop=1:bframes=3:log-level=none"}
    x264 = {"x264-params": f"keyint={gop}:min-keyint=1:open-gop=1:bframes=3"}
    path = a_video(tmp_path / "a.mkv", TENTHS, codec, **(x264 if codec == "libx264" else x265))
    recording = opened(path, rate)
    some = [(frame.index, frame.captured_at, frame.image) for frame in recording]
    decoded = recording.decoded
    monkeypatch.setattr(recorded, "plan", lambda survey, chosen: everything(survey))
    every = [(frame.index, frame.captured_at, frame.image) for frame in recording]
    assert [a[:2] for a in some] == [b[:2] for b in every]
    assert all(np.array_equal(a[2], b[2]) for a, b in zip(some, every, strict=True))
    assert decoded <= recording.decoded == 40
    if rate == 0.3 and gop == "5":
        assert decoded <= 25


def test_frame_at_gives_the_same_picture(tmp_path: Path) -> None:
    recording = opened(a_video(tmp_path / "a.mp4", TENTHS, g="12"), 3.0)
    for frame in list(recording)[1::3]:
        again = recording.frame_at(frame.index)
        assert np.array_equal(again.image, frame.image)
        assert again.captured_at == frame.captured_at
    with pytest.raises(BadVideo, match="frame 40"):
        recording.frame_at(40)


def test_start_from_container_and_name_and_file(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", TENTHS, metadata={"creation_time": "2026-10-31T06:05:12Z"})
    info = opened(path, start=None).info
    assert (info.start, info.time_source, info.found_in) == (
        START,
        TimeSource.DEVICE,
        "container creation_time",
    )
    info = opened(a_video(tmp_path / "20261031_140512.ts", TENTHS), start=None).info
    assert (info.start, info.time_source, info.found_in) == (START, TimeSource.DEVICE, "file name")
    bare = a_video(tmp_path / "b.ts", TENTHS)
    os.utime(bare, (START.timestamp(), START.timestamp()))
    recording = opened(bare, start=None)
    assert (recording.info.start, recording.info.time_source) == (START, TimeSource.SERVER)
    assert next(iter(recording)).time_source is TimeSource.SERVER


def test_impossible_starts(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", [0, 0.1], metadata={"creation_time": "2027-01-01T00:00:00Z"})
    with pytest.raises(BadTime, match="in the future"):
        opened(path, start=None)
    with pytest.raises(BadTime, match="no time zone"):
        opened(path, start=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["a.ts", "a.mkv"])
def test_a_broken_tail_is_used_up_to_the_break(tmp_path: Path, name: str) -> None:
    whole = a_video(tmp_path / name, TENTHS, g="5", bf="0")
    data = whole.read_bytes()
    whole.write_bytes(data[: int(len(data) * 0.61)])
    recording = opened(whole)
    frames = list(recording)
    assert 3 <= len(frames) <= 6
    assert seconds(frames) == [0.5 * i for i in range(len(frames))]
    assert [number(frame) for frame in frames] == [5 * i for i in range(len(frames))]


def test_a_cut_faststart_mp4_says_what_is_missing(tmp_path: Path) -> None:
    source = a_video(tmp_path / "s.mp4", TENTHS, g="5", bf="0")
    path = tmp_path / "a.mp4"
    with av.open(str(source)) as a, av.open(str(path), "w", options={"movflags": "+faststart"}) as b:
        copy = b.add_stream_from_template(a.streams.video[0])
        for packet in a.demux(video=0):
            if packet.size:
                packet.stream = copy
                b.mux(packet)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 300])
    recording = opened(path)
    frames = list(recording)
    assert len(frames) >= 2
    assert [number(frame) for frame in frames] == [5 * i for i in range(len(frames))]
    assert any("index promises 40 frames" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"", "empty"),
        ("a.mp4", "这不是视频\nno video\n".encode() * 50, "text file"),
        ("a.mp4", b"\x00\x01\x02garbage" * 500, "not a video"),
        (
            "a.mp4",
            b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x10\x00mdat" + b"\x55" * 900,
            "index",
        ),
        (
            "a.m3u8",
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
            "text file",
        ),
        ("a.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", "text file"),
    ],
)
def test_what_is_no_video(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadVideo, match=message) as error:
        opened(path)
    assert str(error.value).startswith(name)
    assert "\n" not in str(error.value)


def test_missing_folder_and_sound_only(tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="no such file"):
        opened(tmp_path / "none.mp4")
    with pytest.raises(BadVideo, match="folder"):
        opened(tmp_path)
    sound = tmp_path / "a.mkv"
    with av.open(str(sound), "w") as target:
        stream = target.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with pytest.raises(BadVideo, match="no pictures"):
        opened(sound)


def test_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        target.start_encoding()
    with pytest.raises(BadVideo, match="holds no"):
        opened(path)


def test_absurd_sizes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 9000, 16, "yuvj420p"
        frame = av.VideoFrame(9000, 16, "yuvj420p")
        frame.pts, frame.time_base = 0, Fraction(1)
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with pytest.raises(BadVideo, match="too big"):
        opened(path)


def test_rotation_is_applied(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", [0, 0.5])
    turn(path)
    recording = opened(path)
    assert (recording.info.width, recording.info.height) == (48, 64)
    image = next(iter(recording)).image
    assert image.shape == (64, 48, 3)
    assert image[:, -3:].mean() > 240  # the white bar of the top edge lies on the right now
    assert image[:, :3].mean() < 100


def a_track(start: datetime, count: int = 60) -> Track:
    return Track(
        tuple(Fix(start + timedelta(seconds=i), 31.0 + i * 1e-4, 121.0) for i in range(count)),
        PositionSource.GPX,
        "drive.gpx",
    )


def test_positions_come_from_the_track(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", TENTHS)
    frames = list(open_recording(path, "car", START, 2.0, a_track(START - timedelta(seconds=10)), now=NOW))
    position = frames[1].position  # 10.5 s into the track, half way between 31.0010 and 31.0011
    assert position is not None
    assert position.latitude == pytest.approx(31.00105, abs=1e-8)
    assert position.source is PositionSource.GPX


def test_a_track_of_another_day_is_refused(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", TENTHS)
    with pytest.raises(BadTrack, match=r"2026-10-30 06:05:12 .* 2026-10-31 06:05:12") as error:
        open_recording(path, "car", START, 2.0, a_track(START - timedelta(days=1)), now=NOW)
    assert "\n" not in str(error.value)
    with pytest.raises(BadTrack, match="differ by about 8 h"):
        open_recording(path, "car", START, 2.0, a_track(START - timedelta(hours=8)), now=NOW)


def test_elementary_stream_without_stamps(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.h264", TENTHS, bf="0", container="h264")
    recording = opened(path)
    frames = list(recording)
    assert frames
    assert {frame.time_source for frame in frames} == {TimeSource.INTERPOLATED}
    assert any("carry no time" in note for note in recording.notes)
    again = recording.frame_at(frames[-1].index)
    assert np.array_equal(again.image, frames[-1].image)


def test_a_restarting_clock_goes_on(tmp_path: Path) -> None:
    one = a_video(tmp_path / "one.ts", TENTHS, bf="0").read_bytes()
    path = tmp_path / "two.ts"
    path.write_bytes(one + one)
    recording = opened(path, 1.0)
    frames = list(recording)
    assert seconds(frames) == pytest.approx([0, 1, 2, 3, 4, 5, 6, 7], abs=0.06)
    assert [frame.time_source for frame in frames][3:5] == [TimeSource.GIVEN, TimeSource.INTERPOLATED]
    assert any("starts anew" in note for note in recording.notes)


def test_timeline_by_hand() -> None:
    timeline = Timeline(Fraction(1, 10), 0.5, TimeSource.DEVICE)
    stamps = [None, None, 20, 25, None, 31, 2, 7]
    found = [timeline.time_of(pts) for pts in stamps]
    assert [t for t, _ in found] == pytest.approx([0, 0.5, 1.0, 1.5, 2.0, 2.1, 2.6, 3.1])
    device, inferred = TimeSource.DEVICE, TimeSource.INTERPOLATED
    assert [s for _, s in found] == [inferred, inferred, device, device, inferred, device, inferred, inferred]
    assert (timeline.missing, timeline.restarts) == (3, 1)


REAL = [  # name, frames in the file, looks at 2 a second (duration x 2, the first included)
    ("aboda_video4_left_bag.avi", 1169, 78),
    ("beijing_dashcam_1.gif", 72, 18),
    ("car_park_top_view.mp4", 377, 61),
    ("christmas_shops_night.mp4", 597, 40),
    ("gopro_max_walk_gps.mp4", 315, 21),
    ("india_junction_rickshaws.mp4", 272, 19),
    ("market_rain_parked_car.mp4", 150, 15),
    ("mot17_night_street.mp4", 8, 4),
    ("nuscenes_boston_drive.mp4", 40, 4),
    ("opencv_vtest_pets.avi", 795, 159),
    ("piccadilly_night.mp4", 431, 29),
    ("shopping_street_two_shots.mp4", 543, 37),
    ("square_top_view_grey.mp4", 341, 28),
    ("taipei_square_timelapse.mp4", 250, 20),
    ("torino_crossing.mp4", 188, 16),
]


@pytest.mark.parametrize(("name", "frames", "looks"), REAL)
def test_real_clips(name: str, frames: int, looks: int) -> None:
    path = CLIPS / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: shared clips are kept outside the project")
    recording = opened(path)
    found = list(recording)
    assert (recording.frames, recording.info.frames, len(found), recording.notes) == (
        frames,
        frames,
        looks,
        [],
    )
    steps = np.diff(seconds(found))
    # 3 frames/s (mot17) gives a look each 2/3 s, 8.3 (the GIF) one each 0.48-0.52 s
    assert steps.min() >= 0.43
    assert steps.max() <= 0.68


def test_start_of_a_real_clip() -> None:
    path = CLIPS / "car_park_top_view.mp4"
    if not path.is_file():
        pytest.skip(f"{path} is not here: shared clips are kept outside the project")
    info = opened(path, start=None).info
    assert (info.start, info.time_source) == (datetime(2018, 4, 19, 22, 46, tzinfo=UTC), TimeSource.DEVICE)


def test_pictures_are_upright_bgr(tmp_path: Path) -> None:
    image = next(iter(opened(a_video(tmp_path / "a.mp4", [0, 0.1])))).image
    assert abs(image.astype(int) - a_picture(0)).max() < 12
