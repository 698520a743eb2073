"""Two candidates that a later, better placed sighting shows to be one."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.candidates import queries
from casework.candidates.acts import act
from casework.candidates.life import merge
from casework.candidates.tables import Candidate, CandidateSighting
from casework.db import utcnow
from casework.places.tables import Shop
from detector.scene.model import Violation
from detector.scene.places import same_shop, shop_confidence


def merge_by_pass(session: Session, violation: Violation, found: list[Candidate]) -> Candidate:
    """The candidate that a violation joins: the first of those it may be, after merging what it shows to be one.

    Two become one when the sighting may be either, its place is known better than both theirs, no footage saw
    both apart, and they are not two shops surely named. One that somebody holds is left alone.
    """
    kept = found[0]
    for other in found[1:]:
        first, second = sorted((kept, other), key=lambda c: (c.state in act("merge").sources, c.id))
        if _one(session, violation, first, second):
            reason = f"one place by the sighting {violation.key}, known to {_error(violation):.1f} m"
            kept = merge(session, None, second.id, first.id, reason)
    return kept


def _one(session: Session, violation: Violation, first: Candidate, second: Candidate) -> bool:
    step = act("merge")
    errors = [c.place_error_m for c in (first, second)]
    if first.state not in step.into or second.state not in step.sources or None in errors:
        return False
    if second.lease_until is not None and second.lease_until > utcnow():
        return False
    if not all(error is not None and _error(violation) < error for error in errors):
        return False
    codes = [session.get_one(Shop, c.shop_id).code if c.shop_id else None for c in (first, second)]
    sure = [shop_confidence(c.facts) for c in (first, second)]
    if same_shop(codes[0], sure[0], codes[1], sure[1]) is False:
        return False
    return _footage(session, first).isdisjoint(_footage(session, second))


def _error(violation: Violation) -> float:
    ground = violation.sighting.ground
    return ground.error_m if ground is not None else float("inf")


def _footage(session: Session, candidate: Candidate) -> set[int]:
    ids = [c.id for c in queries.family(session, candidate)]
    query = select(CandidateSighting.footage_id).where(CandidateSighting.candidate_id.in_(ids))
    return set(session.scalars(query))
