"""Live cameras over the painted street: pictures dropped into folders one after another, stamped twenty seconds apart,
each once every camera was looked at. Used in tests and, as a script, as a worker that can be killed:
``python live_street.py HOME [DATABASE_URL]``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
from sqlalchemy import func, select

from casework.candidates.queries import all_candidates
from casework.db import utcnow
from casework.devices.queries import device_by_code
from casework.evidence.queries import items_of
from casework.footage.tables import Footage, LookTally
from casework.live.tables import LiveLook
from casework.plans.service import NewPlan, Saving, Targets, save
from casework.rules.service import NewRules, add
from casework.streams.tables import Stream
from jiexun.house import House, open_house
from jiexun.live import camera, checkpoints
from jiexun.live.engine import Engine
from jiexun.settings import Settings, load
from jiexun.warehouse import Detectors
from tests.jiexun.painted import NAMES, Thing, colour_detector, furnish, picture

checkpoints.EVERY = 3  # so that a short street has some
camera.AWAY_S = 0.5  # its cameras are looked at every second, and have their backgrounds on disk all the same
STEP_S = 20
LOOKS = 10
BEFORE_S = 235
"""How long ago the street's first picture is said to be taken: younger than what streams call stale, in one day."""
RULES = """
[[rule]]
code = "{type}"
version = 7
valid_from = 2026-01-01
type = "{type}"
labels = ["{label}"]
zone_kinds = ["pavement", "frontage"]
dwell_s = 60.0
pictures = 3
spacing_s = 20.0
gap_s = 25.0
"""
STREETS = {
    "C-1": [
        Thing("stall", (40, 140, 100, 200), 20, 110),
        Thing("shop_goods", (200, 100, 260, 150), 40, 10_000),
    ],
    "C-2": [Thing("pile", (120, 180, 160, 220), 0, 10_000)],
}
"""By camera. The stall leaves at 110 s: raised at the look of 80 s (dwell 60 s), last seen at 100 s."""


BY_HAND = [
    # type, proof, first and last seen (s), observed s, still standing, pictures
    ("cross_door", "evidence", 40, 180, 140.0, True, 3),
    ("stacked_goods", "clue", 0, 180, 180.0, True, 3),  # C-2 has no approval
    ("stall", "evidence", 20, 100, 80.0, True, 3),
]
"""10 looks twenty seconds apart: the last at 180 s. The stall left at 110 s; nobody says yet that it has gone."""


def brief(rows: list[Any]) -> list[Any]:
    """With the number of pictures instead of them."""
    return [(*row[:-1], len(row[-1])) for row in rows]


def live_settings(home: Path, url: str | None = None, **more: Any) -> Settings:
    """A worker of one camera more or less: quick to notice, and with one thread."""
    given = {"live_grab_s": 1.0, "threads": 1, "live_in_hand": 16, "legal_mode": "evidence", **more}
    return load(home, database_url=url, **given)


def furnish_live(house: House, folder: Path, dead: bool = False) -> datetime:
    """Cameras with folders, the rules and a plan; when the first picture is taken. dead: C-3 is never there."""
    furnish(house)
    began = (utcnow() - timedelta(seconds=BEFORE_S)).replace(microsecond=0)
    text = "".join(
        RULES.format(type=kind, label=label)
        for kind, label in (("stall", "stall"), ("cross_door", "shop_goods"), ("stacked_goods", "pile"))
    )
    with house.database.write() as session:
        add(session, "test", NewRules(text, "short", began), NAMES)
        for code in (*STREETS, *(["C-3"] if dead else [])):
            (folder / code).mkdir(parents=True, exist_ok=True)
            url = f"file://{folder / code}?stale=86400"
            kind = "snapshot" if code == "C-3" else "folder"
            url = "http://127.0.0.1:9/nobody.jpg" if code == "C-3" else url
            session.add(
                Stream(
                    device_id=device_by_code(session, code).id,
                    kind=kind,
                    url=url,
                    transport="tcp",
                    made_at=began,
                )
            )
        session.flush()
        save(session, Saving("test", "Test"), NewPlan("all", "全部", Targets(district=True), 1.0))
    return began


@dataclass
class Street:
    """Drops pictures. began: of the first."""

    house: House
    folder: Path
    began: datetime

    def play(
        self,
        until: int = LOOKS,
        *,
        since: int = 0,
        each: Callable[[int], None] = lambda n: None,
        limit_s: float = 60.0,
    ) -> None:
        """Pictures ``since`` to before ``until``; each: called after every picture that all cameras were looked at."""
        for n in range(since, until):
            stamp = self.began + timedelta(seconds=n * STEP_S)
            for code, things in STREETS.items():
                path = self.folder / code / f"{stamp:%Y%m%d_%H%M%S}.000Z.png"
                done, data = cv2.imencode(".png", picture(things, n * STEP_S))
                assert done
                path.with_suffix(".part").write_bytes(data.tobytes())
                path.with_suffix(".part").rename(path)
            each(n)
            self.wait(n + 1, limit_s)

    def wait(self, looks: int, limit_s: float = 40.0) -> None:
        """Until every camera was looked at so often."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            with self.house.database.read() as session:
                sums = (
                    select(func.sum(Footage.frames)).where(Footage.kind == "live").group_by(Footage.device_id)
                )
                found = list(session.scalars(sums))
            if len(found) == len(STREETS) and min(found) >= looks:
                return
            time.sleep(0.05)
        raise AssertionError(f"no camera was looked at {looks} times within {limit_s} s: {found}")


def live_outcome(house: House, began: datetime) -> list[Any]:
    """What is left, with times as seconds after the first picture."""
    found = []
    with house.database.read() as session:
        for c in sorted(all_candidates(session), key=lambda c: (c.type, c.first_at)):
            pictures = [(i.role, i.sha256) for i in items_of(session, c.id) if i.kind == "picture"]
            seconds = [round((t - began).total_seconds()) for t in (c.first_at, c.last_at)]
            found.append((c.type, c.proof, *seconds, c.observed_s, c.standing, pictures))
    return found


def look_sums(house: House) -> dict[str, tuple[int, int, int]]:
    """Device -> looks by its footage, by the tally, and stored ones."""
    with house.database.read() as session:
        rows = session.execute(
            select(
                Footage.name,
                Footage.looks,
                select(func.sum(LookTally.looks)).where(LookTally.footage_id == Footage.id).scalar_subquery(),
                select(func.count()).where(LiveLook.footage_id == Footage.id).scalar_subquery(),
            ).where(Footage.kind == "live")
        )
        sums: dict[str, tuple[int, int, int]] = {}
        for name, *counts in rows:
            code = name.split()[0]
            sums[code] = tuple(a + b for a, b in zip(sums.get(code, (0, 0, 0)), counts, strict=True))  # type: ignore[assignment]
        return sums


@contextmanager
def engine_of(house: House, **more: Any) -> Iterator[Engine]:
    """A running engine with the colour detector."""
    broken: list[BaseException] = []
    engine = Engine(house, lambda: Detectors(colour_detector()), broken=broken.append, **more)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
    assert broken == []


if __name__ == "__main__":
    given = live_settings(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
    with open_house(settings=given) as opened, engine_of(opened):
        print("begun", flush=True)
        time.sleep(600)
