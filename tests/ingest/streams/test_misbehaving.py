"""Peers that refuse, say nothing, half-close, talk nonsense for ever: a fault in words, in time, and no more."""

from __future__ import annotations

import resource
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest

from ingest.streams import connection
from ingest.streams.model import FaultCode, StreamAddress, StreamKind
from ingest.streams.opening import open_live
from tests.ingest.streams.cameras import a_jpeg
from tests.ingest.streams.servers import Script, answer, closing, drip, fault_of, garbage, raw, silent, web

NETWORK = ("rtsp://127.0.0.1:{}/live", "rtmp://127.0.0.1:{}/live/a")
HTTP = ("http://127.0.0.1:{}/a.m3u8", "http://127.0.0.1:{}/a.flv", "http://127.0.0.1:{}/a.jpg")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OPEN_S", 0.25)
    monkeypatch.setattr(connection, "USUAL_SILENT_S", 0.3)


def address(form: str, port: int) -> StreamAddress:
    return StreamAddress.parse(form.format(port), user="admin", password="secret")


@pytest.mark.parametrize("form", [*NETWORK, *HTTP])
@pytest.mark.parametrize("keep_open", [True, False])
def test_a_closed_port_is_refused(form: str, keep_open: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with closing(open_live("c", address(form, port), keep_open=keep_open)) as source:
        fault = fault_of(source, 0.1)
        assert fault.code is FaultCode.REFUSED
        assert f"127.0.0.1:{port}" in str(fault)
        assert source.state.fault is FaultCode.REFUSED
        assert not source.state.up


@pytest.mark.parametrize("form", [*NETWORK, *HTTP])
def test_one_that_takes_the_connection_and_says_nothing_is_silent(form: str) -> None:
    with raw(silent) as port, closing(open_live("c", address(form, port), keep_open=False)) as source:
        assert fault_of(source, 0.25).code is FaultCode.SILENT


@pytest.mark.parametrize("form", [*NETWORK, *HTTP])
def test_endless_garbage_is_said_and_takes_no_memory(form: str) -> None:
    with raw(garbage) as port, closing(open_live("c", address(form, port), keep_open=False)) as source:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        fault = fault_of(source, 0.25)
        assert fault.code in (
            FaultCode.GARBAGE,
            FaultCode.SILENT,
        )  # rtsp: it waits for a line that never ends
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


@pytest.mark.parametrize("form", HTTP)
def test_a_peer_that_drips_its_headers_holds_nobody(form: str) -> None:
    with raw(drip) as port, closing(open_live("c", address(form, port), keep_open=False)) as source:
        assert fault_of(source, 0.25).code in (FaultCode.SILENT, FaultCode.GARBAGE)


def half_a_stream(connection: socket.socket) -> None:
    """Answers DESCRIBE and PLAY as a camera does and then sends not one picture."""
    sdp = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=a\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    sdp += b"a=control:track1\r\n"
    while request := connection.recv(4096):
        number = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq"))
        more = b"Session: 1;timeout=60\r\n"
        if request.startswith(b"DESCRIBE"):
            more += b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(sdp)
        if request.startswith(b"SETUP"):
            more += b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        if request.startswith(b"OPTIONS"):
            more = b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        body = sdp if request.startswith(b"DESCRIBE") else b""
        connection.sendall(b"RTSP/1.0 200 OK\r\n" + number + b"\r\n" + more + b"\r\n" + body)


@pytest.mark.parametrize("keep_open", [True, False])
def test_a_camera_that_plays_nothing_is_silent_and_closes_in_time(keep_open: bool) -> None:
    with raw(half_a_stream) as port:
        source = open_live("c", address(NETWORK[0], port), keep_open=keep_open)
        with closing(source):
            fault = fault_of(source, 1.0)
            assert fault.code in (FaultCode.SILENT, FaultCode.NO_VIDEO, FaultCode.CODEC)


def test_a_thread_that_hangs_ends_by_itself_after_close() -> None:
    with raw(silent) as port:
        with closing(open_live("hanging", address(NETWORK[0], port))):
            time.sleep(0.2)
        deadline = time.monotonic() + 4
        while any(t.name == "stream hanging" for t in threading.enumerate()):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize("form", HTTP)
def test_close_wakes_a_request_at_once(form: str) -> None:
    with raw(silent) as port:
        source = open_live("c", address(form, port), keep_open=False)
        closer = threading.Timer(0.2, source.close)
        closer.start()
        began = time.monotonic()
        assert fault_of(source, 30).code is FaultCode.ENDED
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("path", ["/a.m3u8", "/a.flv", "/a.jpg"])
def test_web_pages_errors_and_ways_elsewhere_are_told_apart(path: str) -> None:
    def asks(handler: BaseHTTPRequestHandler) -> None:
        answer(b"", status=401, WWW_Authenticate='Basic realm="cam"')(handler)

    said = {
        "html": (answer(b"<!DOCTYPE html><title>IP Camera</title>", "text/html"), FaultCode.GARBAGE),
        "gone": (answer(b"", status=404), FaultCode.MISSING),
        "moved": (answer(b"", status=302, Location="/login.htm"), FaultCode.MISSING),
        "wrong": (asks, FaultCode.SIGN_IN),
        "busy": (answer(b"", status=503), FaultCode.REFUSED),
    }
    if path == "/a.jpg":
        said["html"] = (said["html"][0], FaultCode.NOT_A_PICTURE)
    for page, code in said.values():
        with web({path: page}) as url:
            source = open_live(
                "c", StreamAddress.parse(url + path, user="admin", password="secret"), keep_open=False
            )
            with closing(source):
                assert fault_of(source).code is code


def test_a_playlist_cannot_make_us_open_files_of_ours() -> None:
    text = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n"
    with web({"/a.m3u8": answer(text, "application/vnd.apple.mpegurl")}) as url:
        source = open_live("c", StreamAddress(StreamKind.HLS, url + "/a.m3u8"), keep_open=False)
        with closing(source):
            assert fault_of(source, 1.0).code in (FaultCode.GARBAGE, FaultCode.SILENT)


def test_one_dead_source_delays_no_other() -> None:
    scripts: list[Script] = [silent, garbage, half_a_stream]
    with (
        web({"/a.jpg": answer(a_jpeg())}) as url,
        raw(scripts[0]) as a,
        raw(scripts[1]) as b,
        raw(scripts[2]) as c,
    ):
        dead = [open_live(f"dead {port}", address(NETWORK[0], port)) for port in (a, b, c)]
        with closing(open_live("alive", StreamAddress.parse(url + "/a.jpg"))) as alive:
            for _ in range(20):
                began = time.monotonic()
                alive.grab(2)
                assert time.monotonic() - began < 1
        began = time.monotonic()
        for source in dead:
            source.close()
        assert time.monotonic() - began < 2 * len(dead)
