"""Reading and keeping what was found and made."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.evidence.tables import EvidenceItem
from casework.privacy.tables import ClearGrant, ClipCopy, PictureRegions
from detector.privacy.regions import Regions

MAKING = timedelta(minutes=10)
"""A copy that was begun so long ago is begun again: its process has ended."""

TRIES = 3


def regions_of(session: Session, sha256: str, finder: str) -> Regions | None:
    """What was found on a picture before; none when it was not looked at by this finder."""
    row = session.get(PictureRegions, (sha256, finder))
    return None if row is None else Regions.of(row.regions)


def keep_regions(database: Database, sha256: str, finder: str, regions: Regions) -> None:
    """Keep what was found, unless somebody else did just now."""
    row = PictureRegions(sha256=sha256, finder=finder, regions=regions.rows(), found_at=utcnow())
    try:
        with database.write() as session:
            if session.get(PictureRegions, (sha256, finder)) is None:
                session.add(row)
    except IntegrityError:  # PostgreSQL: two at once; both found the same
        return


def unseen_pictures(session: Session, finder: str, most: int) -> list[str]:
    """Hashes of pictures of candidates that wait for review and were not looked at yet, first in the queue first."""
    known = and_(PictureRegions.sha256 == EvidenceItem.sha256, PictureRegions.finder == finder)
    waiting = (
        select(Candidate.id)
        .where(Candidate.queue == "first")
        .order_by(Candidate.rank, Candidate.id)
        .limit(AHEAD)
        .subquery()
    )
    found = session.scalars(
        select(EvidenceItem.sha256)
        .join(waiting, waiting.c.id == EvidenceItem.candidate_id)
        .outerjoin(PictureRegions, known)
        .where(EvidenceItem.kind == "picture", PictureRegions.sha256.is_(None))
        .order_by(EvidenceItem.candidate_id, EvidenceItem.id)
        .limit(most)
    )
    return list(dict.fromkeys(found))


AHEAD = 200
"""How many waiting candidates are looked at ahead of the people."""


def clip_copy(session: Session, sha256: str, finder: str) -> ClipCopy | None:
    """The blurred copy of a clip, or how far it is."""
    return session.get(ClipCopy, (sha256, finder))


def ask_for_copy(database: Database, sha256: str, finder: str) -> None:
    """A clip's copy is wanted, unless somebody else said so just now."""
    row = ClipCopy(sha256=sha256, finder=finder, state="waiting", tries=0, changed_at=utcnow())
    try:
        with database.write() as session:
            if session.get(ClipCopy, (sha256, finder)) is None:
                session.add(row)
    except IntegrityError:  # PostgreSQL: two at once
        return


def next_clip(session: Session, finder: str, now: datetime) -> ClipCopy | None:
    """The clip that waits longest for its copy, taken in hand; one that was tried too often has failed."""
    while True:
        row = session.scalar(
            select(ClipCopy)
            .where(
                ClipCopy.finder == finder,
                or_(
                    ClipCopy.state == "waiting",
                    and_(ClipCopy.state == "making", ClipCopy.changed_at < now - MAKING),
                ),
            )
            .order_by(ClipCopy.changed_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.changed_at = now
        if row.tries < TRIES:
            row.state, row.tries = "making", row.tries + 1
            return row
        row.state, row.because = "failed", f"begun {TRIES} times without an end"
        session.flush()


def put_back(session: Session, sha256: str, finder: str) -> None:
    """A clip whose copy was begun waits again, as if it had not been tried."""
    row = clip_copy(session, sha256, finder)
    if row is not None and row.state == "making":
        row.state, row.tries = "waiting", row.tries - 1


def grant_of(session: Session, account_id: int, item_id: int, now: datetime) -> ClearGrant | None:
    """A person's leave to see an item clear now."""
    return session.scalar(
        select(ClearGrant)
        .where(ClearGrant.account_id == account_id, ClearGrant.item_id == item_id, ClearGrant.until > now)
        .order_by(ClearGrant.until.desc())
        .limit(1)
    )
