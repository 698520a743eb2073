"""What a device may send, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """max_bytes: of one file. day_bytes: of one device in a day (Asia/Shanghai). open_most: unfinished uploads of one
    device. keep_free: bytes of the disk that uploads never take, so that evidence and database go on. kept: from an
    upload's last bytes to its end. piece_max: bytes of a piece with a checksum, which is kept whole or not at all.
    idle_s: the longest silence within a body; least_rate: bytes/s that a body must bring over a minute. late: footage
    that comes longer after its capture is marked."""

    max_bytes: int = 20 * 2**30
    day_bytes: int = 300 * 2**30
    open_most: int = 64
    keep_free: int = 0
    kept: timedelta = timedelta(days=7)
    piece_max: int = 64 * 2**20
    idle_s: float = 60.0
    least_rate: float = 256.0
    late: timedelta = timedelta(days=3)
