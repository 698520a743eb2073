"""The engine of live cameras: leases due looks, has their pictures fetched and looked at, writes them down in batches.

    conductor ──lease──► fetching (threads) ──pictures──► lookers (threads: detect, judge) ──outcomes──► conductor

One thread conducts: it alone talks to the queue, in one write transaction a round: what is done, then what is due.
Never more is in hand than ``live_in_hand``; what is late meanwhile is due once, not twice, and counted as missed.
A look, its count, what it raises and its camera's next due time are one transaction: killed anywhere, a worker
loses looks that were never counted, and the lease of their cameras ends.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from casework.db import DatabaseDown, Session, utcnow
from casework.errors import CaseworkError
from casework.live.queries import Changes, held, look_counts, workers_with_leases
from casework.live.service import begin_days, write_looks
from casework.plans.model import Done, Due
from casework.plans.schedule import lease_due, looked, refresh, release, resume
from ingest.frame import Frame
from ingest.streams.model import StreamFault
from jiexun.house import House
from jiexun.live.camera import LiveCamera
from jiexun.live.fetching import Fetching
from jiexun.live.housekeeping import Housekeeper
from jiexun.live.looker import Lookers, Outcome
from jiexun.live.spool import Spool
from jiexun.pipeline.workers import is_gone, worker_name
from jiexun.warehouse import Detectors

LOG = logging.getLogger("jiexun.live")
ROUND_S = 0.3
"""Rounds are no shorter: a commit waits for the disk, and a query costs nearly the same for one camera as for ten."""
IDLE_S = 0.5
LEASE_S = 60.0
REFRESH_EVERY_S = 30.0
AFTER_TROUBLE_S = 2.0
AT_ONCE = 24
READY_MOST = 16
LATEST = 50_000
FORGET_S = 7200.0
"""A camera that was not looked at for so long leaves the memory: its plan ended, or it is silent."""


@dataclass(slots=True)
class Counts:
    """Since the start. late_s: of the latest looks, from the due time until they were written down."""

    looks: int = 0
    faults: int = 0
    missed: int = 0
    stale: int = 0
    lost: int = 0
    late_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))


class Engine:
    """One worker's engine. make: opens the detectors of one looker thread.

    shard: (k, n), only cameras whose number modulo n is k; none: all. broken: told once when it ends by itself.
    """

    def __init__(
        self,
        house: House,
        make: Callable[[], Detectors],
        *,
        shard: tuple[int, int] | None = None,
        worker: str | None = None,
        broken: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        settings = house.settings
        self._house, self._shard, self._tell_broken = house, shard, broken
        self.worker = worker or worker_name()
        self._most = settings.live_in_hand
        self._spool = Spool(settings.spool_dir)
        self._cameras: dict[int, LiveCamera] = {}
        self._in_hand: dict[int, Due] = {}
        self._apart: set[int] = set()  # in hand, and waited for among the silent ones
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._refresh_at = 0.0
        self.counts = Counts()
        self._lookers = Lookers(house, self._spool, make, self._cameras, self._outcomes.put, self._broken)
        self._fetching = Fetching(settings, self._came, self._broken)
        self._house_keeper = Housekeeper(house, self._spool, shard, self._changed, self._fetching.sweep)
        self._thread = threading.Thread(target=self._conduct, name="jiexun-live", daemon=True)

    def start(self) -> None:
        """Begin; what workers of this machine left when they were killed is free at once. After a standstill cameras
        come at their own times again, and not all at once.
        """
        with self._house.database.write() as session:
            for name in workers_with_leases(session):
                if is_gone(name) or name == self.worker:
                    release(session, name)
            resume(session, utcnow(), self._shard)
        self._lookers.start()
        self._house_keeper.start()
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Write down what is in hand, as far as it comes in time, and give the rest back."""
        self._stop.set()
        self._thread.join(timeout_s)
        self._fetching.close()
        self._lookers.stop(timeout_s)
        self._house_keeper.stop(timeout_s)
        try:
            with self._house.database.write() as session:
                release(session, self.worker)
        except DatabaseDown as error:
            LOG.error("the leases of live cameras end by themselves: %s", error)

    @property
    def in_hand(self) -> int:
        """Looks that are leased and not written down."""
        return len(self._in_hand)

    @property
    def cameras(self) -> int:
        """Cameras in memory."""
        return len(self._cameras)

    def _came(self, due: Due, found: Frame | StreamFault) -> None:
        if isinstance(found, StreamFault):
            done = Done(due.device_id, due.token, None, found.code.value, str(found))
            self._outcomes.put(Outcome(due, done))
        else:
            self._lookers.take(due, found)

    def _changed(self, found: Changes) -> None:
        self._lookers.changed(found)

    def _broken(self, error: BaseException) -> None:
        """A mistake of ours: this worker ends, and others take over its cameras."""
        LOG.critical("the live worker ends: %s", error, exc_info=error)
        self._stop.set()
        self._tell_broken(error)

    def _conduct(self) -> None:
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                outcomes = self._taken()
                if not self._round(outcomes, lease=True):
                    self._stop.wait(AFTER_TROUBLE_S)
                pause = ROUND_S if self._in_hand or outcomes else IDLE_S
                self._stop.wait(max(0.0, pause - (time.monotonic() - began)))
            self._finish()
        except BaseException as error:
            self._broken(error)
            raise

    def _finish(self) -> None:
        """What is being looked at is written down; pictures that are still to come are not waited for long."""
        end = time.monotonic() + self._house.settings.live_grab_s / 2
        while self._in_hand and time.monotonic() < end:
            time.sleep(ROUND_S / 2)
            if not self._round(self._taken(), lease=False):
                break

    def _taken(self) -> list[Outcome]:
        found: list[Outcome] = []
        while len(found) < 2 * self._most:
            try:
                found.append(self._outcomes.get_nowait())
            except queue.Empty:
                break
        return found

    def _round(self, outcomes: list[Outcome], *, lease: bool) -> bool:
        """Write down what is done, and lease what is due; false when the database is away."""
        # A lease may have ended while the look went on, and been taken again by ourselves: its look is the same.
        outcomes = [one.under(self._in_hand.get(one.due.device_id, one.due)) for one in outcomes]
        try:
            dues = self._once(outcomes, lease)
        except (DatabaseDown, CaseworkError) as error:
            LOG.error("a batch of %d looks was not written: %s", len(outcomes), error)
            dues = []
            if isinstance(error, DatabaseDown):
                self._lose(outcomes)
                return False
            for one in outcomes:
                self._alone(one)
        self._lookers.expect([due for due in dues if due.device_id not in self._in_hand])
        for due in dues:
            again = due.device_id in self._in_hand
            self._in_hand[due.device_id] = due
            if not again and not self._fetching.submit(due):
                self._apart.add(due.device_id)
        return True

    def _once(self, outcomes: list[Outcome], lease: bool) -> list[Due]:
        now, begun = utcnow(), list[LiveCamera]()
        freed = {one.due.device_id for one in outcomes}
        in_hand = len(self._in_hand.keys() - self._apart - freed)
        try:
            with self._house.database.write() as session:
                taken = self._write(session, outcomes, now, begun)
                dues = self._lease(session, now, in_hand) if lease else []
                moved = self._looked_elsewhere(session, dues, freed)
        except (DatabaseDown, CaseworkError):
            for camera in begun:
                camera.detach()
            raise
        for one in outcomes:
            self._let_go(one)
            self._settle(one, one.due.device_id in taken, now)
        for device_id in moved:
            self._cameras.pop(device_id, None)
        return dues

    def _write(
        self, session: Session, outcomes: list[Outcome], now: datetime, begun: list[LiveCamera]
    ) -> frozenset[int]:
        """Returns the devices whose look was still ours. begun: cameras whose day was begun here are added to it."""
        done = {one.due.device_id: one.done for one in outcomes if one.done is not None}
        ours = (
            held(session, {device_id: one.token for device_id, one in done.items()}) if done else frozenset()
        )
        seen = [
            (one.camera, one.looked)
            for one in outcomes
            if one.due.device_id in ours and one.camera is not None and one.looked is not None
        ]
        new = [camera for camera, _ in seen if camera.row is None]
        rows = begin_days(session, [camera.site.begin(camera.day) for camera in new])
        for camera, row in zip(new, rows, strict=True):
            camera.attach(row)
            begun.append(camera)
        write_looks(session, [camera.new_look(look) for camera, look in seen])
        for _, look in seen:
            for act in look.acts:
                act(session)
        written = looked(session, now, [one for device_id, one in done.items() if device_id in ours])
        self.counts.missed += written.missed
        return ours

    def _lease(self, session: Session, now: datetime, in_hand: int) -> list[Due]:
        if time.monotonic() >= self._refresh_at:
            self._refresh_at = time.monotonic() + REFRESH_EVERY_S
            refresh(session, now)
            before = time.monotonic() - FORGET_S
            for device_id in [i for i, camera in list(self._cameras.items()) if camera.settled_at < before]:
                if device_id not in self._in_hand:
                    self._cameras.pop(device_id, None)
        # Pictures that wait to be looked at are decoded, megabytes each: more are fetched when they are gone.
        late = self._lookers.waiting > READY_MOST
        free = 0 if late else min(self._most - in_hand, AT_ONCE)
        return lease_due(session, now, free, self.worker, LEASE_S, self._shard) if free > 0 else []

    def _looked_elsewhere(self, session: Session, dues: Iterable[Due], freed: set[int]) -> list[int]:
        """Cameras in memory that somebody else looked at meanwhile: they are rebuilt from what was stored."""
        ours = [(due.device_id, self._cameras.get(due.device_id)) for due in dues]
        busy = self._in_hand.keys() | freed
        known = {i: c for i, c in ours if c is not None and c.row is not None and i not in busy}
        counts = look_counts(session, [c.row.footage_id for c in known.values() if c.row is not None])
        return [i for i, c in known.items() if c.row and counts.get(c.row.footage_id) != c.number]

    def _settle(self, one: Outcome, taken: bool, now: datetime) -> None:
        """After the commit."""
        if one.done is None or not taken:
            self.counts.lost += one.done is None
            self.counts.stale += one.done is not None
            self._cameras.pop(one.due.device_id, None)
            return
        if one.done.captured_at is None:
            self.counts.faults += 1
            return
        if one.camera is not None:
            try:
                one.camera.settle()
            except CaseworkError as error:  # a full disk: the look is committed, only a restart takes longer
                LOG.error("camera %s: its scene was not kept: %s", one.due.code, error)
        self.counts.looks += 1
        self.counts.late_s.append((now - one.due.due_at).total_seconds())

    def _alone(self, one: Outcome) -> None:
        """One look of a batch that failed: what is wrong with one must not cost the others."""
        try:
            self._once([one], False)
        except (DatabaseDown, CaseworkError) as error:
            LOG.error("camera %s: a look was not written: %s", one.due.code, error)
            self._lose([one])

    def _lose(self, outcomes: Iterable[Outcome]) -> None:
        """Looks that were not written: their cameras are rebuilt, their leases end by themselves."""
        for one in outcomes:
            self._let_go(one)
            self._cameras.pop(one.due.device_id, None)
            self.counts.lost += 1

    def _let_go(self, one: Outcome) -> None:
        self._in_hand.pop(one.due.device_id, None)
        self._lookers.over(one.due.device_id)
        self._apart.discard(one.due.device_id)
