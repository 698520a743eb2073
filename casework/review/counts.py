"""Counts of the queue and its groups, kept a moment where there is much to count.

Few rows are counted whenever somebody asks. Above ``AT_ONCE`` rows the answer of a moment ago is given, and counted
anew in the background: by one thread for each question, and not before ``REST`` times as long as the counting took has
gone by (two seconds at least). So that of a million rows one process counts a few times a minute however many ask.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import TimeoutError as NoConnection

from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Database, DatabaseDown, Session, utcnow
from casework.people.service import Person
from casework.review import queries

AT_ONCE = 1000
LEAST_S, REST = 2.0, 20.0
MOST_KEPT = 500
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Answer:
    """value: of the last counting; due: when it may be counted anew, monotonic seconds."""

    value: Any
    due: float
    counting: bool = False


class Counts:
    """One for a process. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._kept: dict[Hashable, _Answer] = {}

    def queue(self, database: Database, person: Person, stage: str, want: Filter) -> dict[str, Any]:
        """What ``queries.queue_counts`` says. Of much, it may count what this very person may not look at again."""

        def count(session: Session) -> dict[str, Any]:
            return queries.queue_counts(session, person, stage, want, utcnow())

        return self.asked(database, person, stage, want, "queue", count)

    def asked(
        self,
        database: Database,
        person: Person,
        stage: str,
        want: Filter,
        what: str,
        count: Callable[[Session], T],
    ) -> T:
        """The answer to ``count`` for people who see what this person sees. what: tells one question from another."""
        key = (what, person.squad_id, stage, want)

        def counted() -> T:
            with database.read() as session:
                some = queries.waiting_for(person, stage, want).with_only_columns(Candidate.id)
                few = select(func.count()).select_from(some.limit(AT_ONCE + 1).subquery())
                much = (session.scalar(few) or 0) > AT_ONCE
                begun = time.monotonic()
                value = count(session)
            self._keep(key, value if much else None, time.monotonic() - begun)
            return value

        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                if time.monotonic() >= kept.due and not kept.counting:
                    kept.counting = True
                    threading.Thread(target=self._again, args=(key, counted), daemon=True).start()
                answer: T = kept.value
                return answer
            making = self._making.get(key)
        if making is None:
            return self._first(key, counted)
        with making:  # somebody counts much for the first time; others wait for their answer
            with self._lock:
                kept = self._kept.get(key)
            return counted() if kept is None else kept.value

    def _first(self, key: Hashable, counted: Callable[[], T]) -> T:
        making = threading.Lock()
        with making:
            with self._lock:
                self._making[key] = making
            try:
                return counted()
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def _keep(self, key: Hashable, value: object | None, took: float) -> None:
        with self._lock:
            if value is None:
                self._kept.pop(key, None)
                return
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = _Answer(value, time.monotonic() + max(LEAST_S, REST * took))

    def _again(self, key: Hashable, counted: Callable[[], object]) -> None:
        try:
            counted()
        except (DatabaseDown, NoConnection):  # whoever asks the database for more sees it for themselves
            log.warning("the queue could not be counted; it is tried again", exc_info=True)
        finally:
            with self._lock:
                kept = self._kept.get(key)
                if kept is not None and kept.counting:  # it was not replaced: it failed
                    kept.counting, kept.due = False, time.monotonic() + LEAST_S
