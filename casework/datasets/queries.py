"""Sealed pictures of decided candidates, with all that was decided on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.evidence.tables import EvidenceItem
from casework.review.queries import counted
from casework.review.tables import Decision

CONFIRMED = ("kept", "filed")
"""States in which a candidate counts as confirmed, as in the month's figures."""
REJECTED = "rejected"
ORIGINALS = ("first", "middle", "latest")


def decided_pictures(
    session: Session, since: datetime | None, until: datetime | None
) -> Iterator[list[tuple[EvidenceItem, Candidate]]]:
    """Original pictures of candidates that are decided now and were first seen in a span (half-open).

    By hash: each with every candidate that shows the same picture, decided or not, in the span or not. Devices
    and streets are loaded.
    """
    chosen = (
        select(EvidenceItem.sha256)
        .join(Candidate, Candidate.id == EvidenceItem.candidate_id)
        .where(Candidate.state.in_((*CONFIRMED, REJECTED)))
    )
    if since is not None:
        chosen = chosen.where(Candidate.first_at >= since)
    if until is not None:
        chosen = chosen.where(Candidate.first_at < until)
    query = (
        select(EvidenceItem, Candidate)
        .join(Candidate, Candidate.id == EvidenceItem.candidate_id)
        .where(
            EvidenceItem.kind == "picture",
            EvidenceItem.role.in_(ORIGINALS),
            EvidenceItem.sha256.in_(chosen),
        )
        .options(joinedload(Candidate.street), joinedload(Candidate.device).joinedload(Device.street))
        .order_by(EvidenceItem.sha256, EvidenceItem.id)
        .execution_options(yield_per=500)
    )
    rows = ((row[0], row[1]) for row in session.execute(query))
    for _sha256, group in groupby(rows, key=lambda row: row[0].sha256):
        yield list(group)


def devices_by_code(session: Session) -> dict[str, Device]:
    """All devices with their streets."""
    return {d.code: d for d in session.scalars(select(Device).options(joinedload(Device.street)))}


def decisions_by_candidate(session: Session) -> dict[int, list[Decision]]:
    """Decisions on candidates that are decided now, oldest first."""
    query = (
        select(Decision)
        .join(Candidate, Candidate.id == Decision.candidate_id)
        .where(Candidate.state.in_((*CONFIRMED, REJECTED)), counted())
        .order_by(Decision.id)
    )
    found: dict[int, list[Decision]] = {}
    for decision in session.scalars(query):
        found.setdefault(decision.candidate_id, []).append(decision)
    return found
