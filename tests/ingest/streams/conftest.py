"""One RTSP server for the session, and the pictures that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.streams.cameras import Rtsp, encoded, start_rtsp, written


@pytest.fixture(scope="session")
def rtsp() -> Iterator[Rtsp]:
    with start_rtsp() as server:
        yield server


@pytest.fixture(scope="session")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 pictures of 320x180, whose grey tells their number; a key frame every 5."""
    return written(tmp_path_factory.mktemp("streams") / "h264", encoded(25))
