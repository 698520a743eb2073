"""Cameras that drop and return at random while others must not notice.

``JIEXUN_STRESS_CAMERAS`` and ``JIEXUN_STRESS_MINUTES`` make it long (``make stress``); else 6 cameras, 6 s.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.streams.model import LiveSource, StreamAddress, StreamFault
from ingest.streams.opening import open_live
from tests.ingest.streams.cameras import Rtsp

CAMERAS = int(os.environ.get("JIEXUN_STRESS_CAMERAS", "6"))
SECONDS = float(os.environ.get("JIEXUN_STRESS_MINUTES", "0.1")) * 60
INTERVAL_S = 2.0
BACK_S = 30.0
STEADY_EVERY = 3
"""Every third camera is left alone: the others' troubles must not show on it."""


@dataclass
class Watched:
    """One camera, looked at every INTERVAL_S by a thread of its own."""

    name: str
    source: LiveSource
    returned_at: float | None = None  # epoch, while its first picture after a return is awaited
    back_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)

    def look(self, over: threading.Event) -> None:
        due = time.time() + random.random() * INTERVAL_S
        while not over.wait(max(0.0, due - time.time())):
            try:
                frame = self.source.grab(INTERVAL_S)
            except StreamFault:
                pass
            else:
                now = time.time()
                self.late_s.append(max(now - due, now - frame.captured_at.timestamp()))
                if self.returned_at is not None and frame.captured_at.timestamp() > self.returned_at:
                    self.back_s.append(now - self.returned_at)
                    self.returned_at = None
            due = max(due + INTERVAL_S, time.time())


def disturb(rtsp: Rtsp, watched: list[Watched], until: float, longest_s: float) -> int:
    """Drops (the port closed, connections cut) or silences a camera now and then; returns how often."""
    away: list[tuple[float, Watched, str]] = []
    drops = 0
    while away or time.time() < until:
        now = time.time()
        for one in [a for a in away if a[0] <= now]:
            away.remove(one)
            _, camera, how = one
            assert rtsp.ask("up" if how == "down" else "loud", camera.name)
            camera.returned_at = time.time()
        free = [w for w in watched if w.returned_at is None and all(w is not a[1] for a in away)]
        if now < until and free and len(away) < len(watched) / 2:
            camera, how = random.choice(free), random.choice(("down", "down", "mute"))
            rtsp.ask(how, camera.name)
            away.append((now + random.uniform(0.2, longest_s), camera, how))
            drops += 1
        time.sleep(min(0.5, 10 / len(watched)))
    return drops


def rss_mb() -> float:
    """Memory of this process, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.timeout(int(SECONDS + 300))
def test_cameras_that_drop_come_back_and_disturb_no_other(rtsp: Rtsp, h264: Path) -> None:
    names = [f"dropping {i}" for i in range(CAMERAS)]
    watched = [
        Watched(name, open_live(name, StreamAddress.parse(rtsp.camera(name, h264, fps=5)))) for name in names
    ]
    steady = [w for i, w in enumerate(watched) if i % STEADY_EVERY == 0]
    others = [w for w in watched if w not in steady]
    over = threading.Event()
    threads = [threading.Thread(target=w.look, args=(over,), daemon=True) for w in watched]
    try:
        for thread in threads:
            thread.start()
        deadline = time.time() + BACK_S
        while any(not w.late_s for w in watched):  # all connected
            assert time.time() < deadline
            time.sleep(0.1)
        for w in watched:
            w.late_s.clear()
        began = time.time()
        memory: list[float] = []
        sampler = threading.Thread(
            target=lambda: [memory.append(rss_mb()) for _ in iter(lambda: over.wait(1), True)],
            daemon=True,
        )
        sampler.start()
        until = began + (SECONDS * 0.6 if SECONDS < 60 else SECONDS)
        drops = disturb(rtsp, others, until, 2.0 if SECONDS < 60 else 20.0)
        deadline = time.time() + BACK_S
        while any(w.returned_at is not None for w in others):
            assert time.time() < deadline, [w.source.state for w in others if w.returned_at is not None]
            time.sleep(0.1)
        running = threading.active_count()
    finally:
        over.set()
        for thread in threads:
            thread.join(INTERVAL_S + 2)
        closing = time.monotonic()
        for w in watched:
            w.source.close()
        closing = time.monotonic() - closing
    third = len(memory) // 3
    back = [s for w in others for s in w.back_s]
    told = {
        "cameras": CAMERAS, "seconds": round(time.time() - began), "drops": drops, "returns": len(back),
        "back_s_max": round(max(back), 1), "steady_looks": sum(len(w.late_s) for w in steady),
        "steady_late_s_max": round(max(max(w.late_s) for w in steady), 2),
        "rss_mb_then": round(max(memory[: third or 1])), "rss_mb_end": round(max(memory[-third or -1 :])),
        "rss_mb": [round(m) for m in memory[:: max(1, len(memory) // 10)]],
        "threads": running, "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    print(json.dumps(told))
    assert drops >= 2
    assert max(back) <= BACK_S
    assert told["steady_late_s_max"] <= INTERVAL_S
    assert all(len(w.late_s) >= (until - began) / INTERVAL_S - 2 for w in steady)
    assert told["rss_mb_end"] <= told["rss_mb_then"] * 1.1 + 10
    assert running <= 2 * CAMERAS + 12  # one of ours and one of this test's for each
    assert closing < 2 * CAMERAS
