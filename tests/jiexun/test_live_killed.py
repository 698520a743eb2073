"""A live worker that is killed (-9) at any point and begun again: each look counted once, candidates as undisturbed.

The short form kills a few times; ``make stress`` sets JIEXUN_STRESS_KILLS.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from casework.verify import verify
from jiexun.house import open_house
from tests.jiexun.live_street import (
    BY_HAND,
    LOOKS,
    Street,
    brief,
    engine_of,
    furnish_live,
    live_outcome,
    live_settings,
    look_sums,
)

KILLS = int(os.environ.get("JIEXUN_STRESS_KILLS", "2"))


def test_a_live_worker_killed_at_random_points(tmp_path: Path) -> None:
    chance = random.Random(11)
    with open_house(settings=live_settings(tmp_path / "killed")) as house:
        began = furnish_live(house, tmp_path / "drop")
        street = Street(house, tmp_path / "drop", began)
        points = sorted(chance.choices(range(1, LOOKS), k=KILLS))
        worker, killed = _worker(tmp_path / "killed"), 0

        def kill(n: int) -> None:
            """After picture n was dropped, and before it is sure that it was looked at."""
            nonlocal worker, killed
            for _ in range(points.count(n)):
                time.sleep(chance.uniform(0.0, 1.5))
                worker.send_signal(signal.SIGKILL)
                worker.communicate(timeout=10)
                worker, killed = _worker(tmp_path / "killed"), killed + 1

        try:
            street.play(each=kill)
        finally:
            worker.kill()
            worker.communicate(timeout=20)
        assert killed == KILLS
        assert look_sums(house) == {"C-1": (LOOKS,) * 3, "C-2": (LOOKS,) * 3}
        found = live_outcome(house, began)
        with house.database.read() as session:
            assert verify(session, house.store).bad == []

    assert brief(found) == BY_HAND
    if KILLS <= 2:
        return  # the short form; the long one compares with an undisturbed run, to the last picture
    with open_house(settings=live_settings(tmp_path / "calm")) as house:
        calm_began = furnish_live(house, tmp_path / "calm-drop")
        with engine_of(house):
            Street(house, tmp_path / "calm-drop", calm_began).play()
        assert live_outcome(house, calm_began) == found


def _worker(home: Path) -> subprocess.Popen[str]:
    """A worker process that has begun."""
    script = Path(__file__).parent / "live_street.py"
    run = subprocess.Popen(
        [sys.executable, str(script), str(home)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(script.parents[2])},
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n"
    return run
