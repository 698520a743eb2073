"""RTSP from a real server: codecs and transports, sign-in, the newest picture, changes in mid-stream, breaks."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path

import pytest

from ingest.frame import Frame, Position, PositionSource, TimeSource
from ingest.streams import connection, network, standing
from ingest.streams.model import FaultCode, LiveSource, StreamAddress, StreamFault, Transport
from ingest.streams.opening import open_live
from tests.ingest.streams.cameras import Rtsp, encoded, written
from tests.ingest.streams.servers import closing, fault_of

_names = count()


def a_camera(rtsp: Rtsp, file: Path, **more: object) -> tuple[str, StreamAddress]:
    """A camera of its own: its name at the server, its address."""
    name = f"camera {next(_names)}"
    return name, StreamAddress.parse(rtsp.camera(name, file, **more))


def level(frame: Frame) -> float:
    return float(frame.image[60:120, 40:-40].mean())


def until_back(source: LiveSource, limit_s: float) -> Frame:
    """Grabs until a picture comes."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return source.grab(1)
        except StreamFault:
            assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("codec", "transport"), [("h264", "tcp"), ("h264", "udp"), ("h265", "tcp"), ("jpeg", "tcp")]
)
def test_every_codec_and_transport_gives_new_pictures_in_order(
    rtsp: Rtsp, tmp_path: Path, codec: str, transport: Transport
) -> None:
    encoder = {"h264": "libx264", "h265": "libx265", "jpeg": "mjpeg"}[codec]
    name, address = a_camera(rtsp, written(tmp_path / "f", encoded(25, codec=encoder)), codec=codec, fps=25)
    address = StreamAddress.parse(address.url, transport=transport)
    place = Position(31.2, 121.4, None, None, 1.0, PositionSource.FIXED)
    with closing(open_live(name, address, position=place)) as source:
        began = datetime.now(UTC)
        frames = [source.grab(8) for _ in range(4)]
        assert [f.index for f in frames] == [0, 1, 2, 3]
        assert all(a.captured_at < b.captured_at for a, b in pairwise(frames))
        assert all(began - timedelta(seconds=1) < f.captured_at < datetime.now(UTC) for f in frames)
        assert all(abs(level(b) - level(a)) > 4 for a, b in pairwise(frames))  # another picture each time
        assert frames[0].size[0] == 320
        assert frames[0].position == place
        assert source.state.up
        assert source.state.pictures == 4
        if codec == "jpeg":
            assert frames[0].encoded is not None
            assert frames[0].encoded[:2] == b"\xff\xd8"
        else:
            assert frames[0].encoded is None


def test_the_cameras_clock_counts_once_it_sends_it(rtsp: Rtsp, h264: Path) -> None:
    name, address = a_camera(rtsp, h264, fps=25)
    with closing(open_live(name, address)) as source:
        deadline = time.monotonic() + 8  # the first sender report comes within five seconds
        while source.grab(8).time_source is not TimeSource.DEVICE:
            assert time.monotonic() < deadline
        assert source.state.clock_offset_s is not None
        assert abs(source.state.clock_offset_s) < 1  # the server's clock is ours


def test_a_picture_is_the_newest_and_none_comes_twice(rtsp: Rtsp, h264: Path) -> None:
    name, address = a_camera(rtsp, h264, fps=25)
    with closing(open_live(name, address)) as source:
        source.grab(8)
        time.sleep(0.8)
        frame = source.grab(1)
        assert datetime.now(UTC) - frame.captured_at < timedelta(seconds=0.4)  # not what came 0.8 s ago
        assert source.grab(1).captured_at > frame.captured_at


def test_looks_far_apart_take_the_key_frame(rtsp: Rtsp, h264: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "FAR_APART_S", 0.3)
    name, address = a_camera(rtsp, h264, fps=25)
    with closing(open_live(name, address)) as source:
        source.grab(8)
        for _ in range(2):
            time.sleep(0.45)
            # A key frame every 5 pictures: its number is a multiple of 5 (levels are 30 and 8 more each, of 25).
            number = round((level(source.grab(1)) - 30) / 8)
            assert number in (0, 5, 10, 15, 20)


def test_one_look_connects_takes_a_key_frame_and_leaves_nothing(rtsp: Rtsp, h264: Path) -> None:
    name, address = a_camera(rtsp, h264, fps=25)
    before = threading.active_count()
    with closing(open_live(name, address, keep_open=False)) as source:
        number = round((level(source.grab(8)) - 30) / 8)
        assert number in (0, 5, 10, 15, 20)
        assert threading.active_count() == before
        assert source.state.up


def test_slices_of_one_picture_are_put_together(rtsp: Rtsp, tmp_path: Path) -> None:
    pictures = encoded(25, size=(640, 360), slices=4)
    name, address = a_camera(rtsp, written(tmp_path / "f", pictures), fps=25)
    for keep_open in (True, False):
        with closing(open_live(name, address, keep_open=keep_open)) as source:
            image = source.grab(8).image
            assert abs(float(image[100:120, 60:-60].mean()) - float(image[300:330, 60:-60].mean())) < 4


@pytest.mark.parametrize("keep_open", [True, False])
def test_sign_in_by_digest_and_a_wrong_password_in_words(rtsp: Rtsp, h264: Path, keep_open: bool) -> None:
    name, address = a_camera(rtsp, h264, fps=25, user="admin", password="p w@/:1")
    right = StreamAddress.parse(address.url, user="admin", password="p w@/:1")
    with closing(open_live(name, right, keep_open=keep_open)) as source:
        assert source.grab(8).size == (320, 180)
    wrong = StreamAddress.parse(address.url, user="admin", password="secret")
    with closing(open_live(name, wrong, keep_open=keep_open)) as source:
        fault = fault_of(source, 3)
        assert fault.code is FaultCode.SIGN_IN
        assert "p w" not in str(fault)
    with closing(open_live(name, address, keep_open=keep_open)) as source:
        assert "asks for user and password" in str(fault_of(source, 3))


def test_a_wrong_path_is_missing(rtsp: Rtsp, h264: Path) -> None:
    name, address = a_camera(rtsp, h264)
    with closing(open_live(name, StreamAddress.parse(address.url + "/no"), keep_open=False)) as source:
        assert fault_of(source).code is FaultCode.MISSING


def test_another_resolution_in_mid_stream(rtsp: Rtsp, tmp_path: Path) -> None:
    pictures = encoded(5) + encoded(5, size=(640, 360))
    name, address = a_camera(rtsp, written(tmp_path / "f", pictures), fps=25)
    with closing(open_live(name, address)) as source:
        sizes = [source.grab(8).size for _ in range(20)]
        assert {(320, 180), (640, 360)} == set(sizes)
        assert source.state.restarts == 0


@pytest.mark.parametrize("keep_open", [True, False])
def test_damaged_pictures_are_not_handed_out(rtsp: Rtsp, tmp_path: Path, keep_open: bool) -> None:
    pictures = [p[: len(p) * 2 // 3] if i % 5 == 0 else p for i, p in enumerate(encoded(25, size=(640, 360)))]
    name, address = a_camera(rtsp, written(tmp_path / "f", pictures), fps=25)
    with closing(open_live(name, address, keep_open=keep_open)) as source:
        assert fault_of(source, 1.5).code is FaultCode.GARBAGE


def test_a_camera_that_falls_silent_and_comes_back(
    rtsp: Rtsp, h264: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "USUAL_SILENT_S", 0.8)
    monkeypatch.setattr(connection, "OPEN_S", 1.0)
    monkeypatch.setattr(standing, "BASE_S", 0.2)
    monkeypatch.setattr(standing, "CAP_S", 0.5)
    name, address = a_camera(rtsp, h264, fps=25)
    with closing(open_live(name, address)) as source:
        source.grab(8)
        rtsp.ask("mute", name)
        time.sleep(1.5)
        assert source.state.fault is FaultCode.SILENT
        assert not source.state.up
        rtsp.ask("loud", name)
        began = datetime.now(UTC)
        assert until_back(source, 8).captured_at > began - timedelta(seconds=1)
        assert source.state.up
        assert source.state.fault is None
        assert source.state.restarts >= 1


def test_a_camera_that_restarts_with_another_codec(
    rtsp: Rtsp, h264: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "BASE_S", 0.2)
    monkeypatch.setattr(standing, "CAP_S", 0.5)
    h265 = written(tmp_path / "f", encoded(25, codec="libx265"))
    name, address = a_camera(rtsp, h264, fps=25)
    with closing(open_live(name, address)) as source:
        source.grab(8)
        assert source.state.codec == "h264"
        rtsp.ask("down", name)
        rtsp.ask("replace", name, file=str(h265), codec="h265", fps=25)
        rtsp.ask("up", name)
        until_back(source, 8)
        deadline = time.monotonic() + 5
        while source.state.codec != "hevc":
            assert time.monotonic() < deadline
            source.grab(3)
