"""One camera's condition over its looks: compared now and then, begun and ended by several votes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import cv2
import numpy as np

from detector.care.aligning import Reference, reference_of
from detector.care.features import Working
from detector.care.judging import judge_picture
from detector.care.model import Condition, Finding, Limits
from ingest.frame import Image

FINE = Finding(Condition.FINE, "alike_share", 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class State:
    """What holds now. since: capture time (UTC) of the first vote that led to it; none at the beginning.

    shift: as in ``Finding``, the median of the recent votes; by it zones are moved. suspended: zones are not to be
    used. unsure: the last look was not fine though nothing is raised yet.
    """

    finding: Finding
    since: datetime | None
    shift: tuple[float, float] = (0.0, 0.0)
    unsure: bool = False

    @property
    def suspended(self) -> bool:
        """Whether zones are not to be used."""
        return not self.finding.condition.usable


@dataclass(frozen=True, slots=True)
class _Vote:
    at: datetime
    finding: Finding


Still = tuple[Image | None, datetime | None, int]


@dataclass(frozen=True, slots=True)
class Memory:
    """What one camera's care knows besides its reference."""

    votes: tuple[_Vote, ...]
    boxes: int
    bad_since: datetime | None
    state: State
    still: Still


class CameraCare:
    """Feed the looks of one fixed camera in order of capture time; those that are not later are passed over.

    reference: (H, W, 3) uint8 BGR, or what fetches its features whenever they are needed (for thousands of cameras
    they do not fit into memory). state: what held when the looks before ended. kept: what of a picture is kept until
    the next, to tell standstill; ``thin`` where memory is short.
    """

    def __init__(
        self,
        reference: Image | Callable[[], Reference],
        limits: Limits,
        state: State | None = None,
        kept: Callable[[Image], Image] = lambda image: image,
    ) -> None:
        self._reference = _always(reference_of(reference)) if isinstance(reference, np.ndarray) else reference
        self._limits = limits
        self._votes: deque[_Vote] = deque(maxlen=round(limits.votes))
        self._boxes = 0
        self._still = _Stillness(limits, kept)
        self._bad_since: datetime | None = None  # first bad vote since more than a few were good
        self.state = state or State(FINE, None)

    def due(self, at: datetime, boxes: int) -> bool:
        """Whether a look at ``at`` with so many detections is worth a comparison: now and then, when the detections
        change suddenly, and at every look while there is doubt.
        """
        if not self._votes or self.state.unsure or self.state.suspended:
            return True
        if abs(boxes - self._boxes) >= self._limits.sudden_boxes:
            return True
        return at - self._votes[-1].at >= timedelta(seconds=self._limits.every_s)

    def look(self, at: datetime, image: Image, boxes: int = 0, working: Working | None = None) -> State:
        """Compare one look. at: capture time, aware UTC. image: (H, W, 3) uint8 BGR. Returns ``state``."""
        if self._votes and at <= self._votes[-1].at:
            return self.state
        self._boxes = boxes
        finding = judge_picture(self._reference(), image, self._limits, working)
        same_s = self._still.look(at, image)
        if same_s is not None and finding.condition.usable:
            finding = Finding(Condition.FROZEN, "frozen_s", same_s, self._limits.frozen_s, finding.shift)
        self._votes.append(_Vote(at, finding))
        self.state = self._count(at, finding)
        return self.state

    @property
    def memory(self) -> Memory:
        """What it learnt; ``recall`` takes it back."""
        return Memory(tuple(self._votes), self._boxes, self._bad_since, self.state, self._still.memory)

    def recall(self, memory: Memory) -> None:
        """Go on from there."""
        self._votes.extend(memory.votes)
        self._boxes, self._bad_since, self.state = memory.boxes, memory.bad_since, memory.state
        self._still.memory = memory.still

    def _count(self, at: datetime, newest: Finding) -> State:
        good = [v for v in self._votes if v.finding.condition.usable]
        bad = [v for v in self._votes if not v.finding.condition.usable]
        shift = _middle([v.finding.shift for v in good]) if good else self.state.shift
        unsure = not newest.condition.usable
        if self.state.suspended:
            if len(good) >= self._limits.end_votes and not unsure:
                return State(_typical(good), good[0].at, shift)
            # It is still bad, perhaps by another name: a covered camera that is turned away besides.
            return State(_typical(bad) if bad else self.state.finding, self.state.since, shift, unsure)
        self._bad_since = (
            (self._bad_since or bad[0].at) if bad and len(good) < self._limits.end_votes else None
        )
        many = unsure and len(bad) >= self._limits.begin_votes
        if many and self._bad_since and at - self._bad_since >= timedelta(seconds=self._limits.begin_s):
            return State(_typical(bad), self._bad_since, shift)
        since = self.state.since or self._votes[0].at
        finding = _typical(good) if good else self.state.finding
        if finding.condition is not self.state.finding.condition:
            since = good[0].at
        return State(finding, since, shift, unsure)


class _Stillness:
    """For how long the same picture came."""

    def __init__(self, limits: Limits, kept: Callable[[Image], Image]) -> None:
        self._limits, self._kept = limits, kept
        self._last: Image | None = None
        self._since: datetime | None = None
        self._looks = 0

    def look(self, at: datetime, image: Image) -> float | None:
        """Seconds for which nothing at all has changed, if that is too long."""
        now = self._kept(image)
        last, self._last = self._last, now
        same = last is not None and last.shape == now.shape and _difference(last, now) < self._level
        if not same or self._since is None:
            self._since, self._looks = at, 1
            return None
        self._looks += 1
        seconds = (at - self._since).total_seconds()
        too_long = seconds >= self._limits.frozen_s and self._looks >= self._limits.frozen_looks
        return seconds if too_long else None

    @property
    def memory(self) -> Still:
        """The last picture, as kept; since when it is the same; in how many looks."""
        return self._last, self._since, self._looks

    @memory.setter
    def memory(self, value: Still) -> None:
        self._last, self._since, self._looks = value

    @property
    def _level(self) -> float:
        return self._limits.frozen_level


def _always(reference: Reference) -> Callable[[], Reference]:
    return lambda: reference


THIN = 8192
"""Points of a picture that are enough to tell standstill."""


def thin(image: Image) -> Image:
    """Green of points spread over a picture (H, W, 3), about ``THIN``: not averaged, so that a sensor's noise stays."""
    step = max(1, round((image.shape[0] * image.shape[1] / THIN) ** 0.5))
    return np.ascontiguousarray(image[::step, ::step, 1])


def _difference(a: Image, b: Image) -> float:
    """Mean grey levels; at full size, for a sensor's noise is averaged away in a smaller picture."""
    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size


def _typical(votes: list[_Vote]) -> Finding:
    """The newest finding of the condition that most votes name; of equals, the newest."""
    named = [v.finding.condition for v in votes]
    return max(reversed(votes), key=lambda v: named.count(v.finding.condition)).finding


def _middle(shifts: list[tuple[float, float]]) -> tuple[float, float]:
    return float(median(x for x, _ in shifts)), float(median(y for _, y in shifts))
