"""Beside the server: blurred copies of clips that were asked for, and pictures looked at before people come to them."""

from __future__ import annotations

import logging
from threading import Event, Thread

from casework.db import Database, DatabaseDown, utcnow
from casework.errors import CaseworkError, NotFound
from casework.privacy import queries
from casework.privacy.views import Views
from detector.errors import DetectorError
from detector.privacy.clips import covered_clip
from detector.privacy.regions import Regions
from ingest.errors import IngestError
from ingest.frame import Image

log = logging.getLogger(__name__)
AT_A_TIME = 4
"""Pictures between two looks whether a clip waits: somebody sits before that."""


class _Stopped(Exception):
    """The server ends in the middle of a clip."""


class Preparer:
    """One thread. Several servers may run one each: what two make at a time is the same."""

    def __init__(self, database: Database, views: Views, every_s: float = 2.0) -> None:
        """every_s: how often it looks for work when there was none."""
        self._database, self._views, self._every_s = database, views, every_s
        self._stop = Event()
        self._thread = Thread(target=self._run, name="jiexun-privacy", daemon=True)
        self._broken: set[str] = set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> None:
        """End soon; a clip in the middle waits again."""
        self._stop.set()
        self._thread.join(wait_s)

    def work(self) -> bool:
        """One clip, or a few pictures; whether there was anything to do."""
        return self._clip() or self._pictures()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.work()
            except (CaseworkError, DetectorError, DatabaseDown) as error:
                log.warning("privacy: %s", error)
                busy = False
            if not busy:
                self._stop.wait(self._every_s)

    def _clip(self) -> bool:
        finder = self._views.finder
        with self._database.write() as session:
            row = queries.next_clip(session, finder.id, utcnow())
        if row is None:
            return False
        copy: bytes | None = None
        because: str | None = None
        try:
            copy = covered_clip(self._views.store.get(row.sha256), self._find, finder.limits)
        except _Stopped:
            with self._database.write() as session:
                queries.put_back(session, row.sha256, finder.id)
            return False
        except (IngestError, DetectorError, NotFound) as error:
            because = str(error)
        sha256 = None if copy is None else self._views.copies.put(copy)
        with self._database.write() as session:
            kept = queries.clip_copy(session, row.sha256, finder.id)
            if kept is not None:
                kept.state, kept.because = ("failed" if copy is None else "made"), because
                kept.copy_sha256, kept.changed_at = sha256, utcnow()
                kept.size = None if copy is None else len(copy)
        return True

    def _find(self, image: Image) -> Regions:
        if self._stop.is_set():
            raise _Stopped
        return self._views.finder.regions_of(image)

    def _pictures(self) -> bool:
        with self._database.read() as session:
            found = queries.unseen_pictures(session, self._views.finder.id, AT_A_TIME + len(self._broken))
        todo = [sha256 for sha256 in found if sha256 not in self._broken][:AT_A_TIME]
        for sha256 in todo:
            if self._stop.is_set():
                return False
            try:
                self._views.regions(sha256)
            except CaseworkError as error:
                log.warning("privacy: %s", error)
                self._broken.add(sha256)
        return bool(todo)
