"""Reading evidence."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from casework.candidates.tables import CandidateSighting
from casework.errors import not_found
from casework.evidence.tables import EvidenceItem, EvidenceSeal


def items_of(session: Session, candidate_id: int) -> list[EvidenceItem]:
    """All files of a candidate, by capture time; those of a sighting that a split moved go with it."""
    return list(
        session.scalars(
            select(EvidenceItem)
            .join(EvidenceSeal, EvidenceSeal.seq == EvidenceItem.seal_seq)
            .where(_belongs(candidate_id))
            .order_by(EvidenceItem.captured_at, EvidenceItem.id)
        )
    )


def seals_of(session: Session, candidate_id: int) -> list[EvidenceSeal]:
    """The seals of a candidate, oldest first; see ``items_of``."""
    return list(
        session.scalars(select(EvidenceSeal).where(_belongs(candidate_id)).order_by(EvidenceSeal.seq))
    )


def _belongs(candidate_id: int) -> ColumnElement[bool]:
    """Seals do not change: what a split moved is told by the sighting's key, with which each seal's key begins."""
    moved = CandidateSighting.moved_from.is_not(None)
    away = _sealed_with(moved, CandidateSighting.candidate_id != candidate_id)
    here = _sealed_with(moved, CandidateSighting.candidate_id == candidate_id)
    return or_(and_(EvidenceSeal.candidate_id == candidate_id, ~away), here)


def _sealed_with(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    keys = (CandidateSighting.key + ":birth", CandidateSighting.key + ":end")
    return select(CandidateSighting.id).where(*which, EvidenceSeal.key.in_(keys)).exists()


def item(session: Session, item_id: int) -> EvidenceItem:
    """One file. Raises NotFound."""
    row = session.get(EvidenceItem, item_id)
    if row is None:
        raise not_found("evidence", "证据", item_id)
    return row


def best_pictures(session: Session, candidate_ids: list[int]) -> dict[int, int]:
    """Candidate -> id of the latest picture that it was raised or went on by; a second look after a notice is none
    of these. One query for a whole page of candidates."""
    moved = aliased(CandidateSighting)
    holder = func.coalesce(moved.candidate_id, EvidenceItem.candidate_id)
    rows = session.execute(
        select(holder, EvidenceItem.id)
        .join(EvidenceSeal, EvidenceSeal.seq == EvidenceItem.seal_seq)
        .outerjoin(
            moved,
            and_(
                moved.moved_from.is_not(None),
                EvidenceSeal.key.in_((moved.key + ":birth", moved.key + ":end")),
            ),
        )
        .where(holder.in_(candidate_ids), EvidenceItem.kind == "picture", EvidenceItem.role != "after")
        .order_by(EvidenceItem.captured_at, EvidenceItem.id)
    )
    return dict(rows.all())


def chain_entries(session: Session) -> Iterator[tuple[int, str, str, object]]:
    """For casework.chain.breaks, in order."""
    for row in session.scalars(
        select(EvidenceSeal).order_by(EvidenceSeal.seq).execution_options(yield_per=500)
    ):
        yield row.seq, row.prev_hash, row.hash, row.content()


def all_items(session: Session) -> Iterator[tuple[EvidenceItem, EvidenceSeal]]:
    """Every file with its seal, in order of the chain."""
    query = (
        select(EvidenceItem, EvidenceSeal)
        .join(EvidenceSeal, EvidenceItem.seal_seq == EvidenceSeal.seq)
        .order_by(EvidenceSeal.seq, EvidenceItem.id)
        .execution_options(yield_per=500)
    )
    for row in session.execute(query):
        yield row[0], row[1]
