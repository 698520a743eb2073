"""Workers on a Ray cluster (the extra ``cluster``): actors, each with its own part of the cameras.

Ray places the actors, starts them again elsewhere when a machine is lost, and tells that it was. Nothing else rests on
it: what is to be done, who does it and what was done stands in the database. So a lost actor costs what it had in
hand, and its leases are given back as soon as Ray tells; should it live on behind a broken line, what it writes under
them is refused.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from casework.db import DatabaseDown
from casework.errors import Invalid
from casework.footage.queries import running
from casework.plans.schedule import release
from jiexun.house import House, open_house
from jiexun.live.executor import LocalExecutor, Make
from jiexun.pipeline.workers import worker_name
from jiexun.settings import Settings
from jiexun.warehouse import open_detectors

LOG = logging.getLogger("jiexun.ray")
NAMESPACE = "jiexun"
ASK_EVERY_S = 2.0
ANSWER_S = 30.0
"""An actor that does not answer for so long, though Ray calls it alive, is busy starting, or stuck."""


def the_ray() -> Any:
    """The library. Raises Invalid where it is not installed."""
    try:
        import ray
    except ModuleNotFoundError:
        raise Invalid(
            "no_ray",
            zh="executor = ray 需要安装 Ray：pip install 'jiexun[cluster]'",
            en="executor = ray needs Ray: pip install 'jiexun[cluster]'",
        ) from None
    return ray


@dataclass(frozen=True, slots=True)
class Report:
    """What an actor says of itself. worker: its name in leases."""

    worker: str
    looks: int
    broken: bool


class _Actor:
    """A worker on some machine of the cluster. settings: as here; the database and the folders are shared."""

    def __init__(self, settings: Settings, make: Make, part: int, of: int) -> None:
        self._stack = ExitStack()
        house = self._stack.enter_context(open_house(settings=settings))
        self._executor = LocalExecutor(house, make, shard=(part, of))
        self._executor.start()

    def report(self) -> Report:
        """How it is."""
        engine = self._executor.engine
        looks = engine.counts.looks if engine else 0
        return Report(worker_name(), looks, self._executor.broken.is_set())

    def wake(self) -> None:
        """Something was handed in."""
        self._executor.wake()

    def stop(self, timeout_s: float) -> None:
        """End in peace."""
        self._executor.stop(timeout_s)
        self._stack.close()


class RayExecutor:
    """See ``Executor``. make: opens detectors, on the actors' machines. Raises Invalid without Ray."""

    def __init__(self, house: House, make: Make = open_detectors) -> None:
        self._ray = the_ray()
        self._house, self._make = house, make
        self.broken = threading.Event()
        self._over = threading.Event()
        self._actors: list[Any] = []
        self._names: dict[int, str] = {}
        self._thread = threading.Thread(target=self._supervise, name="jiexun-ray", daemon=True)

    def start(self) -> None:
        """Connect and place the actors; they begin as soon as they are placed."""
        settings = self._house.settings
        if not self._ray.is_initialized():
            self._ray.init(
                address=settings.ray_address or "auto",
                namespace=NAMESPACE,
                log_to_driver=False,
                configure_logging=False,
            )
        self._actors = [self._placed(part) for part in range(settings.ray_workers)]
        self._thread.start()

    def wake(self) -> None:
        """Something was handed in: whoever is free takes it."""
        for actor in self._actors:
            actor.wake.remote()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Actors end in peace, as far as they do it in time."""
        self._over.set()
        self._thread.join(timeout_s)
        ends = [actor.stop.remote(timeout_s) for actor in self._actors]
        self._ray.wait(ends, num_returns=len(ends), timeout=2 * timeout_s)
        for actor in self._actors:
            self._ray.kill(actor)
        for part in list(self._names):
            self._give_back(part)
        self._ray.shutdown()

    @property
    def reports(self) -> dict[int, str]:
        """Part of the cameras -> name of the worker that has it."""
        return dict(self._names)

    def _placed(self, part: int) -> Any:
        settings = self._house.settings
        actor = self._ray.remote(
            num_cpus=settings.ray_worker_cpus,
            max_restarts=-1,
            max_task_retries=0,  # asked again below, with the leases given back first
            max_concurrency=4,
            scheduling_strategy="SPREAD",
        )(_Actor)
        return actor.remote(settings, self._make, part, settings.ray_workers)

    def _supervise(self) -> None:
        while not self._over.wait(ASK_EVERY_S):
            for part in range(len(self._actors)):
                self._ask(part)

    def _ask(self, part: int) -> None:
        errors = self._ray.exceptions
        try:
            report: Report = self._ray.get(self._actors[part].report.remote(), timeout=ANSWER_S)
        except errors.ActorDiedError as error:  # for good: Ray does not start it again by itself
            LOG.error("part %d of the cameras lost its worker for good, a new one is placed: %s", part, error)
            self._give_back(part)
            self._actors[part] = self._placed(part)
        except errors.ActorUnavailableError as error:
            LOG.warning("part %d of the cameras lost its worker, Ray starts it again: %s", part, error)
            self._give_back(part)
        except errors.GetTimeoutError:
            LOG.warning("the worker of part %d does not answer; is there room for it on the cluster?", part)
        else:
            if report.worker != self._names.get(part):
                self._give_back(part)  # it died and was back before it was asked
                self._names[part] = report.worker
            if report.broken:
                LOG.error("the worker of part %d ended by a mistake of ours, it is started again", part)
                self._ray.kill(self._actors[part], no_restart=False)

    def _give_back(self, part: int) -> None:
        """What the part's last worker held is free at once."""
        name = self._names.pop(part, None)
        if name is None:
            return
        try:
            with self._house.database.write() as session:
                looks = release(session, name)
                for row in running(session):
                    if row.worker == name:
                        row.worker = row.lease_until = None
            LOG.info("%d looks of %s are free again", looks, name)
        except DatabaseDown as error:
            LOG.error("the leases of %s end by themselves: %s", name, error)
