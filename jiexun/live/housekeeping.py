"""What is done beside the looks: what people changed is noticed, days that are over are closed, the spool is swept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from casework.db import DatabaseDown
from casework.errors import CaseworkError
from casework.live.queries import Changes, Mark, changes
from detector.errors import DetectorError
from jiexun.house import House
from jiexun.live.closing import close_one
from jiexun.live.spool import Spool

LOG = logging.getLogger("jiexun.live")
CHANGES_EVERY_S = 15.0
CLOSE_EVERY_S = 1.0
"""Days are closed one by one: 13,000 take under four hours of the night, and no look waits for them."""
SWEEP_EVERY_S = 3600.0
AFTER_TROUBLE_S = 10.0


class Housekeeper:
    """A thread. changed: told what people changed. sweep: called now and then."""

    def __init__(
        self,
        house: House,
        spool: Spool,
        shard: tuple[int, int] | None,
        changed: Callable[[Changes], None],
        sweep: Callable[[], None],
    ) -> None:
        self._house, self._spool, self._shard = house, spool, shard
        self._changed, self._sweep = changed, sweep
        self._mark = Mark()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="jiexun-live-house", daemon=True)

    def start(self) -> None:
        """Begin; what was changed before is no change."""
        with self._house.database.read() as session:
            self._mark = changes(session, self._mark).mark
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End after what is under way."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        asked = swept = time.monotonic()
        failed: set[int] = set()  # passed over until the next sweep, so that one day stops no other
        while not self._stop.wait(CLOSE_EVERY_S):
            now = time.monotonic()
            try:
                if now - asked >= CHANGES_EVERY_S:
                    asked = now
                    self._ask()
                if now - swept >= SWEEP_EVERY_S:
                    swept = now
                    settings = self._house.settings
                    self._spool.sweep(settings.spool_days * 86_400, settings.spool_max_bytes)
                    self._sweep()
                    failed.clear()
                close_one(self._house, self._spool, self._shard, failed)
            except (CaseworkError, DetectorError, DatabaseDown, OSError) as error:
                LOG.error("a day could not be closed, it is tried again: %s", error)
                self._stop.wait(AFTER_TROUBLE_S)

    def _ask(self) -> None:
        with self._house.database.read() as session:
            found = changes(session, self._mark)
        self._mark = found.mark
        if found.codes or found.everything:
            self._changed(found)
