"""Versions of the rule set. Append-only: a change is a new version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Base


class RuleSet(Base):
    """All rules together, as TOML text (see detector/scene/rules.toml).

    It holds for looks captured from ``valid_from`` to before ``valid_to`` (none: open); where several do, the
    highest version. warning_only: whatever it raises is looked at by people and never becomes a case.
    """

    __tablename__ = "rule_set"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    sha256: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    warning_only: Mapped[bool]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
