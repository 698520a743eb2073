"""What a device says of a recording in JSON beside it: when it began, and where it was.

    {"start": "2026-10-31T14:05:00+08:00",
     "positions": [{"t": "2026-10-31T06:05:00Z", "lat": 31.22, "lon": 121.44, "speed": 5.5, "heading": 90}]}

Both are optional, one must be there; other keys are left alone. Positions: WGS-84 degrees, m/s, degrees, metres.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.errors import BadTime, BadTrack
from ingest.frame import PositionSource
from ingest.plausible import check_start
from ingest.track import Fix, Track
from ingest.track_cleaning import clean
from ingest.track_text import heading, not_negative, on_earth, read_text


@dataclass(frozen=True, slots=True)
class Sidecar:
    """start: UTC. track: none where the file holds no positions."""

    start: datetime | None
    track: Track | None


def read_sidecar(path: Path, now: datetime | None = None) -> Sidecar:
    """The file's start and positions. Raises BadTrack, BadTime, one line each."""
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise BadTrack(f"{path.name}: this is no JSON; write it anew") from error
    if not isinstance(data, dict) or not ({"start", "positions"} & set(data)):
        raise BadTrack(f'{path.name}: an object with "start" or "positions" is needed')
    start = _start(data.get("start"), path.name, now)
    rows = data.get("positions")
    if rows is None:
        return Sidecar(start, None)
    if not isinstance(rows, list):
        raise BadTrack(f'{path.name}: "positions" is a list of {{"t", "lat", "lon"}}')
    fixes = [fix for row in rows if (fix := _fix(row)) is not None]
    lost = len(rows) - len(fixes)
    if not fixes or lost > len(rows) / 3:
        raise BadTrack(f"{path.name}: {lost} of {len(rows)} positions have no time with zone and place")
    notes = [f"track: {lost} positions that cannot be read left out"] if lost else []
    return Sidecar(start, clean(fixes, PositionSource.JSON, path.name, notes))


def read_json_track(path: Path) -> Track:
    """The positions alone. Raises BadTrack where there are none."""
    track = read_sidecar(path).track
    if track is None:
        raise BadTrack(f"{path.name}: it holds no positions; give a track")
    return track


def _start(value: Any, name: str, now: datetime | None) -> datetime | None:
    if value is None:
        return None
    start = _moment(value)
    if start is None:
        raise BadTime(f"{name}: start {value!r:.40} needs its offset, as in 2026-10-31T14:05:00+08:00")
    return check_start(start, name, now)


def _moment(value: Any) -> datetime | None:
    """An ISO 8601 time with its zone, or epoch seconds."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        t = datetime.fromisoformat(value)
        return t.astimezone(UTC) if t.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _fix(row: Any) -> Fix | None:
    if not isinstance(row, dict):
        return None
    t, lat, lon = _moment(row.get("t")), _number(row.get("lat")), _number(row.get("lon"))
    if t is None or lat is None or lon is None or not on_earth(lat, lon):
        return None
    return Fix(
        t, lat, lon, not_negative(_number(row.get("accuracy"))), not_negative(_number(row.get("speed"))),
        heading(_number(row.get("heading"))), json.dumps(row, sort_keys=True)[:200],
    )  # fmt: skip


def _number(value: Any) -> float | None:
    """A finite number; NaN and what is no number: None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if -1e12 < as_float < 1e12 else None
