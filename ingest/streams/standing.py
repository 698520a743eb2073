"""How a source stands, and when it is tried again: exponential backoff with full jitter."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from ingest.frame import Frame
from ingest.streams.model import FaultCode, SourceState, StreamFault

BASE_S = 1.0
CAP_S = 15.0
"""Longest wait, s: with the time to connect a camera is back well within 30 s of its return."""

SIGN_IN_BASE_S = 30.0
SIGN_IN_CAP_S = 600.0
"""Cameras lock an account after a handful of wrong passwords: asking again soon keeps it locked."""

STEADY_S = 10.0
"""A connection that held this long, s, was a good one: waiting starts from the beginning again."""


class Backoff:
    """Waits between tries: uniform in 0 to ``base * 2**n``, capped (full jitter: many cameras that fell
    together do not come back together).
    """

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()
        self._failures = 0

    def failed(self, code: FaultCode) -> float:
        """Seconds to wait after one more failure."""
        sign_in = code is FaultCode.SIGN_IN
        base, cap = (SIGN_IN_BASE_S, SIGN_IN_CAP_S) if sign_in else (BASE_S, CAP_S)
        longest = min(cap, base * 2 ** min(self._failures, 16))
        self._failures += 1
        return self._random.uniform(0, longest)

    def held(self) -> None:
        """It works."""
        self._failures = 0


class Standing:
    """The state of one source, written by one thread and read by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = SourceState(False, None, "", datetime.now(UTC))

    @property
    def state(self) -> SourceState:
        """Now."""
        with self._lock:
            return self._state

    def works(self) -> None:
        """Pictures come."""
        with self._lock:
            if not self._state.up:
                since = datetime.now(UTC)
                self._state = replace(
                    self._state, up=True, fault=None, message="", since=since, next_try_at=None
                )

    def fails(self, fault: StreamFault, wait_s: float) -> None:
        """No pictures, and a new try in ``wait_s`` seconds."""
        now = datetime.now(UTC)
        with self._lock:
            same = not self._state.up and self._state.fault is fault.code
            self._state = replace(
                self._state,
                up=False,
                fault=fault.code,
                message=str(fault),
                since=self._state.since if same else now,
                next_try_at=now + timedelta(seconds=wait_s),
            )

    def restarts(self) -> None:
        """One more try to connect."""
        with self._lock:
            self._state = replace(self._state, restarts=self._state.restarts + 1)

    def clock(self, offset_s: float | None) -> None:
        """What the device's stamps are off."""
        with self._lock:
            self._state = replace(self._state, clock_offset_s=offset_s)

    def handed_out(self, frame: Frame, codec: str) -> None:
        """One more picture."""
        width, height = frame.size
        with self._lock:
            self._state = replace(
                self._state,
                last_picture_at=frame.captured_at,
                pictures=self._state.pictures + 1,
                width=width,
                height=height,
                codec=codec,
            )
