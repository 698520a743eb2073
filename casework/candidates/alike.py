"""What a new candidate has in common with others: a group of alike ones that wait, and confirmed ones at its place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import cos, radians
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from casework.candidates.acts import again
from casework.candidates.acts import alike as rule
from casework.candidates.tables import Candidate
from detector.scene.boxes import iou
from detector.scene.model import GroundPlace
from detector.scene.places import distance_m, likeness

REPEAT_DAYS = 30
REPEAT_OVERLAP = 0.3
REPEAT_M = 12.0
"""Where an earlier candidate counts as of the same place."""
MOST_COMPARED = 50
"""The newest so many are compared; a group that goes on has one of its own among them."""
_METRE_DEGREES = 1 / 111_320.0


def settle(session: Session, new: Candidate, *, fixed: bool) -> None:
    """Write into a new candidate, before it has an id, the group that it joins (none: it begins one) and, as
    ``facts["repeats"]``, how many confirmed ones of its type were at its place within 30 days."""
    limit, since = rule(), new.first_at - timedelta(days=rule().days)
    waiting = _of_kind(new, fixed, limit.metres).where(
        Candidate.queue == "first",
        Candidate.rule == new.rule,
        Candidate.warning == new.warning,
        Candidate.last_at >= since,
    )
    newest: Iterable[Candidate] = session.scalars(waiting.order_by(Candidate.id.desc()).limit(MOST_COMPARED))
    new.group_id = next(
        (
            c.group_id or c.id
            for c in newest
            if same_place(new, c, fixed=fixed, overlap=limit.least_overlap, metres=limit.metres)
            and same_colours(new, c)
        ),
        None,
    )
    begun = new.first_at - timedelta(days=REPEAT_DAYS)
    confirmed = _of_kind(new, fixed, REPEAT_M).where(
        Candidate.state.in_(("kept", "filed")), Candidate.first_at.between(begun, new.first_at)
    )
    earlier: Iterable[Candidate] = session.scalars(
        confirmed.order_by(Candidate.id.desc()).limit(MOST_COMPARED)
    )
    repeats = sum(same_place(new, c, fixed=fixed, overlap=REPEAT_OVERLAP, metres=REPEAT_M) for c in earlier)
    if repeats:
        new.facts = {**new.facts, "repeats": repeats}


def _of_kind(new: Candidate, fixed: bool, metres: float) -> Select[Any]:
    """Of its type, by its camera or in a square around its place: a first, indexed sieve."""
    query = select(Candidate).where(Candidate.type == new.type)
    if fixed or new.latitude is None or new.longitude is None:
        return query.where(Candidate.device_id == new.device_id)
    north = metres * _METRE_DEGREES
    east = north / max(cos(radians(new.latitude)), 0.01)
    return query.where(
        Candidate.latitude.between(new.latitude - north, new.latitude + north),
        Candidate.longitude.between(new.longitude - east, new.longitude + east),
    )


def same_place(a: Candidate, b: Candidate, *, fixed: bool, overlap: float, metres: float) -> bool:
    """By one fixed camera: in its picture (intersection over union); else on the ground. Unknown places are not one."""
    if fixed:
        if a.device_id != b.device_id:
            return False
        boxes = np.asarray([a.image_place, b.image_place], np.float64)
        return bool(iou(boxes[:1], boxes[1:])[0, 0] >= overlap)
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return False
    here, there = (GroundPlace(c.latitude or 0.0, c.longitude or 0.0, 0.0) for c in (a, b))
    return distance_m(here, there) <= metres


def same_colours(a: Candidate, b: Candidate) -> bool:
    """Not clearly others; what is not known of both is not asked."""
    one, other = a.facts.get("colours"), b.facts.get("colours")
    return not one or not other or likeness(one, other) >= again().least_likeness
