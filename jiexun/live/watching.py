"""Looking again by itself: a live camera is asked about its open watches at each judged look.

What the looks showed is counted again from the day's stored looks when a camera is opened, so nothing of it is kept
elsewhere. The first look that makes an answer sure, and shows it, is its picture. A new day or part counts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from casework.devices.tables import Device
from casework.live.queries import StoredLook
from casework.watches.tables import Watch
from detector.scene.model import DeviceKind
from jiexun.pipeline.again import Open, opened
from jiexun.pipeline.judging import Surroundings
from jiexun.pipeline.lookbook import Look


class Watching:
    """The watches of a fixed camera; there is none before ``renew``."""

    def __init__(self, device: Device, around: Surroundings, begins: datetime) -> None:
        self._device, self._around, self._begins = device, around, begins
        self._open: list[Open] = []

    def renew(self, waiting: Sequence[Watch], looks: Callable[[], Sequence[StoredLook]]) -> None:
        """Which watches wait now; one that is new is asked of the day's looks until now."""
        if self._device.kind != DeviceKind.FIXED:  # a live camera has no track: only where it stands is known
            return
        known = {one.watch.id: one for one in self._open}
        asked = opened([one for one in waiting if one.until > self._begins], self._around, self._begins)
        new = [one for one in asked if one.watch.id not in known]
        self._open = [known.get(one.watch.id, one) for one in asked]
        for look in looks() if new else ():
            for one in new:
                one.count(look.captured_at, one.before_camera(look.size, look.seen))

    def look(self, look: Look) -> list[tuple[Open, bool]]:
        """Ask one look; the watches that are answered by it, each with whether it was corrected."""
        frame, done, left = look.frame, list[tuple[Open, bool]](), list[Open]()
        for one in self._open:
            there = one.before_camera(frame.size, look.seen)
            counts = one.count(frame.captured_at, there)
            corrected = one.answer(fixed=True) if counts else None
            if corrected is not None and corrected is not there:
                done.append((one, corrected))
            else:
                left.append(one)
        self._open = left
        return done
