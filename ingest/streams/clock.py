"""When a live picture was taken: by the device's stamp where it can be right, else by its arrival.

Pure: times of arrival are given.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ingest.frame import TimeSource

AHEAD_S = 5.0
"""A stamp may lie this far after arrival, s: clocks kept by NTP are closer."""

BEHIND_S = 60.0
"""A stamp may lie this far before arrival, s: what networks and platforms hold back."""

JUMP_S = 5.0
"""The stream's own time against arrival: more than this, s, is a jump of its stamps, not a delay."""

CREEP = 0.001
"""Seconds a second that the mapping may move later: the device's crystal against ours."""


def plausible(stamp: datetime, arrived: datetime) -> bool:
    """Whether a device's stamp can be when a picture that arrived then was taken."""
    return -BEHIND_S <= (stamp - arrived).total_seconds() <= AHEAD_S


def choose(
    stamp: datetime | None, arrived: datetime, after: datetime | None = None
) -> tuple[datetime, TimeSource]:
    """The capture time (UTC) and where it is from. after: of the picture before; a stamp that is not later is of a
    clock that was set back, and arrival counts.
    """
    if stamp is not None and plausible(stamp, arrived) and (after is None or stamp > after):
        return stamp, TimeSource.DEVICE
    return arrived, TimeSource.SERVER


def within_second(stamp: datetime, arrived: datetime) -> datetime:
    """For a stamp of whole seconds: the moment of that second that is nearest to arrival."""
    return min(max(arrived, stamp), stamp + timedelta(milliseconds=999))


class ArrivalClock:
    """Smooths arrival by the stream's own stamps: network jitter comes and goes, stamps run evenly.

    A picture was taken no later than it arrived, so the least (arrival - stamp) of late is the best mapping.
    Stamps that jump begin a new one.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._last: float | None = None
        self.jumps = 0

    def at(self, stamp_s: float | None, arrived: datetime) -> datetime:
        """The capture time of a picture with this stamp (s, any origin) that arrived then; never after it."""
        if stamp_s is None:
            return arrived
        now = arrived.timestamp()
        offset = now - stamp_s
        if self._offset is None or self._last is None or abs(offset - self._offset) > JUMP_S:
            self.jumps += self._offset is not None
            self._offset = offset
        else:
            self._offset += min(offset - self._offset, CREEP * max(0.0, now - self._last))
        self._last = now
        return arrived - timedelta(seconds=offset - self._offset)
