"""Servers of this machine that behave, and such that do not: real sockets, one thread a connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest

from ingest.streams.model import LiveSource, StreamFault
from tests.ingest.streams.cameras import FPS, GOP, a_look

Script = Callable[[socket.socket], None]
Page = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def raw(script: Script) -> Iterator[int]:
    """A port where every connection is handed to ``script``; closed with all its connections."""
    listening = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            script(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                open_ones.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        for one in (listening, *open_ones):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def silent(connection: socket.socket) -> None:
    """Takes everything, says nothing."""
    while connection.recv(4096):
        pass


def garbage(connection: socket.socket) -> None:
    """The same nonsense for ever, not one line end in it."""
    while True:
        connection.sendall(bytes(range(128, 256)) * 64)


def drip(connection: socket.socket) -> None:
    """A fair beginning, then a byte now and then for ever."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


@contextmanager
def web(pages: dict[str, Page]) -> Iterator[str]:
    """A web server of these pages: its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = pages.get(self.path.split("?")[0])
            if page is None:
                self.send_error(404)
                return
            with suppress(OSError):
                page(self)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answer(data: bytes, kind: str = "image/jpeg", status: int = 200, **headers: str) -> Page:
    """The same answer every time. headers: underscores for hyphens."""

    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return page


def a_file(
    path: Path, count: int, size: tuple[int, int] = (320, 180), form: str | None = None, **options: str
) -> Path:
    """A muxed file of ``count`` pictures at FPS, a key frame every GOP."""
    with av.open(str(path), "w", format=form, options=options) as target:
        stream = target.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"g": str(GOP), "sc_threshold": "0", "bf": "0", "preset": "ultrafast"}
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(a_look(i, size), format="bgr24").reformat(format="yuv420p")
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def fault_of(source: LiveSource, timeout_s: float = 5.0) -> StreamFault:
    """The fault that a grab ends with, not later than it may, and no secret in it."""
    began = time.monotonic()
    with pytest.raises(StreamFault) as caught:
        source.grab(timeout_s)
    assert time.monotonic() - began < timeout_s + 1
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    return caught.value


@contextmanager
def closing(source: LiveSource) -> Iterator[LiveSource]:
    """Closed in the end, within two seconds."""
    try:
        yield source
    finally:
        began = time.monotonic()
        source.close()
        assert time.monotonic() - began < 2
