"""How long to wait before another try, and how much to send at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

FIRST_S, MOST_S = 1.0, 60.0
LEAST_PIECE, MOST_PIECE = 256 * 2**10, 16 * 2**20
PIECE_S = 5.0


@dataclass(slots=True)
class Backoff:
    """Full jitter: a random share of 1, 2, 4 ... 60 s, so that vehicles that lost the server together do not come back
    together."""

    chance: Random = field(default_factory=Random)
    failures: int = 0

    def next_s(self) -> float:
        """The wait before the next try, seconds."""
        most = min(MOST_S, FIRST_S * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return float(self.chance.uniform(0.1, 1.0) * most)

    def moved(self) -> None:
        """Something was taken in: begin with short waits again."""
        self.failures = 0


def piece_size(size: int, seconds: float) -> int:
    """The next piece, bytes: about 5 s long at the pace of the last one, at most twice as large as it.

    A piece has one checksum and is taken in whole or not at all: over a bad link it must be short.
    """
    fits = size / max(seconds, 1e-3) * PIECE_S
    return int(max(LEAST_PIECE, min(MOST_PIECE, 2 * size, fits)))
