"""The worker of ``serve``: takes accepted footage from the database, one after the other, until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

from casework.db import DatabaseDown, utcnow
from casework.errors import CaseworkError, StorageFull
from casework.footage.queries import footage, running, waiting
from casework.footage.service import fail, lease
from detector.detections import Detector
from detector.errors import BadWeights, DetectorError
from ingest.errors import IngestError
from jiexun.house import House
from jiexun.pipeline.lookfile import forget_looks
from jiexun.pipeline.run import run_footage
from jiexun.pipeline.workers import is_gone, worker_name
from jiexun.warehouse import Detectors

LOG = logging.getLogger("jiexun.worker")
LOOK_EVERY_S = 5.0
FORGET_EVERY_S = 3600.0


class Worker:
    """A thread that works on footage. ``wake`` after something was handed in."""

    def __init__(self, house: House, detectors: Detectors | Detector) -> None:
        self._house = house
        self._detectors = detectors if isinstance(detectors, Detectors) else Detectors(detectors)
        self._stop, self._wake = threading.Event(), threading.Event()
        self._forget_at = 0.0
        self._thread = threading.Thread(target=self._work, name="jiexun-worker", daemon=True)

    def start(self) -> None:
        """Begin; what workers of this machine left when they were killed is taken up at once."""
        with self._house.database.write() as session:
            for row in running(session):
                if row.worker is not None and is_gone(row.worker):
                    row.worker = row.lease_until = None
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the footage in hand, or leave it to its lease when that takes too long."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while not self._stop.is_set():
            found = None
            try:
                found = self._next()
                if found is not None:
                    run_footage(self._house, found, self._detectors)
                    continue
            except (StorageFull, DatabaseDown, BadWeights) as error:
                # Not the footage's fault: it stays in the queue, and its turn comes when there is room again, or
                # the assigned algorithm's file.
                LOG.error("footage waits: %s", error)
                self._let_go(found)
            except (IngestError, DetectorError, CaseworkError) as error:
                LOG.warning("footage could not be used: %s", error)
                if found is not None:
                    with self._house.database.write() as session:
                        fail(session, found, worker_name(), str(error))
            self._forget()
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()

    def _forget(self) -> None:
        """Once an hour, between footage: stored looks whose time is over."""
        if time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + FORGET_EVERY_S
        try:
            forget_looks(self._house)
        except (DatabaseDown, OSError) as error:
            LOG.error("old looks are dropped later: %s", error)

    def _let_go(self, footage_id: int | None) -> None:
        """Give the lease back; where even that cannot be written, it ends by itself."""
        if footage_id is None:
            return
        try:
            with self._house.database.write() as session:
                footage(session, footage_id).lease_until = None
        except DatabaseDown as error:
            LOG.error("the lease on footage %s ends by itself: %s", footage_id, error)

    def _next(self) -> int | None:
        wait = timedelta(seconds=self._house.settings.track_wait_s)
        with self._house.database.write() as session:
            row = waiting(session, utcnow(), wait)
            if row is None:
                return None
            lease(session, row, worker_name())
            return row.id
