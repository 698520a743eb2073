"""Reading evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Subquery, case, func, select
from sqlalchemy.orm import Session

from casework.candidates.tables import CandidateSighting
from casework.errors import not_found
from casework.evidence.tables import EvidenceItem, EvidenceSeal

PARTS = (":birth", ":end")
"""What a seal's key ends with, after its sighting's."""


def items_of(session: Session, candidate_id: int) -> list[EvidenceItem]:
    """All files of a candidate, by capture time; those of a sighting that a split moved go with it."""
    return items_by_candidate(session, [candidate_id])[candidate_id]


def items_by_candidate(session: Session, candidate_ids: Sequence[int]) -> dict[int, list[EvidenceItem]]:
    """The same for many, in one query."""
    held = _seals_held(candidate_ids)
    rows = session.execute(
        select(held.c.holder, EvidenceItem)
        .join(EvidenceItem, EvidenceItem.seal_seq == held.c.seq)
        .order_by(EvidenceItem.captured_at, EvidenceItem.id)
    )
    found: dict[int, list[EvidenceItem]] = {candidate_id: [] for candidate_id in candidate_ids}
    for holder, row in rows:
        found[holder].append(row)
    return found


def seals_of(session: Session, candidate_id: int) -> list[EvidenceSeal]:
    """The seals of a candidate, oldest first; see ``items_of``."""
    held = _seals_held([candidate_id])
    return list(
        session.scalars(
            select(EvidenceSeal).join(held, held.c.seq == EvidenceSeal.seq).order_by(EvidenceSeal.seq)
        )
    )


def _seals_held(candidate_ids: Sequence[int]) -> Subquery:
    """(holder, seq) of the candidates' seals. Seals do not change: what a split moved is told by the sighting's key,
    with which each seal's key begins. Two halves, so that each is found through an index."""
    keys = [CandidateSighting.key + part for part in PARTS]
    moved = CandidateSighting.moved_from.is_not(None)
    sealed = EvidenceSeal.key
    whose = case(
        *((sealed.like(f"%{end}"), func.substr(sealed, 1, func.length(sealed) - len(end))) for end in PARTS)
    )
    away = select(CandidateSighting.id).where(
        CandidateSighting.key == whose, moved, CandidateSighting.candidate_id != EvidenceSeal.candidate_id
    )
    own = select(EvidenceSeal.candidate_id.label("holder"), EvidenceSeal.seq).where(
        EvidenceSeal.candidate_id.in_(candidate_ids), ~away.exists()
    )
    here = (
        select(CandidateSighting.candidate_id, EvidenceSeal.seq)
        .join(EvidenceSeal, EvidenceSeal.key.in_(keys))
        .where(CandidateSighting.candidate_id.in_(candidate_ids), moved)
    )
    return own.union(here).subquery()


def item(session: Session, item_id: int) -> EvidenceItem:
    """One file. Raises NotFound."""
    row = session.get(EvidenceItem, item_id)
    if row is None:
        raise not_found("evidence", "证据", item_id)
    return row


def best_pictures(session: Session, candidate_ids: Sequence[int]) -> dict[int, int]:
    """Candidate -> id of the latest picture that it was raised or went on by; a second look after a notice is none
    of these. One query for a whole page of candidates."""
    held = _seals_held(candidate_ids)
    rows = session.execute(
        select(held.c.holder, EvidenceItem.id)
        .join(EvidenceItem, EvidenceItem.seal_seq == held.c.seq)
        .where(EvidenceItem.kind == "picture", EvidenceItem.role != "after")
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
