"""Which frames are worth a look: due times on the capture clock.

Pure: no file, no clock, no picture. Times are seconds of capture time from any fixed origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

TIE_S = 1e-6
"""Two times closer than this are the same moment (stamps are whole ticks, floats are not)."""


class Sampler:
    """Chooses looks by capture time: the first frame at or after each due time, less half a frame.

    Due times run on a grid of ``1 / looks_per_second``, so looks do not drift when the frame interval is
    no divisor of it. A look that comes late by more than the tolerance (frames were dropped, the clip is
    a time-lapse, the frame rate varies) starts a new grid at that look: nothing is caught up, no frame is
    used twice, and two looks are never closer than the period less twice the tolerance.

    looks_per_second: 1/s, above 0. frame_interval_s: the usual distance of two frames, seconds; half of it is
    the tolerance, at most a quarter of the period.
    """

    def __init__(self, looks_per_second: float, frame_interval_s: float = 0.0) -> None:
        if not 0 < looks_per_second <= 1000:
            raise ValueError(f"looks_per_second is {looks_per_second}; give a number above 0, at most 1000")
        if not frame_interval_s >= 0:
            raise ValueError(f"frame interval {frame_interval_s} s is no duration; give seconds, 0 or more")
        self.period_s = 1.0 / looks_per_second
        self.tolerance_s = min(frame_interval_s / 2, self.period_s / 4)
        self._due: float | None = None
        self._last: float | None = None

    def wants(self, t: float) -> bool:
        """True when the frame at ``t`` (s) is to be looked at; remembers that it was.

        A frame that is not later than the one before it (a repeated or backward stamp) is never wanted.
        """
        if self._last is not None and t <= self._last:
            return False
        self._last = t
        if self._due is None:
            self._due = t + self.period_s
            return True
        if t < self._due - self.tolerance_s - TIE_S:
            return False
        late = t - self._due > self.tolerance_s + TIE_S
        self._due = (t if late else self._due) + self.period_s
        return True


def choose(times: Iterable[float], looks_per_second: float, frame_interval_s: float = 0.0) -> Iterator[int]:
    """Positions in ``times`` (s, in order of presentation) of the frames to look at."""
    sampler = Sampler(looks_per_second, frame_interval_s)
    return (i for i, t in enumerate(times) if sampler.wants(t))
