"""Seals and the files under them. Append-only: a trigger refuses update and delete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class EvidenceSeal(Base):
    """A link of the chain over manifests. ``key``: sighting and part, so that a part is sealed once."""

    __tablename__ = "evidence_seal"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(unique=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    manifest_sha256: Mapped[str]
    sealed_at: Mapped[datetime]
    prev_hash: Mapped[str]
    hash: Mapped[str]

    def content(self) -> dict[str, Any]:
        """What the hash covers."""
        return {
            "seq": self.seq,
            "key": self.key,
            "candidate": self.candidate_id,
            "manifest": self.manifest_sha256,
            "at": self.sealed_at.isoformat(),
        }


class EvidenceItem(Base):
    """One file under a seal. role: first, middle, latest for pictures; clip; viewing (a copy to look at).

    meta: for pictures width, height, time_source, device, boxes, zones; for clips start, end.
    """

    __tablename__ = "evidence_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    seal_seq: Mapped[int] = mapped_column(ForeignKey("evidence_seal.seq"), index=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"), index=True)
    kind: Mapped[str]  # picture, clip
    role: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    captured_at: Mapped[datetime]
    meta: Mapped[dict[str, Any]]
