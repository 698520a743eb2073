"""For all tests of the detector room: ultralytics stays offline and out of the home directory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"
os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp(prefix="jiexun-test-ultralytics-")

REPOSITORY = Path(__file__).resolve().parents[2]
STREET = REPOSITORY.parent / "shared" / "data" / "street"


@pytest.fixture(scope="session")
def street() -> Path:
    """The labelled pictures beside the checkout; tests that need them skip where they are not."""
    if not (STREET / "data.yaml").is_file():
        pytest.skip("no ../shared/data/street beside this checkout")
    return STREET
