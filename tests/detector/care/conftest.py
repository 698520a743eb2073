"""The painted street beside these tests, and the clips beside the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
CLIPS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "clips"


@pytest.fixture(scope="session")
def clips() -> Path:
    """Real footage; tests that need it skip where it is not."""
    if not (CLIPS / "sources.csv").is_file():
        pytest.skip("no ../shared/data/clips beside this checkout")
    return CLIPS
