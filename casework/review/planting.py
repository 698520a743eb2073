"""Choosing planted items: who knows the answer, and when one is taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from casework.algorithms.wilson import Share, share
from casework.audit.service import record
from casework.candidates.life import locked
from casework.candidates.queries import BRIEF, in_scope
from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.errors import Conflict, Invalid, not_found
from casework.people.service import Person
from casework.people.tables import Account
from casework.review.quality_tables import PlantedItem, PlantedLook
from casework.review.second import JUDGES
from casework.words import codes

ANSWERS = {"filed": "keep", "rejected": "reject"}
"""State of a candidate that is settled for good -> the only answer that it may be planted with."""


@dataclass(frozen=True, slots=True)
class Planted:
    """An item with who made it, and how many of its answers were right, of those that said yes or no."""

    item: PlantedItem
    candidate: Candidate
    by: str
    right: Share


def plant(
    session: Session, person: Person, candidate_id: int, verdict: str, reason: str | None, note: str
) -> PlantedItem:
    """Mix a settled candidate into the first review. Raises NotFound, Conflict (not settled, planted already), Invalid
    (an answer other than the record's, the reason)."""
    candidate = locked(session, person, candidate_id)
    if candidate.state not in ANSWERS:
        raise Conflict(
            "not_settled",
            zh="只有已转案或已剔除的疑似可作为考核件",
            en="only a candidate that became a case or was rejected has a known answer",
        )
    if verdict != ANSWERS[candidate.state]:
        raise Invalid(
            "other_answer",
            zh="答案与该疑似的最终结论不符",
            en=f"the record says {ANSWERS[candidate.state]}; choose a candidate whose outcome is the answer",
        )
    if (verdict == "reject") != (reason in codes("reasons")):
        raise Invalid(
            "reason_needed",
            zh="剔除须给出一项固定原因，保留不带原因",
            en="give one of the fixed reasons with reject, and none with keep",
        )
    open_ = select(PlantedItem.id).where(
        PlantedItem.candidate_id == candidate_id, PlantedItem.ended_at.is_(None)
    )
    if session.scalar(open_) is not None:
        raise Conflict("planted_already", zh="该疑似已是考核件", en="this candidate is planted already")
    item = PlantedItem(
        candidate_id=candidate_id,
        verdict=verdict,
        reason=reason,
        note=note,
        made_by=person.id,
        made_at=utcnow(),
    )
    session.add(item)
    session.flush()
    detail = {"item": item.id, "verdict": verdict, "reason": reason}
    record(session, person.actor, "planted", f"candidate:{candidate_id}", detail)
    return item


def end(session: Session, person: Person, item_id: int) -> None:
    """It is handed out no more; its answers stay. Ending it again changes nothing. Raises NotFound."""
    item = session.scalar(_mine(person).where(PlantedItem.id == item_id))
    if item is None:
        raise not_found("planted item", "考核件", item_id)
    if item.ended_at is None:
        item.ended_at = utcnow()
        record(session, person.actor, "planted_ended", f"candidate:{item.candidate_id}", {"item": item.id})


def page_of_items(session: Session, person: Person, page: int, size: int) -> tuple[list[Planted], int]:
    """The items in the person's scope, those in use first, then the newest; with how many answers were right."""
    query = _mine(person)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(PlantedItem.ended_at.is_not(None), PlantedItem.id.desc())
    items = session.scalars(ordered.offset((page - 1) * size).limit(size)).all()
    return _told(session, items), total


def planted_item(session: Session, item: PlantedItem) -> Planted:
    """One of them, told the same way."""
    return _told(session, [item])[0]


def _told(session: Session, items: Sequence[PlantedItem]) -> list[Planted]:
    about = select(Candidate).where(Candidate.id.in_([i.candidate_id for i in items])).options(*BRIEF)
    candidates = {c.id: c for c in session.scalars(about.execution_options(populate_existing=True))}
    who = select(Account.id, Account.display_name).where(Account.id.in_({i.made_by for i in items}))
    names = dict(session.execute(who).all())
    given = session.execute(
        select(PlantedLook.item_id, PlantedLook.verdict, func.count())
        .where(
            PlantedLook.item_id.in_([i.id for i in items]),
            PlantedLook.verdict.is_not(None),
            PlantedLook.undone_at.is_(None),
        )
        .group_by(PlantedLook.item_id, PlantedLook.verdict)
    )
    counts: dict[int, dict[str | None, int]] = {}
    for item_id, verdict, count in given:
        counts.setdefault(item_id, {})[verdict] = count
    return [
        Planted(
            item,
            candidates[item.candidate_id],
            names[item.made_by],
            share(said.get(item.verdict, 0), sum(said.get(verdict, 0) for verdict in JUDGES)),
        )
        for item in items
        for said in [counts.get(item.id, {})]
    ]


def _mine(person: Person) -> Select[Any]:
    return in_scope(select(PlantedItem).join(Candidate, Candidate.id == PlantedItem.candidate_id), person)
