"""Clips: stream copies and viewing copies."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import av
import pytest
from footage_builders import CLIPS, NOW, START, a_video, number, turn

from ingest import clips
from ingest.clips import Clip, clip
from ingest.errors import BadTime, BadVideo
from ingest.recorded import open_recording
from ingest.viewing import viewing_copy

TENTHS = [i / 10 for i in range(40)]


def stamps(data: bytes) -> list[float]:
    with av.open(io.BytesIO(data)) as container:
        return [round(frame.time or 0, 2) for frame in container.decode(video=0)]


def packed(source: bytes) -> list[bytes]:
    with av.open(io.BytesIO(source)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def is_faststart(data: bytes) -> bool:
    return 0 < data.find(b"moov") < data.find(b"mdat")


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
def test_a_clip_starts_at_the_key_frame_before(tmp_path: Path, suffix: str) -> None:
    path = a_video(tmp_path / f"a.{suffix}", TENTHS, g="10", bf="0")
    # at 2.5 s, 1 s before: 1.5 s, its key frame is at 1.0 s; 0.5 s after: 3.0 s
    cut = clip(path, START, START + timedelta(seconds=2.5), 1.0, 0.5)
    assert (cut.media_type, cut.codec, cut.plays_in_browsers) == ("video/mp4", "h264", True)
    assert (cut.start, cut.end) == (START + timedelta(seconds=1), START + timedelta(seconds=3))
    assert stamps(cut.data) == [round(i / 10, 2) for i in range(21)]
    assert cut.frames == 21
    assert is_faststart(cut.data)


def test_nothing_is_encoded_anew_and_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mkv", TENTHS, "mjpeg", container="matroska")
    first, second = (clip(path, START, START + timedelta(seconds=2), 0.5, 0.5) for _ in range(2))
    assert first.data == second.data
    assert packed(first.data) == packed(path.read_bytes())[15:26]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_reordered_pictures_and_open_groups(tmp_path: Path, codec: str) -> None:
    params = "keyint=8:min-keyint=1:open-gop=1:bframes=3"
    options = {"x264-params": params} if codec == "libx264" else {"x265-params": params + ":log-level=none"}
    path = a_video(tmp_path / "a.mkv", TENTHS, codec, **options)
    recording = open_recording(path, "cam", START, 10, now=NOW)
    wanted = {frame.captured_at: number(frame) for frame in recording}
    cut = clip(path, START, START + timedelta(seconds=2), 0.6, 0.6, recording.survey)
    out = tmp_path / "clip.mp4"
    out.write_bytes(cut.data)
    frames = list(open_recording(out, "cam", cut.start, 10, now=NOW))
    assert cut.start <= START + timedelta(seconds=1.4)
    assert cut.end >= START + timedelta(seconds=2.6)
    assert len(frames) == cut.frames
    assert frames[-1].captured_at == cut.end
    assert all(number(frame) == wanted[frame.captured_at] for frame in frames)


def test_time_lapse(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", [4.0 * i for i in range(60)], g="5", bf="0")
    cut = clip(path, START, START + timedelta(seconds=120), 30, 30)
    # 90 s: key frames each 20 s, so from 80 s; to 150 s, the last frame at 148 s
    assert (cut.start, cut.end) == (START + timedelta(seconds=80), START + timedelta(seconds=148))
    assert stamps(cut.data) == [4.0 * i for i in range(18)]
    assert stamps(viewing_copy(cut.data)) == [4.0 * i for i in range(18)]


def test_at_the_edges(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.ts", TENTHS, g="10", bf="0")
    whole = clip(path, START, START, 100, 100)
    assert (whole.frames, whole.start, whole.end) == (40, START, START + timedelta(seconds=3.9))
    assert clip(path, START, START + timedelta(seconds=3.9), 0, 0).frames == 10
    for outside in (-60, 60):
        with pytest.raises(BadTime, match="outside the recording"):
            clip(path, START, START + timedelta(seconds=outside), 5, 5)


@pytest.mark.parametrize(
    ("codec", "name", "media_type"),
    [
        ("libx265", "a.ts", "video/mp4"),
        ("mpeg4", "a.avi", "video/mp4"),
        ("mjpeg", "a.avi", "video/mp4"),
        ("msmpeg4", "a.avi", "video/x-matroska"),
        ("gif", "a.gif", "image/gif"),
    ],
)
def test_other_codecs_and_their_viewing_copy(tmp_path: Path, codec: str, name: str, media_type: str) -> None:
    path = a_video(tmp_path / name, TENTHS, codec)
    cut = clip(path, START, START + timedelta(seconds=2), 1, 1)
    assert (cut.media_type, cut.plays_in_browsers) == (media_type, False)
    assert_decodes(cut)
    view = viewing_copy(cut.data)
    assert is_faststart(view)
    with av.open(io.BytesIO(view)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.canonical_name, context.pix_fmt) == ("h264", "yuv420p")
        frames = list(container.decode(video=0))
    assert len(frames) == cut.frames
    assert frames[-1].time == pytest.approx((cut.end - cut.start).total_seconds(), abs=0.02)


def assert_decodes(cut: Clip) -> None:
    with av.open(io.BytesIO(cut.data)) as container:
        assert len(list(container.decode(video=0))) == cut.frames


def test_a_viewing_copy_is_small_and_even(tmp_path: Path) -> None:
    view = viewing_copy(a_video(tmp_path / "a.mp4", TENTHS).read_bytes(), longest_side=33)
    with av.open(io.BytesIO(view)) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height) == (32, 24)
    with pytest.raises(BadVideo):
        viewing_copy(b"no video")


@pytest.mark.parametrize(
    "name",
    ["aboda_video4_left_bag.avi", "christmas_shops_night.mp4", "shopping_street_two_shots.mp4",
     "opencv_vtest_pets.avi", "beijing_dashcam_1.gif"],
)  # fmt: skip
def test_real_clips(name: str) -> None:
    path = CLIPS / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: shared clips are kept outside the project")
    cut = clip(path, START, START + timedelta(seconds=6), 2, 2)
    assert cut.start <= START + timedelta(seconds=4)
    assert timedelta(seconds=7.85) < cut.end - START <= timedelta(seconds=8.2)
    assert_decodes(cut)


def test_a_clip_keeps_its_rotation_and_knows_its_time(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mp4", TENTHS, g="10", bf="0")
    turn(path)
    cut = clip(path, START, START + timedelta(seconds=2.5), 1.0, 0.5)
    out = tmp_path / "clip.mp4"
    out.write_bytes(cut.data)
    info = open_recording(out, "cam", now=NOW).info
    assert (info.width, info.height) == (48, 64)
    assert info.start == START + timedelta(seconds=1)
    with av.open(io.BytesIO(viewing_copy(cut.data))) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height) == (48, 64)


def test_a_seek_that_leads_astray_falls_back_to_reading_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_video(tmp_path / "a.mkv", TENTHS, g="10", bf="0")
    right = clip(path, START, START + timedelta(seconds=2.5), 1.0, 0.5)
    tries: list[bool] = []

    def astray(*args: object) -> object:
        tries.append(bool(args[-1]))
        if args[-1]:
            raise clips._LostError
        return write(*args)  # type: ignore[arg-type]

    write = clips._write
    monkeypatch.setattr(clips, "_write", astray)
    assert clip(path, START, START + timedelta(seconds=2.5), 1.0, 0.5).data == right.data
    assert tries == [True, False]


def test_a_file_that_changed_since_the_survey_is_refused(tmp_path: Path) -> None:
    path = a_video(tmp_path / "a.mkv", TENTHS, g="10", bf="0")
    survey = open_recording(path, "cam", START, now=NOW).survey
    a_video(path, TENTHS[:12], g="3", bf="0")
    with pytest.raises(BadVideo, match="changed"):
        clip(path, START, START + timedelta(seconds=2.5), 1.0, 0.5, survey)
