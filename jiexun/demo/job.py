"""The demonstration's main job: district, people, footage, candidates, and the score against the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from casework.candidates.queries import all_candidates
from casework.places.load import load_district
from detector.detections import Detector
from jiexun.demo.camera import ensure_demo_camera
from jiexun.demo.people import add_people
from jiexun.demo.truth import Found, score, staged_violations
from jiexun.house import House
from jiexun.pipeline.run import RunReport, accept_file, run_footage
from jiexun.warehouse import Detectors

DISTRICT = Path(str(files("jiexun.demo").joinpath("district")))
FOOTAGE = Path(str(files("jiexun.demo").joinpath("footage")))
Said = Callable[[str, int, datetime], None]
"""Progress: clip, looks so far, capture time."""


def run_demo(house: House, detectors: Detectors | Detector, said: Said | None = None) -> dict[str, Any]:
    """Load everything, look at both clips, compare. Again on the same home changes nothing."""
    with house.database.write() as session:
        load_district(session, DISTRICT, "demo")
        add_people(session)
    ensure_demo_camera(house)
    runs: list[RunReport] = []
    for entry in json.loads((FOOTAGE / "truth.json").read_text("utf-8"))["clips"]:
        name = entry["file"]
        footage = accept_file(house, FOOTAGE / name, entry["device"])
        progress = (lambda looks, at, clip=name: said(clip, looks, at)) if said else None
        runs.append(run_footage(house, footage, detectors, progress))
    with house.database.read() as session:
        rows = all_candidates(session)
    found = [Found(c.type, c.latitude, c.longitude, c.first_at, c.last_at) for c in rows]
    by_type = Counter(c.type for c in rows)
    return {
        "looks": sum(r.looks for r in runs),
        "candidates": len(rows),
        "by_type": {t: by_type.get(t, 0) for t in ("stall", "cross_door", "stacked_goods")},
        "truth": asdict(score(staged_violations(FOOTAGE / "truth.json"), found)),
        "runs": [asdict(r) for r in runs],
    }
