"""Tracks of drives as vehicles hand them in, for tests of uploads: straight north through the test district."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingest.track import GEOD
from tests.builders import LATITUDE, LONGITUDE

START = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)


def gpx(seconds: int = 60, speed: float = 10.0, start: datetime = START, every_s: int = 1) -> bytes:
    """A GPX 1.1 of a drive due north at ``speed`` m/s."""
    points = []
    for s in range(0, seconds + 1, every_s):
        lon, lat, _ = GEOD.fwd(LONGITUDE, LATITUDE - 0.005, 0.0, speed * s)
        t = (start + timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        points.append(f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}"><time>{t}</time></trkpt>')
    inside = "".join(points)
    text = f'<gpx version="1.1" creator="test"><trk><trkseg>{inside}</trkseg></trk></gpx>'
    return text.encode()
