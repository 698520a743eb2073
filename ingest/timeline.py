"""From presentation stamps to seconds since the first frame, with rules for missing and leaping stamps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ingest.frame import TimeSource
from ingest.survey import JUMP_S

BACKWARD_S = 1.0
"""A stamp further back than this (s) is a new count (a camera that restarted), not a reordering."""


@dataclass(slots=True)
class Timeline:
    """Times frames one by one, in order of presentation, where stamps cannot be trusted as a whole.

    Rules: a frame without a stamp lies one usual interval after the frame before it (the very first at 0).
    A stamp that falls back by more than a second, or leaps by more than a day, begins a new count: that frame
    lies one usual interval after the one before, and the new count goes on from there. All these times, and
    all after a new count, are ``INTERPOLATED``; the others keep the recording's own source.

    base: seconds per tick. interval_s: the usual distance of two frames, s. source: the recording's time
    source.
    """

    base: Fraction
    interval_s: float
    source: TimeSource
    origin: float | None = None
    last: float | None = None
    missing: int = 0
    restarts: int = 0

    def time_of(self, pts: int | None) -> tuple[float, TimeSource]:
        """(seconds since the first frame, where that time came from)."""
        following = 0.0 if self.last is None else self.last + self.interval_s
        if pts is None:
            self.missing += 1
            self.last = following
            return following, TimeSource.INTERPOLATED
        stamp = float(pts * self.base)
        if self.origin is None:
            self.origin = stamp - following
        elif self.last is not None and not -BACKWARD_S <= stamp - self.origin - self.last <= JUMP_S:
            self.restarts += 1
            self.origin = stamp - following
        t = stamp - self.origin
        self.last = t if self.last is None else max(self.last, t)
        return t, TimeSource.INTERPOLATED if self.restarts else self.source

    def remarks(self) -> list[str]:
        """One line for each rule that was used."""
        lines = []
        if self.missing:
            lines.append(f"{self.missing} frames carry no time: placed {self.interval_s:.3f} s apart")
        if self.restarts:
            lines.append(f"the recording's clock starts anew {self.restarts} times: times then are inferred")
        return lines
