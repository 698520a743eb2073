"""Is a capture time possible? Clocks that were never set, and clocks that run ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.errors import BadTime

LOCAL = ZoneInfo("Asia/Shanghai")
"""The zone of times that come without one: file names, EXIF, device overlays."""

EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
"""Clocks that lost their battery start at 1904, 1970, 1980 or 2000: none of these is a capture time."""

FUTURE_TOLERANCE_S = 300.0
"""How far a stamp may lie ahead of the receiver's clock, seconds."""


def as_utc(t: datetime) -> datetime:
    """An aware time in UTC. Raises BadTime for a naive one."""
    if t.utcoffset() is None:
        raise BadTime(f"time {t.isoformat()} has no time zone; write it with one, e.g. {t.isoformat()}+08:00")
    return t.astimezone(UTC)


def is_set(t: datetime) -> bool:
    """False for an aware time that only a clock that was never set can have written."""
    return t >= EARLIEST


def check_start(
    start: datetime, what: str, now: datetime | None = None, tolerance_s: float = FUTURE_TOLERANCE_S
) -> datetime:
    """``start`` in UTC when it can be the beginning of a recording.

    what: file name for the message. now: aware; the wall clock when not given (the one place that reads it).
    Raises BadTime, one line, for a naive time, one before 2001, or one in the future by more than the
    tolerance.
    """
    start = as_utc(start)
    if not is_set(start):
        raise BadTime(f"{what}: start {start.isoformat()} comes from an unset clock; give the true start")
    ahead = start - (as_utc(now) if now is not None else datetime.now(UTC))
    if ahead <= timedelta(seconds=tolerance_s):
        return start
    hint = "mend the device's clock or give the true start"
    if ahead <= timedelta(hours=8, seconds=tolerance_s):
        hint = "perhaps local time written as UTC: give the true start with its zone (+08:00)"
    raise BadTime(f"{what}: start {start.isoformat()} lies {_span(ahead)} in the future; {hint}")


def _span(d: timedelta) -> str:
    hours = d.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h"
