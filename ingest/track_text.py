"""Reading the text of a track file safely, and numbers in it."""

from __future__ import annotations

import math
from pathlib import Path

from ingest.errors import BadTrack

MAX_BYTES = 64 * 1024 * 1024
HDOP_M = 5.0
"""Metres of one-sigma error per unit of HDOP: the user range error of an ordinary receiver."""


def read_text(path: Path) -> str:
    """The file's text: UTF-8, else GB 18030. Raises BadTrack when missing, empty, too big or no text."""
    if not path.is_file():
        raise BadTrack(f"{path.name}: there is no such track file; check the path")
    if path.stat().st_size > MAX_BYTES:
        raise BadTrack(f"{path.name}: more than {MAX_BYTES >> 20} MiB is no track; cut it to the drive")
    data = path.read_bytes()
    if not data.strip():
        raise BadTrack(f"{path.name}: the file is empty; export the track again")
    if b"\0" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise BadTrack(f"{path.name}: this is no text; give a GPX, NMEA or CSV track")


def number(text: str | None) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def on_earth(lat: float | None, lon: float | None) -> bool:
    """Degrees within range, and not the 0, 0 that receivers write when they know nothing."""
    if lat is None or lon is None:
        return False
    return -90 <= lat <= 90 and -180 <= lon <= 180 and not (lat == 0 and lon == 0)


def heading(value: float | None) -> float | None:
    """Degrees within 0..360 (360 itself is 0), else None."""
    return value % 360 if value is not None and 0 <= value <= 360 else None


def not_negative(value: float | None, factor: float = 1.0) -> float | None:
    """``value * factor`` when it is a size, else None."""
    return value * factor if value is not None and value >= 0 else None
