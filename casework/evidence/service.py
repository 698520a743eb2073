"""Sealing evidence. Files first, by their hash; then the rows, in the transaction of the candidate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.chain import entry_hash
from casework.counters import lock_head
from casework.db import canonical, utcnow
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.storage import BlobStore

CHAIN = "evidence"
MANIFEST_SCHEMA = "jiexun-evidence/1"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One file of evidence. captured_at: of a picture, or the start of a clip. meta goes into the manifest."""

    kind: str  # picture, clip
    role: str  # first, middle, latest, clip, viewing
    data: bytes = field(repr=False)
    media_type: str
    captured_at: datetime
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Packed:
    """Files that are written, waiting for their rows. items: exhibit without bytes, hash and size."""

    key: str
    manifest_sha256: str
    items: tuple[tuple[Exhibit, str, int], ...]


def pack(store: BlobStore, key: str, exhibits: list[Exhibit], statement: dict[str, Any]) -> Packed:
    """Write the files and their manifest. No row yet: a crash now leaves files that nothing names, no more.

    statement: device, times with provenance, positions, zones, rule, model, detections: JSON data.
    """
    items = tuple((exhibit, store.put(exhibit.data), len(exhibit.data)) for exhibit in exhibits)
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "key": key,
        "files": [
            {
                "kind": e.kind,
                "role": e.role,
                "sha256": sha256,
                "size": size,
                "media_type": e.media_type,
                "captured_at": e.captured_at.isoformat(),
                "meta": e.meta,
            }
            for e, sha256, size in items
        ],
        **statement,
    }
    return Packed(key, store.put(canonical(manifest).encode()), items)


def sealed(session: Session, key: str) -> bool:
    """Whether this part is sealed already."""
    return session.scalar(select(EvidenceSeal.seq).where(EvidenceSeal.key == key)) is not None


def seal(session: Session, candidate_id: int, packed: Packed) -> EvidenceSeal:
    """Add packed files to a candidate and to the chain. Locks the chain's head until the commit."""
    head = lock_head(session, CHAIN)
    row = EvidenceSeal(
        seq=head.seq + 1,
        key=packed.key,
        candidate_id=candidate_id,
        manifest_sha256=packed.manifest_sha256,
        sealed_at=utcnow(),
        prev_hash=head.hash,
        hash="",
    )
    row.hash = entry_hash(head.hash, row.content())
    session.add(row)
    head.seq, head.hash = row.seq, row.hash
    session.flush()
    for exhibit, sha256, size in packed.items:
        session.add(
            EvidenceItem(
                seal_seq=row.seq,
                candidate_id=candidate_id,
                kind=exhibit.kind,
                role=exhibit.role,
                sha256=sha256,
                media_type=exhibit.media_type,
                size=size,
                captured_at=exhibit.captured_at,
                meta=exhibit.meta,
            )
        )
    session.flush()
    return row
