"""Reading evidence."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import not_found
from casework.evidence.tables import EvidenceItem, EvidenceSeal


def items_of(session: Session, candidate_id: int) -> list[EvidenceItem]:
    """All files of a candidate, by capture time."""
    return list(
        session.scalars(
            select(EvidenceItem)
            .where(EvidenceItem.candidate_id == candidate_id)
            .order_by(EvidenceItem.captured_at, EvidenceItem.id)
        )
    )


def seals_of(session: Session, candidate_id: int) -> list[EvidenceSeal]:
    """The seals of a candidate, oldest first."""
    return list(
        session.scalars(
            select(EvidenceSeal).where(EvidenceSeal.candidate_id == candidate_id).order_by(EvidenceSeal.seq)
        )
    )


def item(session: Session, item_id: int) -> EvidenceItem:
    """One file. Raises NotFound."""
    row = session.get(EvidenceItem, item_id)
    if row is None:
        raise not_found("evidence", "证据", item_id)
    return row


def best_pictures(session: Session, candidate_ids: list[int]) -> dict[int, int]:
    """Candidate -> id of its latest picture. One query for a whole page of candidates."""
    rows = session.execute(
        select(EvidenceItem.candidate_id, EvidenceItem.id)
        .where(EvidenceItem.candidate_id.in_(candidate_ids), EvidenceItem.kind == "picture")
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
