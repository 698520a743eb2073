"""Key pictures: at which looks the original picture must be kept, and which of them prove a violation."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

LEAST_RUNGS = 12
_HAIR = 1e-6


class Ladder:
    """Times of looks worth keeping, at least ``spacing_s`` apart, never more than a fixed number.

    When it is full, every second rung goes and the spacing doubles, so a long stand costs no more than a
    short one.
    """

    __slots__ = ("_due", "_most", "_spacing_s", "_step", "rungs")

    def __init__(self, spacing_s: float, pictures: int) -> None:
        self._step = spacing_s
        self._spacing_s = spacing_s
        # Four times the pictures, so that twice as many are left to choose from after every second has gone.
        self._most = max(LEAST_RUNGS, 4 * pictures)
        self.rungs: list[datetime] = []
        self._due: datetime | None = None  # the next rung is the first look from then on

    def offer(self, at: datetime) -> None:
        """A look that saw the thing at ``at``, later than all before."""
        if self._due is not None and at < self._due:
            return
        self.rungs.append(at)
        if len(self.rungs) > self._most:
            self.rungs = self.rungs[::2]
            self._step = max(2 * self._step, (self.rungs[1] - self.rungs[0]).total_seconds())
        self._due = self.rungs[-1] + timedelta(seconds=max(0.0, self._step - _HAIR))

    def pick(self, pictures: int, latest: datetime) -> tuple[datetime, ...]:
        """First, middle ..., latest: ``pictures`` times as even as may be, or all there are if they are
        fewer.

        latest: the look at hand, whether it is a rung or not; rungs nearer to it than the spacing are passed
        over.
        """
        near = self._spacing_s - _HAIR
        pool = [rung for rung in self.rungs if (latest - rung).total_seconds() >= max(near, _HAIR)] + [latest]
        if pictures == 1:
            return (latest,)
        if len(pool) <= pictures:
            return tuple(pool)
        span = latest - pool[0]
        chosen = [0]
        for n in range(1, pictures - 1):
            wish = pool[0] + n / (pictures - 1) * span
            # Leave enough rungs behind for the pictures that are still to be chosen.
            free = range(chosen[-1] + 1, len(pool) - (pictures - 1 - n))
            chosen.append(min(free, key=lambda i: abs(pool[i] - wish)))
        return (*(pool[i] for i in chosen), latest)


def least_spacing(times: tuple[datetime, ...]) -> float:
    """Seconds between the two nearest of rising ``times``; 0 for fewer than two."""
    steps = [(b - a).total_seconds() for a, b in pairwise(times)]
    return min(steps, default=0.0)
