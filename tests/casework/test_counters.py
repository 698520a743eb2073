"""Numbers without gaps: under threads that all count at once, and after transactions that were given up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from casework.counters import Counter, next_number
from casework.db import Database

THREADS, EACH = 8, 12


def _count(database: Database, name: str = "case:2026") -> int:
    with database.write() as session:
        return next_number(session, name)


def test_counts_from_one(database: Database) -> None:
    assert [_count(database) for _ in range(3)] == [1, 2, 3]


def test_names_count_apart(database: Database) -> None:
    assert [_count(database, name) for name in ("a", "b", "a")] == [1, 1, 2]


def test_eight_threads_leave_no_gap_and_no_double(database: Database) -> None:
    """All begin with a counter that does not exist yet: who makes it must not matter."""
    with ThreadPoolExecutor(THREADS) as pool:
        numbers = list(pool.map(lambda _: _count(database), range(THREADS * EACH)))
    assert sorted(numbers) == list(range(1, THREADS * EACH + 1))


class GivenUp(Exception):
    """What a transaction fails with."""


def test_a_number_of_a_failed_transaction_is_given_again(database: Database) -> None:
    assert _count(database) == 1

    def give_up() -> None:
        with database.write() as session:
            assert next_number(session, "case:2026") == 2
            raise GivenUp

    with pytest.raises(GivenUp):
        give_up()
    assert _count(database) == 2


def test_threads_of_which_every_third_fails_leave_no_gap(database: Database) -> None:
    def one(i: int) -> int | None:
        try:
            with database.write() as session:
                number = next_number(session, "n")
                if i % 3 == 0:
                    raise GivenUp
                return number
        except GivenUp:
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        kept = [n for n in pool.map(one, range(48)) if n is not None]
    assert sorted(kept) == list(range(1, 33))  # 48 tries, 16 given up: 32 numbers, the last is 32
    with database.read() as session:
        assert session.get_one(Counter, "n").value == 32
