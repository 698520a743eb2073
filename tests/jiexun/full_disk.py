"""Run under ``unshare``: a home on a small disk of its own that fills up in the middle of a run.

Prints what happened as JSON: the error, what lay half-written, and the outcome after room was made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from casework.db import DatabaseDown
from casework.errors import StorageFull
from casework.verify import verify
from jiexun.house import open_house
from jiexun.settings import load

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.jiexun.painted import furnish, look_at, outcome

LEFT_BYTES = int(sys.argv[3])


def main(home: Path, video: Path) -> None:
    """Fill the disk, run, make room, run again."""
    home.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(home)], check=True)
    with open_house(settings=load(home, legal_mode="evidence")) as house:
        furnish(house)
        ballast = home / "ballast"
        room = os.statvfs(home)
        ballast.write_bytes(b"\0" * (room.f_bavail * room.f_frsize - LEFT_BYTES))
        error = ""
        try:
            look_at(house, video, "C-1")
        except (StorageFull, DatabaseDown) as full:
            error = f"{type(full).__name__}: {full}"
        with house.database.read() as session:
            before = verify(session, house.store).bad
        half_written = [str(p) for p in house.store.root.rglob(".part-*")]
        ballast.unlink()
        report = look_at(house, video, "C-1")
        with house.database.read() as session:
            after = verify(session, house.store).bad
        said = {
            "error": error,
            "before": before,
            "half_written": half_written,
            "after": after,
            "looks": report.looks,
            "outcome": json.loads(json.dumps(outcome(house), default=str)),
        }
        print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
