"""Fetching pictures: many at a time, each within its time; cameras that do not answer wait among themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from casework.plans.model import Due
from ingest.errors import IngestError
from ingest.frame import Frame
from ingest.streams.model import FaultCode, LiveSource, StreamAddress, StreamFault
from ingest.streams.opening import open_live
from jiexun.settings import Settings

SILENT_THREADS = 8
"""For all cameras whose last picture did not come: they hold each thread for the whole time they are waited for."""
SILENT_WAITING = 4 * SILENT_THREADS
FORGET_S = 3600.0
"""A source that was not asked for so long is closed: its camera left the plans."""

Came = Callable[[Due, Frame | StreamFault], None]


class Fetching:
    """came: told from many threads what became of each look, once. Nothing is told after ``close``."""

    def __init__(self, settings: Settings, came: Came, broken: Callable[[BaseException], None]) -> None:
        self._settings, self._came, self._broken = settings, came, broken
        self._pool = ThreadPoolExecutor(settings.live_grabs, "jiexun-fetch")
        self._silent_pool = ThreadPoolExecutor(SILENT_THREADS, "jiexun-fetch-silent")
        self._lock = threading.Lock()
        self._sources: dict[int, tuple[StreamAddress, bool, LiveSource]] = {}
        self._asked: dict[int, float] = {}
        self._silent: dict[int, StreamFault] = {}
        self._waiting = 0
        self._over = False

    def submit(self, due: Due) -> bool:
        """Fetch a camera's picture. False: it did not answer last time, and does not count as being in hand."""
        with self._lock:
            fault = self._silent.get(due.device_id)
            crowded = self._waiting >= SILENT_WAITING
            if fault is not None and not crowded:
                self._waiting += 1
        if fault is None:
            self._watch(self._pool.submit(self._fetch, due))
            return True
        if crowded:
            self._came(due, fault)  # others that are silent too go first; its turn comes with its next look
        else:
            self._watch(self._silent_pool.submit(self._fetch_silent, due))
        return False

    def sweep(self) -> None:
        """Close the sources of cameras that left the plans."""
        before = time.monotonic() - FORGET_S
        with self._lock:
            gone = [i for i, at in self._asked.items() if at < before]
            closing = [self._sources.pop(i)[2] for i in gone if i in self._sources]
            for i in gone:
                del self._asked[i]
                self._silent.pop(i, None)
        for source in closing:
            source.close()

    def close(self) -> None:
        """End: fetches under way are broken off."""
        self._over = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._silent_pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            closing = [source for _, _, source in self._sources.values()]
            self._sources.clear()
        for source in closing:
            source.close()
        self._pool.shutdown(wait=True)
        self._silent_pool.shutdown(wait=True)

    def _fetch_silent(self, due: Due) -> None:
        with self._lock:
            self._waiting -= 1
        self._fetch(due)

    def _fetch(self, due: Due) -> None:
        try:
            found: Frame | StreamFault = self._source(due).grab(self._settings.live_grab_s)
        except StreamFault as fault:
            found = fault
        except IngestError as error:  # an address that can be none, a picture of an absurd size
            found = StreamFault(FaultCode.NOT_A_PICTURE, str(error))
        with self._lock:
            if isinstance(found, StreamFault):
                self._silent[due.device_id] = found
            else:
                self._silent.pop(due.device_id, None)
        if not self._over:
            self._came(due, found)

    def _source(self, due: Due) -> LiveSource:
        """The camera's source; a new one when its address changed, or whether it stays connected."""
        keep_open = due.interval_s <= self._settings.live_keep_open_s
        with self._lock:
            self._asked[due.device_id] = time.monotonic()
            known = self._sources.get(due.device_id)
            if known is not None and known[:2] == (due.address, keep_open):
                return known[2]
            source = open_live(due.code, due.address, keep_open=keep_open)
            if not self._over:
                self._sources[due.device_id] = (due.address, keep_open, source)
        if known is not None:
            known[2].close()
        return source

    def _watch(self, future: Future[None]) -> None:
        future.add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._broken(error)
