"""A run that is killed (-9) at any point and begun again: nothing lost, nothing doubled, everything verifies.

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
from jiexun.settings import load
from tests.jiexun.painted import Thing, film, furnish, look_at, outcome

KILLS = int(os.environ.get("JIEXUN_STRESS_KILLS", "4"))
STREET = [
    Thing("stall", (40, 140, 100, 200), 60, 720),
    Thing("shop_goods", (200, 100, 260, 150), 120, 10_000),
    Thing("pile", (120, 180, 160, 220), 0, 10_000),
]


def test_killed_at_random_points(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", STREET, 900)
    with open_house(settings=load(tmp_path / "calm", legal_mode="evidence")) as house:
        furnish(house)
        began = time.monotonic()
        calm_report = look_at(house, video, "C-1")
        whole_run_s = time.monotonic() - began
        calm = outcome(house)
    assert len(calm) == 3

    home = tmp_path / "killed"
    with open_house(settings=load(home, legal_mode="evidence")) as house:
        furnish(house)
    chance = random.Random(7)
    killed = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "painted.py"), str(home), str(video), "C-1"],
            stdout=subprocess.PIPE, text=True,
        ) as run:  # fmt: skip
            assert run.stdout is not None
            assert run.stdout.readline() == "begun\n"
            time.sleep(chance.uniform(0.0, whole_run_s))
            if run.poll() is None:
                run.send_signal(signal.SIGKILL)
                killed += 1
    assert killed > 0

    with open_house(settings=load(home, legal_mode="evidence")) as house:
        report = look_at(house, video, "C-1")
        assert (report.looks, report.candidates) == (calm_report.looks, 3)
        assert outcome(house) == calm
        with house.database.read() as session:
            found = verify(session, house.store)
        assert found.bad == []
        assert not list(house.store.root.rglob(".part-*")), "half-written evidence was left"
