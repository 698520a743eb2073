"""HLS and FLV from a web server of this machine, RTMP from a small server of our own."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import av
import pytest

from ingest.streams import connection, standing
from ingest.streams.model import FaultCode, StreamAddress, StreamKind
from ingest.streams.opening import open_live
from tests.ingest.streams.cameras import FPS, GOP
from tests.ingest.streams.rtmp_server import viewer
from tests.ingest.streams.servers import Page, a_file, answer, closing, fault_of, raw, web

SEGMENT_S = GOP / FPS


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 pictures in HLS segments of one second."""
    folder = tmp_path_factory.mktemp("hls")
    a_file(folder / "live.m3u8", 30, form="hls", hls_time=str(SEGMENT_S), hls_list_size="0")
    return folder


@contextmanager
def live_hls(folder: Path, ends_after: float = 1e9) -> Iterator[str]:
    """A playlist of the three newest segments that moves on with the clock; its address."""
    names = sorted(p.name for p in folder.glob("*.ts"))
    began = time.monotonic()

    def playlist(handler: BaseHTTPRequestHandler) -> None:
        newest = min(2 + int(min(time.monotonic() - began, ends_after) / SEGMENT_S), len(names) - 1)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            "#EXT-X-TARGETDURATION:1",
            f"#EXT-X-MEDIA-SEQUENCE:{newest - 2}",
        ]
        for name in names[newest - 2 : newest + 1]:
            lines += [f"#EXTINF:{SEGMENT_S},", name]
        answer(("\n".join(lines) + "\n").encode(), "application/vnd.apple.mpegurl")(handler)

    pages: dict[str, Page] = {
        f"/{name}": answer((folder / name).read_bytes(), "video/mp2t") for name in names
    }
    with web({"/live.m3u8": playlist, **pages}) as url:
        yield url + "/live.m3u8"


def level(image: object) -> float:
    return float(image[60:120, 40:-40].mean())  # type: ignore[index]


def test_hls_begins_with_the_newest_segment_and_goes_on(segments: Path) -> None:
    with live_hls(segments) as url, closing(open_live("c", StreamAddress.parse(url))) as source:
        frame = source.grab(8)
        assert round((level(frame.image) - 30) / 8) >= 10  # the third segment begins with picture 10
        later = source.grab(8)
        assert later.captured_at > frame.captured_at
        assert abs((later.captured_at - datetime.now(UTC)).total_seconds()) < 3
        assert source.state.up
        assert source.state.codec == "h264"


def test_hls_that_stands_still_is_silent(segments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.SILENT_S, StreamKind.HLS, 1.0)
    monkeypatch.setattr(standing, "CAP_S", 0.01)
    with live_hls(segments, ends_after=0) as url, closing(open_live("c", StreamAddress.parse(url))) as source:
        source.grab(8)
        deadline = time.monotonic() + 8
        while source.state.fault is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert source.state.fault in (FaultCode.SILENT, FaultCode.ENDED)


def test_one_look_at_hls(segments: Path) -> None:
    with (
        live_hls(segments) as url,
        closing(open_live("c", StreamAddress.parse(url), keep_open=False)) as source,
    ):
        assert source.grab(8).size == (320, 180)


def test_a_playlist_cannot_lead_the_password_to_another_host() -> None:
    seen: list[str | None] = []

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Authorization"))
        answer(b"", status=401, WWW_Authenticate='Basic realm="mine"')(handler)

    with web({"/a.ts": elsewhere}) as other:
        lines = [
            "#EXTM3U",
            "#EXT-X-TARGETDURATION:1",
            "#EXTINF:1,",
            other.replace("127.0.0.1", "localhost") + "/a.ts",
        ]
        playlist = answer("\n".join(lines).encode(), "application/vnd.apple.mpegurl")
        with web({"/a.m3u8": basic(playlist, "admin", "secret")}) as url:
            address = StreamAddress.parse(url + "/a.m3u8", user="admin", password="secret")
            with closing(open_live("c", address, keep_open=False)) as source:
                fault_of(source, 1.5)
    assert seen
    assert set(seen) == {None}


def paced(data: bytes, seconds: float) -> Page:
    """The bytes of a live stream, in small pieces over so many seconds; then the connection ends."""

    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "video/x-flv")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for at in range(0, len(data), step := max(1, len(data) // 50)):
            handler.wfile.write(data[at : at + step])
            time.sleep(seconds / 50)
        handler.close_connection = True

    return page


def test_flv_over_http_and_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "BASE_S", 0.2)
    data = a_file(tmp_path / "a.flv", 15).read_bytes()
    with web({"/live/a.flv": paced(data, 1.5)}) as url:
        address = StreamAddress.parse(url + "/live/a.flv?token=secret")
        with closing(open_live("c", address)) as source:
            frames = [source.grab(8) for _ in range(3)]
            assert all(a.captured_at < b.captured_at for a, b in pairwise(frames))
            assert frames[0].size == (320, 180)
            deadline = time.monotonic() + 8
            while source.state.restarts == 0:  # it ended, and was opened again
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert source.grab(8).captured_at > frames[-1].captured_at


def test_flv_with_sound_only_has_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.flv"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("pcm_s16le", rate=11025, layout="mono")
        for i in range(20):
            frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
            frame.sample_rate, frame.pts = 11025, i * 1024
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with web({"/a.flv": paced(path.read_bytes(), 0.2)}) as url:
        assert url
        with closing(open_live("c", StreamAddress.parse(url + "/a.flv"), keep_open=False)) as source:
            assert fault_of(source).code is FaultCode.NO_VIDEO


def digest(page: Page, user: str, password: str) -> Page:
    """The page for those who sign in by digest (RFC 7616, MD5, qop auth)."""

    def asked(handler: BaseHTTPRequestHandler) -> None:
        told = dict(re.findall(r'(\w+)="?([^",]+)', handler.headers.get("Authorization", "")))
        if told:
            ha1 = hashlib.md5(f"{user}:cam:{password}".encode()).hexdigest()
            ha2 = hashlib.md5(f"GET:{told['uri']}".encode()).hexdigest()
            text = f"{ha1}:{told['nonce']}:{told['nc']}:{told['cnonce']}:auth:{ha2}"
            if hashlib.md5(text.encode()).hexdigest() == told["response"]:
                page(handler)
                return
        answer(b"", status=401, WWW_Authenticate='Digest realm="cam", nonce="n1", qop="auth"')(handler)

    return asked


def basic(page: Page, user: str, password: str) -> Page:
    """The same by basic."""

    def asked(handler: BaseHTTPRequestHandler) -> None:
        wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if handler.headers.get("Authorization") == wanted:
            page(handler)
        else:
            answer(b"", status=401, WWW_Authenticate='Basic realm="cam"')(handler)

    return asked


@pytest.mark.parametrize("ask", [digest, basic])
def test_flv_with_sign_in(tmp_path: Path, ask: object) -> None:
    page = ask(paced(a_file(tmp_path / "a.flv", 10).read_bytes(), 0.3), "admin", "p:w")  # type: ignore[operator]
    with web({"/a.flv": page}) as url:
        right = StreamAddress.parse(url + "/a.flv", user="admin", password="p:w")
        with closing(open_live("c", right, keep_open=False)) as source:
            assert source.grab(8).size == (320, 180)
        wrong = StreamAddress.parse(url + "/a.flv", user="admin", password="secret")
        with closing(open_live("c", wrong, keep_open=False)) as source:
            assert fault_of(source).code is FaultCode.SIGN_IN


def test_rtmp(tmp_path: Path) -> None:
    file = a_file(tmp_path / "a.flv", 25)
    began = datetime.now(UTC)
    with raw(viewer(file)) as port:
        address = StreamAddress.parse(f"rtmp://127.0.0.1:{port}/live/a")
        with closing(open_live("c", address)) as source:
            frames = [source.grab(8) for _ in range(3)]
            assert all(a.captured_at < b.captured_at for a, b in pairwise(frames))
            assert frames[0].captured_at > began - timedelta(seconds=1)
            assert frames[0].size == (320, 180)
        with closing(open_live("c", address, keep_open=False)) as source:
            assert source.grab(8).size == (320, 180)


def test_another_resolution_with_another_decoder_set_up_in_mid_stream(tmp_path: Path) -> None:
    small, large = a_file(tmp_path / "a.flv", 5), a_file(tmp_path / "b.flv", 10, size=(640, 360))
    with raw(viewer(small, large)) as port:
        address = StreamAddress.parse(f"rtmp://127.0.0.1:{port}/live/a")
        with closing(open_live("c", address)) as source:
            assert source.grab(8).size == (320, 180)
            deadline = time.monotonic() + 5
            while source.grab(3).size != (640, 360):
                assert time.monotonic() < deadline
            assert source.state.restarts == 0
