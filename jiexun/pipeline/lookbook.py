"""The looks whose original pictures may still be needed, and nothing more: frames without a candidate are not kept."""

from __future__ import annotations

from datetime import datetime

from detector.detections import Detections
from ingest.frame import Frame


class LookBook:
    """Frames with what was seen in them, by capture time. Bounded by what the scene still wants."""

    def __init__(self) -> None:
        self._looks: dict[datetime, tuple[Frame, Detections]] = {}

    def keep(self, frame: Frame, detections: Detections, wanted: frozenset[datetime]) -> None:
        """Take a look in if it is wanted; drop those that are wanted no more."""
        if frame.captured_at in wanted:
            self._looks[frame.captured_at] = (frame, detections)
        for at in [at for at in self._looks if at not in wanted]:
            del self._looks[at]

    def at(self, captured_at: datetime) -> tuple[Frame, Detections] | None:
        """The look at a capture time, none when it was not kept."""
        return self._looks.get(captured_at)

    def __len__(self) -> int:
        return len(self._looks)
