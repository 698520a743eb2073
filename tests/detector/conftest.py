"""For all tests of the detector room: ultralytics stays offline and out of the home directory."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"
_CONFIG = tempfile.mkdtemp(prefix="jiexun-test-ultralytics-")
atexit.register(shutil.rmtree, _CONFIG, ignore_errors=True)
os.environ["YOLO_CONFIG_DIR"] = _CONFIG

REPOSITORY = Path(__file__).resolve().parents[2]
STREET = REPOSITORY.parent / "shared" / "data" / "street"


@pytest.fixture(scope="session")
def street() -> Path:
    """The labelled pictures beside the checkout; tests that need them skip where they are not."""
    if not (STREET / "data.yaml").is_file():
        pytest.skip("no ../shared/data/street beside this checkout")
    return STREET
