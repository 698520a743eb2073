"""When a recording began, and who says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.file_names import time_in_name
from ingest.frame import TimeSource
from ingest.plausible import FUTURE_TOLERANCE_S, LOCAL, check_start, is_set

DISAGREE_S = 120.0
"""Two stamps of one recording further apart than this (s) are worth a word to the user."""


@dataclass(frozen=True, slots=True)
class Start:
    """The capture time of the first frame (UTC), where it came from, and remarks for the user."""

    at: datetime
    source: TimeSource
    found_in: str
    notes: tuple[str, ...] = ()


def find_start(
    path: Path,
    given: datetime | None,
    metadata: Sequence[Mapping[str, str]],
    now: datetime | None = None,
    tolerance_s: float = FUTURE_TOLERANCE_S,
) -> Start:
    """The start of the recording ``path``: given > container > file name > file date.

    metadata: the container's, then the stream's. An epoch (1904, 1970, 1980, 2000) in the container is no
    time and the next source is asked. ``creation_time`` is UTC by the MP4 standard (ISO/IEC 14496-12, 8.2.2);
    some cameras write local time there, and some phones the end of the recording: give the start then.
    Raises BadTime for a naive given time and for a start in the future: a fast clock is mended, not hidden.
    """
    if given is not None:
        return Start(check_start(given, path.name, now, tolerance_s), TimeSource.GIVEN, "given")
    notes: list[str] = []
    stamped = _from_metadata(metadata, notes)
    named = time_in_name(path.name)
    if stamped is not None:
        at, key = stamped
        if named is not None and abs((named - at).total_seconds()) > DISAGREE_S:
            notes.append(
                f"the file name says {named.isoformat()}, the container {at.isoformat()}: that is used"
            )
        found = Start(at, TimeSource.DEVICE, f"container {key}", tuple(notes))
    elif named is not None:
        found = Start(named, TimeSource.DEVICE, "file name", tuple(notes))
    else:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        notes.append("no capture time in the file or its name: the file's own date is used as the start")
        found = Start(written, TimeSource.SERVER, "file date", tuple(notes))
    check_start(found.at, path.name, now, tolerance_s)
    return found


# Apple's key carries the local offset and is written when the recording begins: it goes first.
_KEYS = ("com.apple.quicktime.creationdate", "creation_time", "date")


def _from_metadata(metadata: Sequence[Mapping[str, str]], notes: list[str]) -> tuple[datetime, str] | None:
    for key in _KEYS:
        for table in metadata:
            text = next((v for k, v in table.items() if k.lower() == key), "").strip()
            t = _parse(text, key)
            if t is None:
                continue
            if is_set(t):
                return t, key
            note = f"{key} {text} in the container is from a clock that was never set: not used"
            if note not in notes:
                notes.append(note)
    return None


def _parse(text: str, key: str) -> datetime | None:
    if len(text) < len("2026-10-31T14:05"):  # a bare year or day is no moment
        return None
    try:
        t = datetime.fromisoformat(text)
        if t.tzinfo is None:
            t = t.replace(tzinfo=UTC if key == "creation_time" else LOCAL)
        return t.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment(start: datetime, seconds: float) -> datetime:
    """``start`` plus seconds, to the microsecond."""
    return start + timedelta(microseconds=round(seconds * 1e6))
