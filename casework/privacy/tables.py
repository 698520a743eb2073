"""Regions of pictures, blurred copies of clips, and grants to look at an item clear.

Regions and copies are derived and can be made again; what lasts of a grant is its entry in the audit log.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class PictureRegions(Base):
    """Faces and plates of one picture. finder: what looked (models and settings); another one looks anew.

    regions: [{"kind": "face", "xyxy": [4 values, px], "confidence": 0-1}].
    """

    __tablename__ = "picture_regions"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    finder: Mapped[str] = mapped_column(primary_key=True)
    regions: Mapped[list[Any]]
    found_at: Mapped[datetime]


class ClipCopy(Base):
    """The blurred copy of one clip. state: waiting, made, failed.

    tries: how often it was begun, so that a clip that ends the process is not tried for ever. because: why it failed.
    """

    __tablename__ = "clip_copy"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    finder: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    tries: Mapped[int]
    copy_sha256: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    because: Mapped[str | None]
    changed_at: Mapped[datetime]


class ClearGrant(Base):
    """Leave for one person to see one item of evidence as it was recorded, for a while."""

    __tablename__ = "clear_grant"
    __table_args__ = (Index("ix_clear_grant_holder", "account_id", "item_id", "until"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("evidence_item.id"))
    reason: Mapped[str]
    granted_at: Mapped[datetime]
    until: Mapped[datetime]
