"""A queue that is very full, and many people at it at once; the large form is ``jiexun bench review``."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from casework.candidates.queries import Filter
from casework.db import Database, Session
from casework.errors import CaseworkError
from casework.review import counts as counting
from casework.review import service
from casework.review.admission import Choice
from casework.review.counts import Counts
from casework.review.rehearsal import decided, fill, statements
from tests import builders as b
from tests.casework.review.room import Room

REVIEWERS, CANDIDATES = 10, 200


def test_many_at_once_decide_each_exactly_once(database: Database) -> None:
    room = Room(database, waiting=CANDIDATES, at_work=False)
    with database.write() as session:
        people = [b.a_person(session, "reviewer", f"many{n}") for n in range(REVIEWERS)]

    def work(number: int) -> list[int]:
        done = []
        while (found := room.take(people[number])) is not None:
            room.decide(people[number], found)
            done.append(found)
        return done

    with ThreadPoolExecutor(REVIEWERS) as pool:
        done = [number for each in pool.map(work, range(REVIEWERS)) for number in each]
    assert sorted(done) == list(range(1, CANDIDATES + 1))
    assert decided(database) == (CANDIDATES, 0)


def test_the_rehearsals_queue_is_whole(database: Database) -> None:
    people = fill(database, 1200, 2)
    with database.write() as session:
        first, _ = service.take_next(session, people[0], "first", Filter())
        # Every fourth no longer stands (-100); of the others the highest last digit first, then the oldest: 9.
        assert first is not None
        assert (first.id, first.rank, first.queue) == (9, -109, "first")
        seen = b.seen(session, first.id)
        assert len(seen) == 2
        service.decide(session, people[0], 9, Choice("first", "keep", "a-long-key", shown=seen))
    with pytest.raises(CaseworkError, match="holds candidates"):
        fill(database, 10, 1)


def test_taking_and_deciding_cost_the_same_queries(sqlite: Database) -> None:
    """With two that wait and with two hundred, on the first as on the last of a page's own."""
    room = Room(sqlite, waiting=2, at_work=False)
    room.decide(room.li, room.take(room.li) or 0)  # what is compiled and made once is
    with statements(sqlite) as few:
        number = room.take(room.li) or 0
    with statements(sqlite) as few_decided:
        room.decide(room.li, number)
    with sqlite.write() as session:
        for _ in range(200):
            b.a_candidate_row(session, room.camera)
    with statements(sqlite) as many:
        number = room.take(room.li) or 0
    with statements(sqlite) as many_decided:
        room.decide(room.li, number)
    assert (len(many), len(many_decided)) == (len(few), len(few_decided))
    assert len(many) <= 10
    assert len(many_decided) <= 20


# Counts ------------------------------------------------------------------------------------------------------


def test_a_small_queue_is_counted_each_time(sqlite: Database) -> None:
    room = Room(sqlite, waiting=2, at_work=False)
    kept = Counts()
    assert kept.queue(sqlite, room.li, "first", Filter())["waiting"] == 2
    room.decide(room.li, room.take(room.li) or 0)
    assert kept.queue(sqlite, room.li, "first", Filter())["waiting"] == 1
    assert kept.queue(sqlite, room.li, "first", Filter(type="cross_door"))["waiting"] == 0


def test_a_large_queue_is_counted_once_for_many(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", 1)
    monkeypatch.setattr(counting, "LEAST_S", 0.3)
    room = Room(sqlite, waiting=3, at_work=False)
    kept, begun, threads = Counts(), threading.Event(), set()
    calls: list[int] = []

    def count(session: Session) -> int:
        calls.append(1)
        threads.add(threading.current_thread())
        begun.set()
        return len(calls)

    def ask(_: int = 0) -> Any:
        return kept.asked(sqlite, room.li, "first", Filter(), "test", count)

    assert ask() == 1
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(40))) == {1}
    time.sleep(0.4)
    begun.clear()
    assert ask() == 1  # old, but at once; it is counted anew meanwhile
    assert begun.wait(10)
    deadline = time.monotonic() + 10
    while ask() == 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ask() == 2
    assert threads != {threading.current_thread()}


def test_a_count_that_fails_is_made_anew(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "AT_ONCE", 1)
    room = Room(sqlite, waiting=3, at_work=False)
    kept = Counts()

    def fail(session: Session) -> int:
        raise CaseworkError("no", zh="不", en="no")

    for _ in range(2):
        with pytest.raises(CaseworkError):
            kept.asked(sqlite, room.li, "first", Filter(), "test", fail)
    assert kept.asked(sqlite, room.li, "first", Filter(), "test", lambda session: 5) == 5
