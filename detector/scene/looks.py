"""Looks: the clock of one source's looks, and the history of one thing over them. Capture time only."""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

import numpy as np

from detector.scene.model import GroundPlace, Sighting
from ingest.errors import BadTime

MOST_LOOKS = 600
"""A vehicle's history longer than this is thinned: it passes few things, and not for long."""

KEPT_LOOKS = 30
"""A fixed camera's history longer than this is thinned: a thousand cameras with fifty things each, standing all
day, must not fill the memory. Sums (seconds, counts) and key pictures are not touched by it.
"""

NORMAL_STEP = 1.5
"""A step between two looks up to this many times the usual one is a normal step."""

_MEMORY = 31  # steps between looks whose median is the usual one
_HAIR = 1e-6  # seconds; the microsecond that capture times are kept to
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_LOOK = struct.Struct("=qI5f")  # time, frame, box (0-1 of the picture), confidence
_LOOKS = np.dtype([("at_us", "=i8"), ("frame", "=u4"), ("box", "=f4", 4), ("confidence", "=f4")])


@dataclass(frozen=True, slots=True)
class LookNotes:
    """What was wrong with the looks, for the device's health page. Counts and seconds.

    looks: judged. repeated: same capture time as the last. backwards: captured before the last; both were
    ignored. furthest_back_s: largest jump back of the clock. restarts: times a fixed camera's clock was set
    back for good, so that all that stood ended and was begun anew. too_far_apart: steps longer than
    any rule's gap, over which nothing can be said to have stood. unplaced: looks of a vehicle without
    position or heading. duplicates: looks at which a violation was not raised because one of its type is open
    at its place. let_off: things of a vehicle's pass on permitted or ignored ground, or inside their shop.
    """

    looks: int = 0
    repeated: int = 0
    backwards: int = 0
    furthest_back_s: float = 0.0
    restarts: int = 0
    too_far_apart: int = 0
    unplaced: int = 0
    duplicates: int = 0
    let_off: int = 0


class LookClock:
    """Admits looks in order of capture time and knows the usual step between them."""

    def __init__(self, gap_s: float) -> None:
        self.notes = LookNotes()
        self.first: datetime | None = None
        self.set_back = False
        """Whether the look just refused shows that the clock was set back for good: it is the second in a row
        to rise from a reading that lies more than the longest gap before the last admitted one. A single look
        out of order does not, and after a shorter jump nothing is lost by waiting for the old reading.
        """
        self._last: datetime | None = None
        self._back: datetime | None = None  # the last look, if it was refused for lying so far back
        self.gap_s = gap_s
        self._steps: deque[float] = deque(maxlen=_MEMORY)
        self.normal_step_s = 0.0
        """Longest step that counts as normal: 1.5 times the median of the last 31, this one included."""

    def admit(self, captured_at: datetime) -> float | None:
        """Seconds since the first look, or None for a look that is ignored.

        Raises BadTime for one that is not UTC.
        """
        if captured_at.utcoffset() != timedelta(0):
            raise BadTime(f"capture time {captured_at} is not UTC; convert it with an explicit time zone")
        if self.first is None or self._last is None:
            self.first = self._last = captured_at
            self.notes = replace(self.notes, looks=self.notes.looks + 1)
            return 0.0
        step = (captured_at - self._last).total_seconds()
        if step <= 0:
            self._ignore(step, captured_at)
            return None
        self._last, self._back = captured_at, None
        self._steps.append(step)
        self.normal_step_s = NORMAL_STEP * median(self._steps)
        self.notes = replace(
            self.notes,
            looks=self.notes.looks + 1,
            too_far_apart=self.notes.too_far_apart + (step > self.gap_s + _HAIR),
        )
        return (captured_at - self.first).total_seconds()

    def note(self, *, unplaced: int = 0, duplicates: int = 0, let_off: int = 0) -> None:
        """Count what a scene met."""
        self.notes = replace(
            self.notes,
            unplaced=self.notes.unplaced + unplaced,
            duplicates=self.notes.duplicates + duplicates,
            let_off=self.notes.let_off + let_off,
        )

    def begin_again(self) -> None:
        """Forget the old reading: the next look is the first of a new count. Notes go on."""
        self.notes = replace(self.notes, restarts=self.notes.restarts + 1)
        self.first = self._last = self._back = None
        self.set_back = False
        self.normal_step_s = 0.0
        self._steps.clear()

    def _ignore(self, step: float, captured_at: datetime) -> None:
        far = -step > self.gap_s + _HAIR
        self.set_back = far and self._back is not None and captured_at > self._back
        self._back = captured_at if far else None
        self.notes = replace(
            self.notes,
            repeated=self.notes.repeated + (step == 0),
            backwards=self.notes.backwards + (step < 0),
            furthest_back_s=max(self.notes.furthest_back_s, -step),
        )


class Tally(NamedTuple):
    """Running sums over a thing's looks: seconds, counts.

    The difference of two is the tally of what lies between. A tuple, because one is made for every thing at every
    look, four times as fast as a frozen dataclass.
    """

    seen: int = 0
    missed: int = 0
    hidden: int = 0
    observed_s: float = 0.0
    inferred_s: float = 0.0
    confidence: float = 0.0


NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a history. start, end: capture times of its first and last look.

    before: the tally just after the look at ``start``, without that look. after: just after the look at
    ``end``.
    """

    start: datetime
    end: datetime
    before: Tally
    after: Tally

    @property
    def facts(self) -> dict[str, float | int | bool | str]:
        """Seconds and counts by plain names."""
        seen = self.after.seen - self.before.seen
        return {
            "dwell_s": round((self.end - self.start).total_seconds(), 3),
            "observed_s": round(self.after.observed_s - self.before.observed_s, 3),
            "inferred_s": round(self.after.inferred_s - self.before.inferred_s, 3),
            "mean_confidence": round((self.after.confidence - self.before.confidence) / seen, 3),
            "looks_seen": seen,
            "looks_missed": self.after.missed - self.before.missed,
            "looks_hidden": self.after.hidden - self.before.hidden,
        }


def microseconds(at: datetime) -> int:
    """Of an aware time since 1970; exact, and a sixth of a time's memory."""
    return (at - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The time, UTC, of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


@dataclass(slots=True)
class History:
    """One thing's looks, packed: times as microseconds, one record a look, and sums that thinning does not touch.

    A step between two looks that saw the thing is *observed* when no look between them missed it and it is
    no longer than the clock's normal step (``LookClock.normal_step_s`` at the later of the two looks);
    else it is *inferred*. Only capture times count, so observed + inferred = last - first, always.
    Missed looks count once the thing is seen again: what comes after the last sight is not the thing's time.
    """

    tally: Tally = NOTHING
    last_s: float = 0.0
    pending_missed: int = 0
    pending_hidden: int = 0
    kept: int = 0  # looks
    _looks: bytearray = field(default_factory=bytearray)

    @property
    def times(self) -> list[datetime]:
        """Capture times of the looks kept, UTC, rising."""
        return [moment(at) for at in self._times]

    @property
    def latest(self) -> datetime:
        """Capture time of the last look, UTC."""
        return moment(_LOOK.unpack_from(self._looks, len(self._looks) - _LOOK.size)[0])

    @property
    def _times(self) -> list[int]:
        times: list[int] = np.frombuffer(self._looks, _LOOKS)["at_us"].tolist()
        return times

    def see(
        self,
        at_us: int,
        at_s: float,
        frame: int,
        box: Iterable[float],
        confidence: float,
        normal_step_s: float,
    ) -> None:
        """Add a look that saw the thing. at_us: its capture time in ``microseconds``. box: four numbers, 0-1 of the
        picture.
        """
        seen, missed, hidden, observed_s, inferred_s, sum_of = self.tally
        if seen:
            step = at_s - self.last_s
            if not self.pending_missed and step <= normal_step_s + _HAIR:
                observed_s += step
            else:
                inferred_s += step
                missed, hidden = missed + self.pending_missed, hidden + self.pending_hidden
                self.pending_missed = self.pending_hidden = 0
        self.last_s = at_s
        # tuple.__new__ and not Tally(...): this is done for every thing at every look.
        sums = (seen + 1, missed, hidden, observed_s, inferred_s, sum_of + confidence)
        self.tally = tuple.__new__(Tally, sums)
        self.kept += 1
        self._looks += _LOOK.pack(at_us, frame, *box, confidence)

    @property
    def before_last(self) -> Tally:
        """The tally without the last look, for a span that begins there.

        The step to it belongs to what came before.
        """
        *_, confidence = _LOOK.unpack_from(self._looks, len(self._looks) - _LOOK.size)
        return self.tally._replace(seen=self.tally.seen - 1, confidence=self.tally.confidence - confidence)

    def miss(self, hidden: bool) -> None:
        """Count a look that did not see it. hidden: something else stood before it."""
        self.pending_missed += 1
        self.pending_hidden += hidden

    def thin(self, keep: Collection[datetime], left: int = MOST_LOOKS // 2) -> None:
        """Keep the looks at the times ``keep``, and about ``left`` spread evenly over time, first and last
        included.
        """
        times, size = self._times, _LOOK.size
        first = times[0]
        step = timedelta(microseconds=times[-1] - first) / (left - 1) // _MICROSECOND
        kept = {bisect_left(times, first + n * step) for n in range(left - 1)} | {len(times) - 1}
        for at_us in map(microseconds, keep):
            i = bisect_left(times, at_us)
            if i < len(times) and times[i] == at_us:
                kept.add(i)
        self.kept = len(kept)
        self._looks = bytearray().join([self._looks[size * i : size * (i + 1)] for i in sorted(kept)])

    def sighting(
        self, device_id: str, label: str, size: tuple[int, int], span: Span, ground: GroundPlace | None = None
    ) -> Sighting:
        """The looks of ``span``, in pixels of ``size``."""
        times = self._times
        i, j = bisect_left(times, microseconds(span.start)), bisect_right(times, microseconds(span.end))
        scale = np.array([*size, *size], np.float64)
        looks = np.frombuffer(bytes(self._looks[_LOOK.size * i : _LOOK.size * j]), _LOOKS)
        return Sighting(
            device_id=device_id,
            label=label,
            times=tuple(moment(at) for at in times[i:j]),
            frames=tuple(looks["frame"].tolist()),
            xyxy=(looks["box"].astype(np.float64) * scale).astype(np.float32),
            confidence=looks["confidence"].copy(),
            size=size,
            observed_s=round(span.after.observed_s - span.before.observed_s, 3),
            inferred_s=round(span.after.inferred_s - span.before.inferred_s, 3),
            ground=ground,
        )
