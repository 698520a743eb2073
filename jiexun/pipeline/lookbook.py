"""The looks whose original pictures may still be needed, and nothing more: frames without a candidate are not kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.detections import Detections
from ingest.frame import Frame

Shift = tuple[float, float]
"""By which shares of its width and height a picture lies to the right of and below the camera's reference."""
STILL: Shift = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Look:
    """A frame with what is judged in it. seen: boxes where they would lie on the camera's reference picture."""

    frame: Frame
    seen: Detections
    shift: Shift = STILL

    def on_picture(self, xyxy: NDArray[np.floating]) -> NDArray[np.float64]:
        """Boxes (N, 4) px of the reference where they lie on this very picture, px."""
        return np.asarray(xyxy, np.float64) + _pixels(self.shift, self.frame.size)


def on_reference(seen: Detections, shift: Shift, size: tuple[int, int]) -> Detections:
    """What was seen in a shifted picture of ``size`` where it would lie had the camera not moved."""
    if shift == STILL:
        return seen
    return replace(seen, xyxy=seen.xyxy - _pixels(shift, size).astype(np.float32))


def _pixels(shift: Shift, size: tuple[int, int]) -> NDArray[np.float64]:
    return np.array([shift[0] * size[0], shift[1] * size[1]] * 2, np.float64)


class Book(Protocol):
    """Keeps the looks whose pictures the scene may still want."""

    def keep(self, look: Look, wanted: frozenset[datetime]) -> None:
        """Take a look in if it is wanted; drop those that are wanted no more. Raises StorageFull."""
        ...

    def at(self, captured_at: datetime) -> Look | None:
        """The look at a capture time, none when it was not kept."""
        ...


class LookBook:
    """In memory. Looks by capture time. Bounded by what the scene still wants."""

    def __init__(self) -> None:
        self._looks: dict[datetime, Look] = {}

    def keep(self, look: Look, wanted: frozenset[datetime]) -> None:
        """Take a look in if it is wanted; drop those that are wanted no more."""
        if look.frame.captured_at in wanted:
            self._looks[look.frame.captured_at] = look
        for at in [at for at in self._looks if at not in wanted]:
            del self._looks[at]

    def at(self, captured_at: datetime) -> Look | None:
        """The look at a capture time, none when it was not kept."""
        return self._looks.get(captured_at)

    def __len__(self) -> int:
        return len(self._looks)
