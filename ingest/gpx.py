"""Tracks in GPX 1.0 and 1.1 (https://www.topografix.com/GPX/1/1/)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import gpxpy
import gpxpy.gpx

from ingest.errors import BadTrack
from ingest.frame import PositionSource
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_text import HDOP_M, heading, not_negative, number, on_earth, read_text


def read_gpx(path: Path) -> Track:
    """The track points (else the route points) that carry a time. Times without a zone are UTC, as GPX says.

    accuracy is HDOP x 5 m. speed (m/s) and course come from GPX 1.0 elements or from extensions by their
    usual names (speed, course, bearing, heading, hdop, accuracy). Raises BadTrack, one line.
    """
    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # entities can blow a small file up to gigabytes
        raise BadTrack(f"{path.name}: a GPX with a DOCTYPE is refused; export it without")
    try:
        document = gpxpy.parse(text)
    except (gpxpy.gpx.GPXException, ValueError) as error:
        raise BadTrack(f"{path.name}: this is no GPX that can be read; export the track again") from error
    points = [point for track in document.tracks for part in track.segments for point in part.points]
    points = points or [point for route in document.routes for point in route.points]
    if not points:
        raise BadTrack(f"{path.name}: the GPX holds no track points; export the recorded track")
    fixes = [fix for point in points if (fix := _fix(point)) is not None]
    if not fixes:
        raise BadTrack(f"{path.name}: no track point carries a time; export the recorded track with times")
    lost = len(points) - len(fixes)
    notes = [f"track: {lost} points without time left out"] if lost else []
    return clean(fixes, PositionSource.GPX, path.name, notes)


def _fix(point: Any) -> Fix | None:
    if point.time is None or not on_earth(point.latitude, point.longitude):
        return None
    t = point.time.replace(tzinfo=UTC) if point.time.tzinfo is None else point.time.astimezone(UTC)
    extra = dict(_named_values(point.extensions))
    accuracy = not_negative(point.horizontal_dilution, HDOP_M)
    if accuracy is None:
        accuracy = not_negative(extra.get("accuracy"))
    if accuracy is None:
        accuracy = not_negative(extra.get("hdop"), HDOP_M)
    speed = getattr(point, "speed", None)
    course = getattr(point, "course", None)
    for name in ("course", "bearing", "heading"):
        course = extra.get(name) if course is None else course
    return Fix(
        t,
        point.latitude,
        point.longitude,
        accuracy,
        not_negative(speed if speed is not None else extra.get("speed")),
        heading(course),
        raw=f'<trkpt lat="{point.latitude}" lon="{point.longitude}"><time>{t.isoformat()}</time></trkpt>',
    )


def _named_values(elements: Any) -> Iterator[tuple[str, float]]:
    """(local name in lower case, number) of extension elements, at any depth."""
    for element in elements:
        for node in element.iter():
            value = number(node.text)
            if isinstance(node.tag, str) and value is not None:
                yield node.tag.rsplit("}", 1)[-1].lower(), value
