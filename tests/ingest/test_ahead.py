"""Reading ahead: nothing lost, nothing out of order, errors in their place, nothing left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from ingest.ahead import read_ahead
from ingest.errors import BadVideo


def test_the_same_items_in_the_same_order() -> None:
    assert list(read_ahead(range(100), 2)) == list(range(100))
    assert list(read_ahead([])) == []


def test_no_more_than_the_depth_is_taken_ahead() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for i in range(20):
            taken.append(i)
            yield i

    with closing(read_ahead(source(), 2)) as ahead:
        assert next(ahead) == 0
        threading.Event().wait(0.1)
        assert len(taken) <= 4  # one handed out, two waiting, one in hand


def test_an_error_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise BadVideo("broken here")

    ahead = read_ahead(source())
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(BadVideo, match="broken here"):
        next(ahead)


def test_stopping_early_closes_the_source_and_leaves_no_thread() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    with closing(read_ahead(source(), 2)) as ahead:
        assert [next(ahead), next(ahead)] == [0, 1]
    assert closed.is_set()
    assert not [t for t in threading.enumerate() if t.name == "read-ahead"]
