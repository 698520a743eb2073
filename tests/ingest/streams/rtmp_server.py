"""A small RTMP server for tests: hands the tags of an FLV file to every viewer that asks to play, at their times.

After Adobe's RTMP 1.0 (2012): handshake, chunks of type 0 only, and of AMF0 what two commands need. The viewer's
commands are searched for by name, not parsed.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ingest.streams.servers import Script


def viewer(*files: Path) -> Script:
    """What the server says to one viewer: one file after the other, a second apart."""
    tags = [
        (kind, stamp + i * 1000, data)
        for i, f in enumerate(files)
        for kind, stamp, data in _tags(f.read_bytes())
    ]

    def script(connection: socket.socket) -> None:
        connection.settimeout(10)
        hello = _exactly(connection, 1 + 1536)
        connection.sendall(b"\x03" + bytes(1536) + hello[1:])
        _exactly(connection, 1536)
        _send(connection, 1, 0, (1 << 20).to_bytes(4, "big"), stream=0)  # chunks as long as messages
        seen = _until(connection, b"", _text("connect"))
        _send(connection, 20, 0, _text("_result") + _number(1) + _object() + _object(), stream=0)
        seen = _until(connection, seen, _text("createStream"))
        at = seen.index(_text("createStream")) + len(_text("createStream"))
        while len(seen) < at + 9:
            seen += connection.recv(4096)
        turn = seen[at : at + 9]
        _send(connection, 20, 0, _text("_result") + turn + b"\x05" + _number(1), stream=0)
        _until(connection, seen, _text("play"))
        status = _object(level="status", code="NetStream.Play.Start")
        _send(connection, 20, 0, _text("onStatus") + _number(0) + b"\x05" + status)
        began = time.monotonic()
        for kind, stamp, data in tags:
            time.sleep(max(0.0, began + stamp / 1000 - time.monotonic()))
            _send(connection, kind, stamp, data)

    return script


def _tags(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, time in ms, body) of an FLV file."""
    at = 9 + 4
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        stamp = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        yield data[at], stamp, data[at + 11 : at + 11 + size]
        at += 11 + size + 4


def _send(connection: socket.socket, kind: int, stamp: int, data: bytes, stream: int = 1) -> None:
    header = b"\x03" + stamp.to_bytes(3, "big") + len(data).to_bytes(3, "big") + bytes([kind])
    connection.sendall(header + stream.to_bytes(4, "little") + data)


def _until(connection: socket.socket, seen: bytes, wanted: bytes) -> bytes:
    while wanted not in seen:
        got = connection.recv(4096)
        if not got:
            raise OSError("the viewer went away")
        seen += got
    return seen


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        got = connection.recv(count - len(data))
        if not got:
            raise OSError("the viewer went away")
        data += got
    return data


def _text(text: str) -> bytes:
    return b"\x02" + len(text).to_bytes(2, "big") + text.encode()


def _number(value: float) -> bytes:
    return b"\x00" + struct.pack(">d", value)


def _object(**fields: str) -> bytes:
    inside = b"".join(len(k).to_bytes(2, "big") + k.encode() + _text(v) for k, v in fields.items())
    return b"\x03" + inside + b"\x00\x00\x09"
