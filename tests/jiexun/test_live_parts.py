"""Parts of the live engine: fetching past dead cameras, the spool, references on disk, shards."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from casework.errors import Invalid, NotFound
from casework.plans.model import Due
from casework.storage import FileStore
from detector.care.aligning import reference_of
from detector.care.care import CameraCare, thin
from detector.care.model import Condition, shipped
from detector.detections import Detections
from ingest.frame import Frame, Image, TimeSource
from ingest.streams.model import FaultCode, StreamAddress, StreamFault, StreamKind
from jiexun.cli.work import part_of
from jiexun.live.fetching import SILENT_THREADS, SILENT_WAITING, Fetching
from jiexun.live.references import References
from jiexun.live.spool import Spool, SpoolBook
from jiexun.pipeline.lookbook import Look
from jiexun.settings import load
from tests.jiexun.painted import START, Thing, picture

STREET = picture([Thing("stall", (40, 140, 100, 200), 0, 1)], 0)


def jpeg(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image)
    assert done
    return data.tobytes()


class _Camera(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = jpeg(STREET)
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def addresses() -> Iterator[tuple[str, str]]:
    """A camera that answers, and one that takes the connection and says nothing."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Camera) as server, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(256)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", f"http://127.0.0.1:{silent.getsockname()[1]}/"
        server.shutdown()
        thread.join()


def due(number: int, url: str) -> Due:
    address = StreamAddress(StreamKind.SNAPSHOT, url)
    return Due(number, f"C-{number}", START, 300.0, 1, (), None, None, "t", address, None, None)


def test_dead_cameras_never_keep_the_others_waiting(addresses: tuple[str, str]) -> None:
    good, dead = addresses
    came: queue.Queue[tuple[int, Frame | StreamFault]] = queue.Queue()
    broken: list[BaseException] = []
    fetching = Fetching(
        load(live_grabs=4, live_grab_s=0.8), lambda d, found: came.put((d.device_id, found)), broken.append
    )
    try:
        crowd = range(100, 104)
        assert all(fetching.submit(due(n, dead)) for n in crowd)
        first = [came.get(timeout=30) for _ in crowd]
        faults = [found.code for _, found in first if isinstance(found, StreamFault)]
        assert faults == [FaultCode.SILENT] * 4
        # From now on they are fetched apart: the threads for all others are free at once.
        time.sleep(1.2)  # until the sources' own first pause is over
        assert [fetching.submit(due(n, dead)) for n in crowd] == [False] * 4
        began = time.monotonic()
        assert [fetching.submit(due(n, good)) for n in (1, 2, 3)] == [True] * 3
        answers = dict(came.get(timeout=30) for _ in range(7))
        assert all(isinstance(answers[n], Frame) for n in (1, 2, 3))
        assert time.monotonic() - began < 10
        assert broken == []
    finally:
        fetching.close()
    assert SILENT_WAITING > SILENT_THREADS


def a_look(number: int, seconds: float, encoded: bytes | None = None) -> Look:
    at = START + timedelta(seconds=seconds)
    frame = Frame("C-1", number, at, TimeSource.DEVICE, STREET, None, encoded, encoded and "image/jpeg")
    return Look(frame, Detections.empty(("stall",), "m"))


def test_wanted_pictures_lie_in_files_and_go_after_the_commit(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    book = SpoolBook(spool, "1-2026-10-31-x", "C-1", None)
    first, second = a_look(0, 0.0, jpeg(STREET)), a_look(1, 60.0)
    book.keep(first, frozenset({first.frame.captured_at}))
    book.keep(second, frozenset({second.frame.captured_at}))
    assert book.at(first.frame.captured_at) is None
    assert spool.read("1-2026-10-31-x", 0) == first.frame.encoded  # dropped only once the look is committed
    book.settle()
    assert spool.read("1-2026-10-31-x", 0) is None
    back = book.at(second.frame.captured_at)
    assert back is not None
    assert back.frame.media_type == "image/png"  # of a video: what evidence would be made of loses nothing
    assert np.array_equal(back.frame.image, STREET)
    assert book.at(START) is None


def test_the_spool_is_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for age_h, name in ((50, "old"), (3, "bigger"), (1, "newest")):
        spool.keep(name, 0, bytes(1000))
        folder = spool._path(name, 0).parent
        os.utime(folder, (time.time() - age_h * 3600,) * 2)
    assert spool.sweep(keep_s=48 * 3600, most_bytes=10_000) == 1
    assert spool.sweep(keep_s=48 * 3600, most_bytes=1500) == 1
    assert [spool.read(name, 0) is None for name in ("old", "bigger", "newest")] == [True, True, False]


def test_references_are_made_once_and_read_back(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "evidence")
    sha256 = store.put(jpeg(STREET))
    made = References(store, tmp_path / "features").of(sha256)()
    store.path(sha256).unlink()  # what lies on disk is enough
    read = References(store, tmp_path / "features").of(sha256)()
    own = reference_of(cv2.imdecode(np.frombuffer(jpeg(STREET), np.uint8), cv2.IMREAD_COLOR)).own
    for one in (made.own, read.own):
        assert (one.size, one.bright, one.sharpness) == (own.size, own.bright, own.sharpness)
        assert np.array_equal(one.edges, own.edges)
    assert np.array_equal(made.places, read.places)
    with pytest.raises(NotFound):
        References(store, tmp_path / "features").of("0" * 64)


def test_standstill_is_told_by_fewer_points_too() -> None:
    noise = np.random.default_rng(3)
    street = noise.integers(0, 255, (720, 1280, 3)).astype(np.uint8)
    assert thin(street).size <= 2 * 8192
    for still, expected in ((True, Condition.FROZEN), (False, Condition.FINE)):
        care = CameraCare(street, shipped(), kept=thin)
        for n in range(12):
            grain = 0 if still else noise.integers(0, 3, street.shape)
            shown = np.clip(street.astype(int) + grain, 0, 255).astype(np.uint8)
            state = care.look(datetime(2026, 10, 31, 6, n, tzinfo=UTC), shown)
        assert state.finding.condition is expected


def test_shards() -> None:
    assert [part_of(text) for text in (None, "1/1", "2/3")] == [None, (0, 1), (1, 3)]
    for wrong in ("0/3", "4/3", "1", "a/b", "1/2/3"):
        with pytest.raises(Invalid, match="write 1/3"):
            part_of(wrong)
