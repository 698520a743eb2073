"""Asking for another look at a place, and writing down what it showed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.audit.service import record
from casework.candidates.life import locked
from casework.candidates.queries import family
from casework.db import utcnow
from casework.errors import Conflict, Invalid
from casework.evidence.queries import items_of
from casework.evidence.service import Packed, seal
from casework.evidence.tables import EvidenceItem
from casework.people.service import Person
from casework.watches.tables import Watch

LONGEST = timedelta(days=366)


def watch(session: Session, person: Person, candidate_id: int, since: datetime, until: datetime) -> Watch:
    """Look again at a candidate's place, for its type, from ``since`` (to be corrected by then) to before ``until``.

    The same span asked for again gives the watch that there is. Raises NotFound, Invalid, Conflict (merged,
    withdrawn or rejected: there is nothing to be corrected).
    """
    about = locked(session, person, candidate_id)
    if about.state in ("merged", "withdrawn", "rejected"):
        raise Conflict(
            "bad_state",
            zh=f"该疑似现为 {about.state}，无需复查",
            en=f"this candidate is {about.state}: there is nothing to look at again",
        )
    if not since < until <= since + LONGEST:
        raise Invalid(
            "bad_span",
            zh="复查结束时间须晚于开始时间，且不超过一年",
            en="until must be later than since, by a year at most",
        )
    query = select(Watch).where(
        Watch.candidate_id == candidate_id, Watch.since == since, Watch.until == until
    )
    known = session.scalar(query)
    if known is not None:
        return known
    pictures = [
        item for c in family(session, about) for item in items_of(session, c.id) if item.kind == "picture"
    ]
    before = max(
        (p for p in pictures if p.captured_at <= since), key=lambda p: (p.captured_at, p.id), default=None
    )
    row = Watch(
        candidate_id=candidate_id,
        since=since,
        until=until,
        by_name=person.display_name,
        made_at=utcnow(),
        state="waiting",
        before_id=before.id if before else None,
    )
    session.add(row)
    session.flush()
    span = {"watch": row.id, "since": since.isoformat(), "until": until.isoformat()}
    record(session, person.actor, "watch_asked", f"candidate:{candidate_id}", span)
    return row


@dataclass(frozen=True, slots=True)
class Seen:
    """What the looks of one footage showed. looks: that showed the place; seen: of these, with such a thing there."""

    watch_id: int
    footage_id: int
    corrected: bool
    at: datetime
    looks: int
    seen: int


def report(session: Session, result: Seen, packed: Packed) -> Watch:
    """Write the result with its picture, which is sealed into the candidate. Told twice, the first one stays."""
    row = session.scalars(select(Watch).where(Watch.id == result.watch_id).with_for_update()).one()
    if row.state != "waiting":
        return row
    sealed = seal(session, row.candidate_id, packed)
    row.after_id = session.scalar(
        select(EvidenceItem.id).where(EvidenceItem.seal_seq == sealed.seq).order_by(EvidenceItem.id.desc())
    )
    row.state = "corrected" if result.corrected else "not_corrected"
    row.footage_id, row.seen_at = result.footage_id, result.at
    row.looks, row.seen = result.looks, result.seen
    session.flush()
    record(
        session,
        "system",
        "watch_result",
        f"candidate:{row.candidate_id}",
        {"watch": row.id, "state": row.state, "looks": row.looks, "seen": row.seen},
    )
    return row
