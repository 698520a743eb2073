"""Gathering the looks of a footage hour by hour, so that other rules can be tried on them later."""

from __future__ import annotations

from datetime import datetime, timedelta

from casework.db import utcnow
from casework.looks.codec import Look
from casework.looks.service import Kept, forget, keep
from casework.storage import BlobStore
from detector.detections import Detections
from ingest.frame import Frame
from jiexun.house import House


class LookKeeper:
    """Holds one hour at most; each hour that is over is written at once."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._looks: list[Look] = []
        self._kept: list[Kept] = []

    def look(self, frame: Frame, seen: Detections) -> None:
        """Take a look in, in the order in which they are judged. Raises StorageFull."""
        if self._looks and _hour(self._looks[-1].captured_at) != _hour(frame.captured_at):
            self._write()
        self._looks.append(Look(frame.captured_at, frame.index, frame.size, seen, frame.position))

    def finish(self) -> list[Kept]:
        """End of the footage: all that is written."""
        self._write()
        return self._kept

    def _write(self) -> None:
        if self._looks:
            self._kept.append(keep(self._store, self._looks))
            self._looks = []


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def forget_looks(house: House) -> int:
    """Drop stored looks whose retention is over (``looks_keep_days``); returns how many files of looks went."""
    with house.database.write() as session:
        return forget(session, house.looks, utcnow() - timedelta(days=house.settings.looks_keep_days))
