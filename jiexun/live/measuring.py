"""How many live cameras a machine keeps up with: the engine as shipped, over a local server of real JPEGs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from casework.db import utcnow
from casework.live.rehearsal import many_cameras
from detector.backends import open_detector
from ingest.picture_file import decode_picture
from jiexun.house import House, open_house
from jiexun.live.executor import LocalExecutor
from jiexun.live.snapshots import pictures, serving
from jiexun.settings import Settings
from jiexun.warehouse import Detectors

DIFFERENT = 60
"""Pictures that are handed out in turn."""


@dataclass(frozen=True, slots=True)
class OneModel:
    """Opens detectors; can be handed to workers on other machines."""

    backend: str
    weights_dir: Path
    weights: str
    size: int | None

    def __call__(self, house: House, threads: int | None) -> Detectors:
        return Detectors(
            open_detector(self.backend, self.weights_dir, self.weights, threads or 1, size=self.size)
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """looks_per_s: written down, over the whole time. lateness: from the due time until written down, s.

    rss_mb: most memory of this process. cpu_ms_per_look: of this process, all cores together. missed: due times
    passed over. faults: looks without a picture.
    """

    looks_per_s: float
    lateness_p50_s: float
    lateness_p99_s: float
    rss_mb: float
    cpu_ms_per_look: float
    missed: int
    looks: int
    faults: int
    stale: int
    lost: int
    cameras: int


def measure(
    settings: Settings,
    make: Callable[[House, int | None], Detectors],
    count: int,
    interval_s: float,
    seconds: float,
    step: Callable[[str], None] = lambda said: None,
) -> Measured:
    """Run the engine for so many seconds over ``count`` cameras, in a home of its own that is thrown away."""
    shown = pictures(DIFFERENT)
    with (
        tempfile.TemporaryDirectory(prefix="jiexun-bench-", ignore_cleanup_errors=True) as folder,
        serving(shown) as address,
        open_house(settings=settings.model_copy(update={"home": Path(folder)})) as house,
    ):
        step(f"writing down {count} cameras")
        furnish(house, shown[0], address, count, interval_s)
        executor = LocalExecutor(house, make, footage=False, live=True)
        most = _Most()
        executor.start()
        assert executor.engine is not None
        engine, began, cpu_began = executor.engine, time.monotonic(), time.process_time()
        try:
            while (passed := time.monotonic() - began) < seconds and not executor.broken.wait(1.0):
                most.look()
                step(f"{passed:.0f} s: {engine.counts.looks} looks, {engine.in_hand} in hand")
        finally:
            took = time.monotonic() - began
            looks = engine.counts.looks
            cpu_s = time.process_time() - cpu_began
            executor.stop(60.0)
        counts = engine.counts
        late = np.array(list(counts.late_s) or [0.0])
        return Measured(
            round(looks / took, 2),
            round(float(np.percentile(late, 50)), 2),
            round(float(np.percentile(late, 99)), 2),
            round(most.mb, 1),
            round(1000 * cpu_s / max(1, looks), 1),
            counts.missed,
            counts.looks,
            counts.faults,
            counts.stale,
            counts.lost,
            engine.cameras,
        )


def furnish(house: House, reference: bytes, address: str, count: int, interval_s: float) -> None:
    """Cameras in an empty database, whose snapshots a server at this address hands out. reference: of all, a JPEG."""
    height, width = decode_picture(reference, "rehearsal").shape[:2]
    sha256 = house.store.put(reference)
    with house.database.write() as session:
        many_cameras(
            session,
            count,
            interval_s,
            lambda n: f"{address}/{n}.jpg",
            lambda n: (sha256, width, height),
            utcnow(),
        )


class _Most:
    """The most memory that this process held at one of the moments asked."""

    def __init__(self) -> None:
        self.mb = 0.0

    def look(self) -> None:
        status = Path("/proc/self/status").read_text("ascii")
        kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        self.mb = max(self.mb, kb / 1024)
