"""What works: on footage that was handed in, and on live cameras. In this process, or on a cluster."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from detector.errors import BadWeights
from jiexun.house import House
from jiexun.live.engine import Engine
from jiexun.pipeline.worker import Worker
from jiexun.warehouse import Detectors, open_detectors

LOG = logging.getLogger("jiexun.executor")

Make = Callable[[House, int | None], Detectors]
"""Opens detectors; the number: threads within one look, none as the settings say. Raises BadWeights."""


class Executor(Protocol):
    """Works until it is stopped. All work is leased in the database: several may run anywhere."""

    def start(self) -> None:
        """Begin."""
        ...

    def wake(self) -> None:
        """Something was handed in."""
        ...

    def stop(self, timeout_s: float = 10.0) -> None:
        """End: what is under way is written or given back."""
        ...

    @property
    def broken(self) -> threading.Event:
        """Set when it ended by itself, for a mistake of ours that is in the log."""
        ...


class LocalExecutor:
    """In this process. shard: (k, n), live cameras whose number modulo n is k. footage, live: what is worked on.

    worker: its name in leases; none: machine and process.
    """

    def __init__(
        self,
        house: House,
        make: Make = open_detectors,
        *,
        shard: tuple[int, int] | None = None,
        footage: bool = True,
        live: bool | None = None,
        worker: str | None = None,
    ) -> None:
        self._house, self._make, self._footage = house, make, footage
        self.broken = threading.Event()
        self._worker: Worker | None = None
        on = house.settings.live if live is None else live
        self.engine = (
            Engine(house, lambda: make(house, 1), shard=shard, worker=worker, broken=self._tell)
            if on
            else None
        )

    def start(self) -> None:
        """Begin; without a model footage is kept and not looked at."""
        if self._footage:
            try:
                self._worker = Worker(self._house, self._make(self._house, None))
                self._worker.start()
            except BadWeights as error:
                LOG.error("uploads are kept but not looked at: %s", error)
        if self.engine is not None:
            self.engine.start()

    def wake(self) -> None:
        """Something was handed in."""
        if self._worker is not None:
            self._worker.wake()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End: what is under way is written or given back."""
        if self.engine is not None:
            self.engine.stop(timeout_s)
        if self._worker is not None:
            self._worker.stop(timeout_s)

    def _tell(self, error: BaseException) -> None:
        self.broken.set()


def executor_of(house: House) -> Executor:
    """As the settings say. Raises Invalid where Ray is asked for and not installed."""
    if house.settings.executor == "ray":
        from jiexun.live.on_ray import RayExecutor  # an extra that the small form does without

        return RayExecutor(house)
    return LocalExecutor(house)
