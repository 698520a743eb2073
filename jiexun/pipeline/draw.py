"""Drawing lots among the looks that raise nothing: a few pictures that people label, to estimate what is missed.

Each look's lot is a hash of the footage's and its frame's number: the same footage always draws the same looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from casework.samples.service import Drawn
from casework.storage import BlobStore
from detector.scene.model import Violation
from ingest.frame import Frame
from jiexun.pipeline.shadow import jpeg

SEED = "samples/1"
MOST = 16
"""Pictures held at most while a footage runs: the lowest lots."""


@dataclass(frozen=True, slots=True)
class _Lot:
    turn: float
    captured_at: datetime
    size: tuple[int, int]
    data: bytes = field(repr=False)


class Draw:
    """one_in: about one look in so many is drawn; 0 draws none."""

    def __init__(self, footage_sha256: str, one_in: int) -> None:
        self._footage, self._one_in = footage_sha256, one_in
        self._lots: list[_Lot] = []
        self._spans: list[tuple[datetime, datetime]] = []

    def look(self, frame: Frame) -> None:
        """Keep the picture of a look that is drawn, until the end says whether it was part of a violation."""
        turn = lot(self._footage, frame.index) * self._one_in
        if self._one_in and turn < 1:
            self._lots.append(_Lot(turn, frame.captured_at, frame.size, jpeg(frame.image)))
            self._lots = sorted(self._lots, key=lambda one: one.turn)[:MOST]

    def ended(self, violation: Violation) -> None:
        """The looks in the span of what was raised are not without a candidate."""
        self._spans.append((violation.start, violation.end))

    def finish(self, store: BlobStore, times: Sequence[datetime]) -> tuple[int, list[Drawn]]:
        """(looks without a candidate, those that were drawn, written to the store). Raises StorageFull."""
        drawn = [
            Drawn(one.captured_at, store.put(one.data), "image/jpeg", *one.size, one.turn)
            for one in self._lots
            if self._plain(one.captured_at)
        ]
        return sum(self._plain(t) for t in times), drawn

    def _plain(self, at: datetime) -> bool:
        return not any(start <= at <= end for start, end in self._spans)


def lot(footage_sha256: str, index: int) -> float:
    """Even over 0-1, from the footage's hash and the frame's number."""
    digest = hashlib.blake2b(f"{SEED}:{footage_sha256}:{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
