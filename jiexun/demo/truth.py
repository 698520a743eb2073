"""Candidates against what was staged in the demonstration footage (truth.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from detector.scene.model import GroundPlace
from detector.scene.places import distance_m

NEAR_M = 6.0
"""A candidate this near to a staged thing of its type is that thing. Staged things of one type stand further apart."""


@dataclass(frozen=True, slots=True)
class Score:
    """staged: violations in the footage. found: staged with at least one candidate. doubled: further candidates for
    one that was found. false: candidates that are none of them."""

    staged: int
    found: int
    doubled: int
    false: int


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate, as far as the truth asks. Times aware UTC."""

    type: str
    latitude: float | None
    longitude: float | None
    first_at: datetime
    last_at: datetime


def staged_violations(path: Path) -> list[dict[str, Any]]:
    """The staged things that are violations."""
    return [t for t in json.loads(path.read_text("utf-8"))["things"] if t["violation"]]


def score(staged: list[dict[str, Any]], candidates: list[Found]) -> Score:
    """Match candidates to staged violations by type, ground place and time."""
    hits = dict.fromkeys(range(len(staged)), 0)
    false = 0
    for candidate in candidates:
        near = [(_away(staged[i], candidate), i) for i in hits if _fits(staged[i], candidate)]
        if near and min(near)[0] <= NEAR_M:
            hits[min(near)[1]] += 1
        else:
            false += 1
    found = sum(1 for n in hits.values() if n)
    return Score(len(staged), found, sum(n - 1 for n in hits.values() if n > 1), false)


def _fits(thing: dict[str, Any], candidate: Found) -> bool:
    slack = timedelta(seconds=30)
    begin, end = datetime.fromisoformat(thing["from"]), datetime.fromisoformat(thing["to"])
    return (
        thing["type"] == candidate.type
        and candidate.latitude is not None
        and candidate.first_at >= begin - slack
        and candidate.last_at <= end + slack
    )


def _away(thing: dict[str, Any], candidate: Found) -> float:
    longitude, latitude = thing["ground"]
    here = GroundPlace(candidate.latitude or 0.0, candidate.longitude or 0.0, 0.0)
    return distance_m(GroundPlace(latitude, longitude, 0.0), here)
