"""A server of snapshots for measurements: real JPEGs, in a process of its own, as little work as can be."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from multiprocessing.connection import Connection

import cv2

from ingest.recorded import open_recording
from jiexun.demo.job import FOOTAGE
from jiexun.processes import end_with_parent

CLIP = "wutong_c0101.mp4"
QUALITY = 90


def pictures(count: int) -> list[bytes]:
    """JPEGs of the demonstration's fixed camera, spread over its clip."""
    clip = open_recording(FOOTAGE / CLIP, "rehearsal", None, 60.0, None)
    frames = [frame.image for frame in clip]
    found = []
    for n in range(count):
        done, data = cv2.imencode(
            ".jpg", frames[n * len(frames) // count], [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        )
        if not done:  # pragma: no cover - a BGR array always encodes
            raise RuntimeError("OpenCV cannot encode JPEG; reinstall opencv-python-headless")
        found.append(data.tobytes())
    return found


@contextmanager
def serving(shown: Sequence[bytes]) -> Iterator[str]:
    """Serves them until the end; gives the address before ``/N.jpg``. A camera gets the next one at each look."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_process, args=(list(shown), there), daemon=True)
    process.start()
    try:
        if not here.poll(30):
            raise RuntimeError("the server of snapshots did not start within 30 s")
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join(10)


def _process(shown: list[bytes], told: Connection) -> None:
    end_with_parent(signal.SIGTERM)
    asyncio.run(_serve(shown, told))


async def _serve(shown: list[bytes], told: Connection) -> None:
    asked: dict[bytes, int] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
                asked[path] = asked.get(path, hash(path)) + 1
                body = shown[asked[path] % len(shown)]
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(body)}\r\nDate: {formatdate(usegmt=True)}"
                writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it went away
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
