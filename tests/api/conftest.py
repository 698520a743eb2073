"""Fixtures for the tests of the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.db import Database
from tests.api.office import Office, open_office


@pytest.fixture
def office(sqlite: Database, folder: Path) -> Iterator[Office]:
    """On SQLite."""
    made = open_office(sqlite, folder)
    yield made
    made.close()
