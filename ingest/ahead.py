"""Reading ahead: frames are decoded in a thread of their own while the ones before are looked at."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")

DEPTH = 3
"""Frames that wait at most: enough that neither side waits for the other's hiccups, 18 MB of 1080p."""


class _End:
    """The last thing in the queue: the source is at its end, or failed with ``error``."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


def read_ahead(source: Iterable[T], depth: int = DEPTH) -> Generator[T, None, None]:
    """The same items in the same order. What the source raises is raised here, after the items before it.

    A user who stops early must close the generator (``contextlib.closing``): the source is then closed too, after
    the item in hand.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(depth)
    stopped = threading.Event()

    def fill() -> None:
        items = iter(source)
        try:
            for item in items:
                waiting.put(item)
                if stopped.is_set():
                    return
            waiting.put(_End())
        except Exception as error:  # noqa: BLE001 - raised where the items are used
            waiting.put(_End(error))
        finally:
            if isinstance(items, Generator):
                items.close()

    thread = threading.Thread(target=fill, name="read-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        while thread.is_alive():  # it may wait for room
            try:
                waiting.get(timeout=0.05)
            except queue.Empty:
                continue
        thread.join()
