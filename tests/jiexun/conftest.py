"""Fixtures of the pipeline's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jiexun.house import House, open_house
from jiexun.settings import load
from tests.jiexun.painted import furnish


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An embedded home, furnished."""
    with open_house(settings=load(tmp_path / "home", legal_mode="evidence")) as opened:
        furnish(opened)
        yield opened
