"""When a camera is due: a grid of its own over time, so that looks never drift and all cameras spread evenly.

A camera that is looked at every I seconds is due at (n + phase) x I seconds after 1970 (UTC), n whole. Its phase is
the fractional part of its number times the golden section: numbers that follow each other lie as far apart as
possible, whichever of them a plan names. Whole microseconds throughout, so the same due time is always the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

GOLDEN = 0.6180339887498949
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def phase(device_id: int) -> float:
    """0 to below 1."""
    return device_id * GOLDEN % 1.0


def first_due(device_id: int, interval_s: float, not_before: datetime) -> datetime:
    """The first due time that is not before a moment (aware). interval_s: more than 0. Aware UTC."""
    period = round(interval_s * 1_000_000)
    offset = int(phase(device_id) * period)
    since = (not_before - _EPOCH) // _US
    return _EPOCH + timedelta(microseconds=offset + -((offset - since) // period) * period)


def next_due(device_id: int, interval_s: float, due_at: datetime, now: datetime) -> datetime:
    """The due time after a look for ``due_at`` that is written down ``now``: what was missed is not made up for."""
    return first_due(device_id, interval_s, max(now, due_at) + _US)


SLACK = 0.25


def deadline(due_at: datetime, every_s: float, weight: float, special: bool) -> datetime:
    """What orders the looks that are due at once: a quarter of the interval after the due time, less by weight.

    Earliest deadline first lets the heavier go first and starves nobody: who waits comes nearer to its deadline.
    Special duty has no slack.
    """
    return due_at if special else due_at + timedelta(seconds=SLACK * every_s / weight)
