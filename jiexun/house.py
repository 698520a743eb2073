"""The rooms, opened together: database at the current schema, evidence store, settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casework import schema
from casework.db import Database
from casework.storage import FileStore
from jiexun.settings import Settings, load


@dataclass(frozen=True, slots=True)
class House:
    """What commands, pipeline and server share."""

    settings: Settings
    database: Database
    store: FileStore

    @property
    def looks(self) -> FileStore:
        """Where stored detections lie: no evidence, and forgotten after a while."""
        return FileStore(self.settings.looks_dir)


@contextmanager
def open_house(home: Path | None = None, settings: Settings | None = None) -> Iterator[House]:
    """Open everything that is kept under a home folder; makes it and brings the schema up to date."""
    settings = settings or load(home)
    for folder in (settings.home, settings.evidence_dir, settings.uploads_dir, settings.footage_dir):
        folder.mkdir(parents=True, exist_ok=True)
    database = Database(settings.url)
    try:
        schema.upgrade(database)
        yield House(settings, database, FileStore(settings.evidence_dir))
    finally:
        database.close()
