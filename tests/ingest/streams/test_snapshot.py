"""HTTP snapshots: what counts as a picture, when it was taken, how it is fetched again."""

from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import cv2
import numpy as np
import pytest

from ingest.frame import TimeSource
from ingest.picture_file import decode_picture
from ingest.streams import snapshot
from ingest.streams.model import FaultCode, StreamAddress
from ingest.streams.opening import open_live
from ingest.streams.snapshot import what_came
from tests.ingest.streams.cameras import a_jpeg, a_look
from tests.ingest.streams.servers import Page, answer, closing, fault_of, web
from tests.ingest.streams.test_over_http_and_rtmp import basic, digest


def at(url: str, **more: str) -> StreamAddress:
    return StreamAddress.parse(url + "/snap.jpg", **more)


def test_the_jpeg_itself_is_kept_and_the_picture_is_what_it_shows() -> None:
    data = a_jpeg(3)
    with web({"/snap.jpg": answer(data)}) as url, closing(open_live("c", at(url))) as source:
        began = datetime.now(UTC) - timedelta(seconds=1)
        frames = [source.grab(2) for _ in range(3)]
        assert frames[0].encoded == data
        assert frames[0].media_type == "image/jpeg"
        assert np.array_equal(frames[0].image, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        assert [f.index for f in frames] == [0, 1, 2]
        assert all(
            a.captured_at < b.captured_at for a, b in pairwise(frames)
        )  # though Date has whole seconds
        assert began <= frames[0].captured_at <= datetime.now(UTC) + timedelta(seconds=1)
        assert frames[0].time_source is TimeSource.DEVICE  # its Date
        assert source.state.up


@pytest.mark.parametrize("ask", [digest, basic])
def test_sign_in_as_the_camera_asks(ask: object) -> None:
    asked = 0

    def page(handler: BaseHTTPRequestHandler) -> None:
        nonlocal asked
        asked += 1
        ask(answer(a_jpeg()), "admin", "p:w")(handler)  # type: ignore[operator]

    with web({"/snap.jpg": page}) as url:
        with closing(open_live("c", at(url, user="admin", password="p:w"))) as source:
            source.grab(2)
            source.grab(2)
            assert asked <= 4  # once it knows how, it signs in with the first request
        with closing(open_live("c", at(url, user="admin", password="secret"))) as source:
            asked = 0
            assert fault_of(source, 2).code is FaultCode.SIGN_IN
            assert fault_of(source, 2).code is FaultCode.SIGN_IN
            assert asked <= 3  # the second time it did not ask: cameras lock an account after a few tries
            assert source.state.next_try_at is not None
        with closing(open_live("c", at(url))) as source:
            assert "asks for user and password" in str(fault_of(source, 2))


def test_the_password_is_not_sent_before_it_is_asked_for() -> None:
    seen = []

    def page(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Authorization"))
        answer(a_jpeg())(handler)

    with (
        web({"/snap.jpg": page}) as url,
        closing(open_live("c", at(url, user="admin", password="p"))) as source,
    ):
        source.grab(2)
    assert seen == [None]
    assert base64.b64encode(b"admin:p").decode() not in str(seen)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty answer"),
        (b"<!DOCTYPE html><html><head><title>IPC\n Login</title>", "a web page (IPC Login)"),
        (b"\xef\xbb\xbf\r\n<html><body>", "a web page in place"),
        (b'<?xml version="1.0"?><ResponseStatus/>', "a message (XML or JSON)"),
        (b'{"error": 1}', "a message (XML or JSON)"),
        (b"not found\n", "text in place"),
        (bytes(range(256)), "no JPEG, PNG, WebP or BMP"),
    ],
)
def test_what_is_no_picture_is_said_in_words(data: bytes, words: str) -> None:
    assert words in what_came(data)
    with web({"/snap.jpg": answer(data)}) as url, closing(open_live("c", at(url))) as source:
        fault = fault_of(source, 2)
        assert fault.code is FaultCode.NOT_A_PICTURE
        assert words in str(fault)


def test_a_picture_cut_off_is_none() -> None:
    with web({"/snap.jpg": answer(a_jpeg()[:-200])}) as url, closing(open_live("c", at(url))) as source:
        assert fault_of(source, 2).code is FaultCode.NOT_A_PICTURE


def test_what_never_ends_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MAX_BYTES", 1 << 20)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"\xff\xd8\xff" + bytes(65536))

    with web({"/snap.jpg": endless}) as url, closing(open_live("c", at(url))) as source:
        assert fault_of(source, 5).code is FaultCode.TOO_LARGE


def test_a_moving_picture_is_told_from_a_snapshot() -> None:
    page = answer(a_jpeg(), "multipart/x-mixed-replace; boundary=b")
    with web({"/snap.jpg": page}) as url, closing(open_live("c", at(url))) as source:
        assert "MJPEG" in str(fault_of(source, 2))


def dated(**headers: timedelta) -> Page:
    """A picture whose headers lie that far from now."""
    data = a_jpeg()

    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Content-Length", str(len(data)))
        for name, away in headers.items():
            moment = format_datetime(datetime.now(UTC) + away, usegmt=True)
            handler.send_header(name.replace("_", "-"), moment)
        handler.end_headers()
        handler.wfile.write(data)

    return page


def test_a_clock_far_off_is_told_and_not_used() -> None:
    with (
        web({"/snap.jpg": dated(Date=timedelta(hours=-8))}) as url,
        closing(open_live("c", at(url))) as source,
    ):
        frame = source.grab(2)
        assert frame.time_source is TimeSource.SERVER
        assert abs(frame.captured_at - datetime.now(UTC)) < timedelta(seconds=2)
        assert source.state.clock_offset_s == pytest.approx(-8 * 3600, abs=3)


def test_a_clock_a_little_behind_counts() -> None:
    with (
        web({"/snap.jpg": dated(Date=timedelta(seconds=-20))}) as url,
        closing(open_live("c", at(url))) as source,
    ):
        frame = source.grab(2)
        assert frame.time_source is TimeSource.DEVICE
        assert datetime.now(UTC) - frame.captured_at == pytest.approx(
            timedelta(seconds=20), abs=timedelta(seconds=2)
        )


def test_the_same_picture_once_more_keeps_its_time() -> None:
    """A server that hands out one file over and over: whoever looks sees that nothing new came."""
    modified = format_datetime(datetime.now(UTC) - timedelta(seconds=20), usegmt=True)
    pictures = [a_jpeg(1), a_jpeg(1), a_jpeg(2)]

    def page(handler: BaseHTTPRequestHandler) -> None:
        data = pictures.pop(0)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("Last-Modified", modified)
        handler.end_headers()
        handler.wfile.write(data)

    with web({"/snap.jpg": page}) as url, closing(open_live("c", at(url))) as source:
        first, again, other = (source.grab(2) for _ in range(3))
    assert first.time_source is TimeSource.DEVICE
    assert (again.captured_at, again.time_source) == (first.captured_at, first.time_source)
    assert other.captured_at == first.captured_at + timedelta(milliseconds=1)


def test_an_old_picture_is_stale() -> None:
    page = dated(Date=timedelta(), Last_Modified=timedelta(hours=-2))
    with web({"/snap.jpg": page}) as url, closing(open_live("c", at(url))) as source:
        fault = fault_of(source, 2)
        assert fault.code is FaultCode.STALE
        assert "120 minutes" in str(fault)


def test_it_comes_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.streams.standing.BASE_S", 0.01)
    broken = threading.Event()

    def page(handler: BaseHTTPRequestHandler) -> None:
        (answer(b"", status=500) if broken.is_set() else answer(a_jpeg()))(handler)

    with web({"/snap.jpg": page}) as url, closing(open_live("c", at(url))) as source:
        source.grab(2)
        broken.set()
        assert fault_of(source, 2).code is FaultCode.REFUSED
        assert not source.state.up
        broken.clear()
        threading.Event().wait(0.05)
        source.grab(2)
        assert source.state.up
        assert source.state.fault is None


def test_a_snapshot_seldom_asked_keeps_no_connection_open() -> None:
    closed = []

    def page(handler: BaseHTTPRequestHandler) -> None:
        answer(a_jpeg())(handler)
        closed.append(handler.rfile.read(1) == b"")  # waits until the other side closes or asks again

    with web({"/snap.jpg": page}) as url, closing(open_live("c", at(url), keep_open=False)) as source:
        source.grab(2)
        for _ in range(100):
            if closed:
                break
            threading.Event().wait(0.02)
        assert closed == [True]


def test_png_and_turned_jpegs_are_read_by_the_other_road() -> None:
    png = cv2.imencode(".png", a_look(2))[1].tobytes()
    assert np.array_equal(decode_picture(png, "a"), a_look(2))
    # An EXIF block with orientation 6: to be turned clockwise by 90 degrees.
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    block = b"Exif\0\0" + tiff
    jpeg = a_jpeg(2)
    turned = jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]
    assert decode_picture(turned, "a").shape == (320, 180, 3)
