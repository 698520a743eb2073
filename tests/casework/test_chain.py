"""Hash chains: whatever is done to the entries afterwards is found, and the finding names the entry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.chain import breaks, entry_hash, extend
from casework.counters import ChainHead
from casework.db import Database

Entry = tuple[int, str, str, object]
NAME = "test"


def _chain(database: Database, length: int = 5) -> list[Entry]:
    """A chain of {"n": 1}, {"n": 2} ..."""
    entries: list[Entry] = []
    with database.write() as session:
        for n in range(1, length + 1):
            link = extend(session, NAME, {"n": n})
            entries.append((link.seq, link.prev_hash, link.hash, {"n": n}))
    return entries


def _found(database: Database, entries: list[Entry]) -> list[str]:
    with database.read() as session:
        return list(breaks(session, NAME, iter(entries)))


def test_hash_is_sha256_over_the_hash_before_and_canonical_json() -> None:
    """By hand: 'abc', a new line, keys in order, no spaces, Chinese kept as it is, UTF-8."""
    by_hand = hashlib.sha256('abc\n{"a":"街","b":1}'.encode()).hexdigest()
    assert entry_hash("abc", {"b": 1, "a": "街"}) == by_hand


def test_links_follow_each_other(database: Database) -> None:
    entries = _chain(database, 3)
    assert [e[0] for e in entries] == [1, 2, 3]
    assert entries[0][1] == ""  # the first has nothing before it
    assert [entries[1][1], entries[2][1]] == [entries[0][2], entries[1][2]]
    assert _found(database, entries) == []


def test_no_entries_and_no_head_is_whole(database: Database) -> None:
    assert _found(database, []) == []


def _content(e: list[Entry]) -> list[Entry]:
    seq, before, digest, _ = e[2]
    return [*e[:2], (seq, before, digest, {"n": 99}), *e[3:]]


def _rehashed(e: list[Entry]) -> list[Entry]:
    """Content changed and its own hash made to fit: the next entry no longer follows."""
    seq, before, _, _ = e[2]
    return [*e[:2], (seq, before, entry_hash(before, {"n": 99}), {"n": 99}), *e[3:]]


def _swapped(e: list[Entry]) -> list[Entry]:
    """Contents of 2 and 3 change places, hashes stay."""
    a, b = e[1], e[2]
    return [e[0], (*a[:3], b[3]), (*b[:3], a[3]), *e[3:]]


def _swapped_whole(e: list[Entry]) -> list[Entry]:
    """Entries 2 and 3 change places and take each other's number."""
    a, b = e[1], e[2]
    return [e[0], (2, *b[1:]), (3, *a[1:]), *e[3:]]


def _end_rewritten(e: list[Entry]) -> list[Entry]:
    """The last entry is replaced, with a hash that fits: only the head knows."""
    before = e[-1][1]
    return [*e[:-1], (e[-1][0], before, entry_hash(before, {"n": 99}), {"n": 99})]


def _added(e: list[Entry]) -> list[Entry]:
    before = e[-1][2]
    return [*e, (6, before, entry_hash(before, {"n": 6}), {"n": 6})]


def _closed_gap(e: list[Entry]) -> list[Entry]:
    """Entry 3 is taken out and the rest are numbered anew."""
    return [*e[:2], (3, *e[3][1:]), (4, *e[4][1:])]


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (_content, ["test #3: its content was changed"]),
        (_rehashed, ["test #4: does not follow the entry before it"]),
        (lambda e: [*e[:2], *e[3:]], ["test #3: missing (next is #4)"]),
        (lambda e: e[1:], ["test #1: missing (next is #2)"]),
        (lambda e: e[:-1], ["test: ends at #4, its head says #5: entries at the end are missing or changed"]),
        (lambda e: e[:-2], ["test: ends at #3, its head says #5: entries at the end are missing or changed"]),
        (lambda e: [], ["test: ends at #0, its head says #5: entries at the end are missing or changed"]),
        (_swapped, ["test #2: its content was changed", "test #3: its content was changed"]),
        (
            _swapped_whole,
            [f"test #{n}: does not follow the entry before it" for n in (2, 3, 4)],
        ),
        (
            _end_rewritten,
            ["test: ends at #5, its head says #5: entries at the end are missing or changed"],
        ),
        (_added, ["test: ends at #6, its head says #5: entries at the end are missing or changed"]),
        (
            _closed_gap,
            [
                "test #3: does not follow the entry before it",
                "test: ends at #4, its head says #5: entries at the end are missing or changed",
            ],
        ),
    ],
    ids=[
        "content changed",
        "content and hash changed",
        "middle removed",
        "first removed",
        "end removed",
        "two removed at the end",
        "all removed",
        "contents swapped",
        "entries swapped",
        "end rewritten",
        "one added",
        "removed and renumbered",
    ],
)
def test_tampering_is_named(
    sqlite: Database, tamper: Callable[[list[Entry]], list[Entry]], expected: list[str]
) -> None:
    entries = _chain(sqlite)
    assert _found(sqlite, tamper(entries)) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_any_entry_is_found(
    chain_of_eight: tuple[Database, list[Entry]], data: st.DataObject
) -> None:
    """Drop some entries, shuffle the rest, change one's content: unless nothing changed, something is said."""
    database, entries = chain_of_eight
    changed = data.draw(st.lists(st.sampled_from(entries), max_size=9))
    i = data.draw(st.none() | st.integers(0, max(0, len(changed) - 1)))
    if i is not None and changed:
        seq, before, digest, _ = changed[i]
        changed[i] = (seq, before, digest, {"n": data.draw(st.integers(1, 9))})
    assert bool(_found(database, changed)) == (changed != entries)


@pytest.fixture
def chain_of_eight(sqlite: Database) -> tuple[Database, list[Entry]]:
    """A chain that examples only read."""
    return sqlite, _chain(sqlite, 8)


def test_threads_extend_one_chain_in_one_line(database: Database) -> None:
    def add(n: int) -> Entry:
        with database.write() as session:
            link = extend(session, NAME, {"n": n})
            return link.seq, link.prev_hash, link.hash, {"n": n}

    with ThreadPoolExecutor(8) as pool:
        entries = sorted(pool.map(add, range(40)), key=lambda e: e[0])
    assert [e[0] for e in entries] == list(range(1, 41))
    assert _found(database, entries) == []
    with database.read() as session:
        head = session.get_one(ChainHead, NAME)
    assert (head.seq, head.hash) == (40, entries[-1][2])
