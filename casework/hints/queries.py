"""Finding hints: groups of decided candidates of one camera and type, at one place or over the whole picture."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.algorithms.shadow import CONFIRMED
from casework.algorithms.wilson import Share, share
from casework.candidates.queries import Here, in_scope, stands_at
from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.errors import not_found
from casework.hints.tables import HintDecision
from casework.people.service import Person
from detector.scene.model import DeviceKind, GroundPlace

MARGIN = 0.1
"""A proposed zone is this share of the boxes' width and height wider on each side."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers and cures of ``hints.toml``. cures: (code, at, reasons)."""

    days: int
    least_rejected: int
    precision_below: float
    cures: tuple[tuple[str, str, frozenset[str]], ...]


@cache
def limits() -> Limits:
    """Read once."""
    data = tomllib.loads(files("casework.hints").joinpath("hints.toml").read_text("utf-8"))
    return Limits(
        data["days"],
        data["least_rejected"],
        data["precision_below"],
        tuple((c["code"], c["at"], frozenset(c["reasons"])) for c in data["cure"]),
    )


@dataclass(frozen=True, slots=True)
class Hint:
    """key: ``place:CANDIDATE`` or ``device:DEVICE:TYPE``. at: place, device. candidates: ids, oldest first;
    example: the newest rejected one.

    polygon: proposed zone on a fixed camera's picture, 0-1. threshold: the least confidence of what people
    confirmed there (none where nothing was): a threshold up to it loses none of those; ``below`` rejected ones
    lie under it.
    """

    key: str
    at: str
    device: Device
    type: str
    rejected: int
    confirmed: int
    precision: Share
    reasons: dict[str, int]
    cure: str
    candidates: list[int]
    example: int
    polygon: list[tuple[float, float]] | None
    latitude: float | None
    longitude: float | None
    threshold: float | None
    below: int

    def counts(self) -> dict[str, Any]:
        """What is kept of it with a decision."""
        return {"rejected": self.rejected, "confirmed": self.confirmed, "reasons": self.reasons}


def hints(session: Session, person: Person, now: datetime) -> list[Hint]:
    """Those that nobody answered yet, or that came up again since, most rejections first.

    Places are looked for first; a camera as a whole is listed for what its places do not explain.
    """
    known = limits()
    query = (
        select(Candidate)
        .where(
            Candidate.first_at >= now - timedelta(days=known.days),
            Candidate.state.in_([*CONFIRMED, "rejected"]),
        )
        .options(joinedload(Candidate.device), joinedload(Candidate.shop))
        .order_by(Candidate.first_at, Candidate.id)
    )
    groups: dict[tuple[int, str], list[Candidate]] = {}
    for row in session.scalars(in_scope(query, person)):
        groups.setdefault((row.device_id, row.type), []).append(row)
    answered = list(
        session.scalars(
            select(HintDecision).options(joinedload(HintDecision.candidate).joinedload(Candidate.shop))
        )
    )
    found: list[Hint] = []
    for (device_id, kind), rows in groups.items():
        own = [a for a in answered if (a.device_id, a.type) == (device_id, kind)]
        left: list[Candidate] = []
        for place in _places(rows):
            since = max((a.decided_at for a in own if _is_about(a, place[0])), default=None)
            hint = _hint("place", [c for c in place if since is None or c.first_at > since])
            if hint is not None:
                found.append(hint)
            elif since is None:
                left += place
        since = max((a.decided_at for a in own if a.candidate_id is None), default=None)
        hint = _hint("device", [c for c in left if since is None or c.first_at > since])
        found += [hint] if hint is not None else []
    return sorted(found, key=lambda h: (-h.rejected, h.key))


def hint(session: Session, person: Person, key: str, now: datetime) -> Hint:
    """The hint of this key, as it stands now. Raises NotFound."""
    found = next((h for h in hints(session, person, now) if h.key == key), None)
    if found is None:
        raise not_found("hint", "提示", key)
    return found


def answers(session: Session, person: Person) -> list[HintDecision]:
    """What people decided on hints, newest first."""
    query = select(HintDecision).join(HintDecision.device).options(joinedload(HintDecision.device))
    if person.squad_id is not None:
        query = query.where(Device.squad_id == person.squad_id)
    return list(session.scalars(query.order_by(HintDecision.id.desc())))


def _here(row: Candidate) -> Here:
    ground = None
    if row.latitude is not None and row.longitude is not None and row.place_error_m is not None:
        ground = GroundPlace(row.latitude, row.longitude, row.place_error_m)
    shop = row.shop.code if row.shop else None
    return Here(row.device_id, DeviceKind(row.device.kind), row.image_place, ground, shop)


def _places(rows: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates by place, each compared with the oldest of its place (places are not chained)."""
    places: list[list[Candidate]] = []
    for row in rows:
        here = _here(row)
        place = next((p for p in places if stands_at(p[0], here)), None)
        if place is None:
            places.append([row])
        else:
            place.append(row)
    return places


def _is_about(answer: HintDecision, row: Candidate) -> bool:
    return answer.candidate is not None and stands_at(answer.candidate, _here(row))


def _hint(at: str, rows: Sequence[Candidate]) -> Hint | None:
    """The hint that these candidates make, if they do."""
    known = limits()
    rejected = [c for c in rows if c.state == "rejected"]
    confirmed = [c for c in rows if c.state != "rejected"]
    if len(rejected) < known.least_rejected or len(confirmed) / len(rows) >= known.precision_below:
        return None
    reasons = dict(Counter(c.reason or "" for c in rejected).most_common())
    commonest = next(iter(reasons))
    cure = next(
        (code for code, where, named in known.cures if where == at and (not named or commonest in named)),
        "threshold",
    )
    first = rows[0]
    threshold = min((c.confidence for c in confirmed), default=None)
    return Hint(
        key=f"place:{first.id}" if at == "place" else f"device:{first.device.code}:{first.type}",
        at=at,
        device=first.device,
        type=first.type,
        rejected=len(rejected),
        confirmed=len(confirmed),
        precision=share(len(confirmed), len(rows)),
        reasons=reasons,
        cure=cure,
        candidates=[c.id for c in rows],
        example=rejected[-1].id,
        polygon=_polygon(rejected) if at == "place" and first.device.kind == DeviceKind.FIXED else None,
        latitude=first.latitude,
        longitude=first.longitude,
        threshold=threshold,
        below=sum(c.confidence < threshold for c in rejected) if threshold is not None else 0,
    )


def _polygon(rows: Sequence[Candidate]) -> list[tuple[float, float]]:
    """The boxes' common rectangle with a margin, 0-1."""
    boxes = [c.image_place for c in rows]
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[2] for b in boxes), max(b[3] for b in boxes)
    wide, high = MARGIN * (right - left), MARGIN * (bottom - top)
    left, right = max(0.0, left - wide), min(1.0, right + wide)
    top, bottom = max(0.0, top - high), min(1.0, bottom + high)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return [(round(x, 4), round(y, 4)) for x, y in corners]
