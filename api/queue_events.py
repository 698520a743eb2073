"""What happens in the queue, told to every page that listens (server-sent events).

One thread asks the database once a second while anybody listens, however many do. A page that comes back names the last
event that it had; what it missed is given from memory, or ``counts`` where that is too long ago: go and ask again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from casework.db import Database, DatabaseDown
from casework.people.roles import Role
from casework.people.service import Person
from casework.review.changes import Change, changes_since, newest

POLL_S, PING_S = 1.0, 15.0
REMEMBERED = 2000
BLIND = "second"
"""A state that first reviewers must not learn of: who looks a second time does not know that it is one."""
log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Listener:
    person: Person
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(1000))

    def tell(self, text: str | None) -> None:
        """From any thread. A page too slow for a thousand events loses its line, comes back and asks again."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._put, text)

    def _put(self, text: str | None) -> None:
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            text = None
        self.queue.put_nowait(text)


class QueueEvents:
    """One for a process. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[_Listener] = set()
        self._past: deque[Change] = deque(maxlen=REMEMBERED)
        self._seq: int | None = None  # the last row of the log that was looked at; none: nobody listens
        self._begun = 0  # memory reaches back to this row
        self._stop = threading.Event()

    def close(self) -> None:
        """Every line ends; the process goes."""
        self._stop.set()
        with self._lock:
            for listener in self._listeners:
                listener.tell(None)

    async def listen(
        self, database: Database, person: Person, last: int | None, seconds: float
    ) -> AsyncIterator[str]:
        """Events as text for one page, for so long (it comes again by itself, and is asked anew who it is)."""
        loop = asyncio.get_running_loop()
        listener = _Listener(person, loop)
        await asyncio.to_thread(self._join, database, listener, last)
        end = loop.time() + seconds
        try:
            while True:
                wait = min(PING_S, end - loop.time())
                try:
                    text = await asyncio.wait_for(listener.queue.get(), max(wait, 0.01))
                except TimeoutError:
                    if loop.time() >= end:
                        return
                    text = event("ping", {})
                if text is None:
                    return
                yield text
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _join(self, database: Database, listener: _Listener, last: int | None) -> None:
        with self._lock:
            if self._seq is None:
                with database.read() as session:
                    self._seq = self._begun = newest(session)
                self._past.clear()
                threading.Thread(
                    target=self._poll, args=(database,), name="queue-events", daemon=True
                ).start()
            if last is not None and self._reaches_back(last):
                for change in self._past:
                    if change.seq > last and _sees(listener.person, change):
                        listener.tell(_told(listener.person, change))
            # The first event says where the log stands, so that even a page which saw none can come back to it.
            listener.tell(event("counts", {}, self._seq))
            self._listeners.add(listener)
            if self._stop.is_set():
                listener.tell(None)

    def _reaches_back(self, last: int) -> bool:
        full = len(self._past) == REMEMBERED
        return last >= (self._past[0].seq if full else self._begun)

    def _poll(self, database: Database) -> None:
        try:
            while self._once(database):
                self._stop.wait(POLL_S)
        finally:
            with self._lock:  # nobody listens any more; or it broke, then the pages come again by themselves
                self._seq = None
                for listener in self._listeners:
                    listener.tell(None)

    def _once(self, database: Database) -> bool:
        """Ask once and tell; whether to go on."""
        with self._lock:
            if not self._listeners or self._stop.is_set():
                self._seq = None
                return False
            seq = self._seq or 0
        try:
            with database.read() as session:
                changes, seen = changes_since(session, seq)
        except DatabaseDown:
            log.warning("the audit log could not be read; the pages' events wait", exc_info=True)
            return True
        with self._lock:
            self._seq = seen
            self._past.extend(changes)
            listeners = list(self._listeners)
        for listener in listeners:
            told = [change for change in changes if _sees(listener.person, change)]
            for change in told:
                listener.tell(_told(listener.person, change))
            if told:
                listener.tell(event("counts", {}, seen))
        return True


def _sees(person: Person, change: Change) -> bool:
    """In the person's squad, and nothing that would tell them of a blind second look."""
    own = person.squad_id is None or person.squad_id == change.squad_id
    return own and not (person.role == Role.REVIEWER and change.state == BLIND)


def _told(person: Person, change: Change) -> str:
    """Neither does a reviewer hear that two others differ: to them it is with the senior."""
    told = "escalated" if person.role == Role.REVIEWER and change.state == "disputed" else change.state
    values = {"id": change.candidate, "change": change.change, "state": told}
    return event("candidate", values, change.seq)


def event(name: str, data: dict[str, object], number: int | None = None) -> str:
    """One event as the stream carries it."""
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"
