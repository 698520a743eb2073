"""The rooms, opened together: database at the current schema, evidence store, settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casework import schema
from casework.db import Database
from casework.privacy.views import Views
from casework.review.quality_rules import use_file
from casework.storage import BlobStore, FileStore
from casework.streams.sealing import INFO, Sealer
from detector.privacy.finder import RegionFinder
from jiexun.settings import Settings, load


@dataclass(frozen=True, slots=True)
class House:
    """What commands, pipeline and server share."""

    settings: Settings
    database: Database
    store: BlobStore
    looks: BlobStore
    """Where stored detections lie: no evidence, and forgotten after a while."""
    views: Views
    """Copies of pictures and clips for people, faces and plates covered."""


@contextmanager
def open_house(home: Path | None = None, settings: Settings | None = None) -> Iterator[House]:
    """Open everything that is kept under a home folder; makes it and brings the schema up to date."""
    settings = settings or load(home)
    if settings.quality_file is not None:
        use_file(settings.quality_file)
    for folder in (settings.home, settings.evidence_dir, settings.uploads_dir, settings.footage_dir):
        folder.mkdir(parents=True, exist_ok=True)
    database = Database(settings.url, {INFO: Sealer(settings.stream_key)})
    try:
        schema.upgrade(database)
        store = _store(settings, settings.evidence_dir)
        finder = RegionFinder(threads=settings.threads)
        views = Views(database, store, _store(settings, settings.views_dir), finder)
        yield House(settings, database, store, _store(settings, settings.looks_dir), views)
    finally:
        database.close()


def _store(settings: Settings, folder: Path) -> BlobStore:
    """Files in a folder of the home, or objects under its name where there is an object store."""
    if settings.s3_endpoint is None:
        return FileStore(folder)
    from casework.storage_s3 import Bucket, ObjectStore

    key, secret = (
        value.get_secret_value() if value else "" for value in (settings.s3_key, settings.s3_secret)
    )
    bucket = Bucket(settings.s3_bucket, settings.s3_endpoint, settings.s3_region, key, secret, folder.name)
    return ObjectStore(bucket)
