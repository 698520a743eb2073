"""What happened to candidates since a moment, from the audit log: its rows are chained, so that they come in order and
none appears later before one that was seen. Leases are not in it: who needs these asks the queue.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.audit.tables import AuditEvent
from casework.candidates.tables import Candidate

WHAT = {
    "candidate_raised": "new",
    "candidate_restore": "new",
    "candidate_unmerge": "new",
    "candidate_split_off": "new",
    "candidate_joined": "updated",
    "candidate_split": "updated",
    "evidence_added": "updated",
    "candidate_merge": "withdrawn",
    "candidate_withdraw": "withdrawn",
    "decision": "decided",
}
"""Act of the log -> what it means to somebody at the queue."""
MOST = 500


@dataclass(frozen=True, slots=True)
class Change:
    """seq: of the audit log. state, squad_id: the candidate's as they are now."""

    seq: int
    candidate: int
    change: str
    state: str
    squad_id: int | None


def newest(session: Session) -> int:
    """The last row of the log."""
    return session.scalar(select(func.max(AuditEvent.seq))) or 0


def changes_since(session: Session, seq: int) -> tuple[list[Change], int]:
    """Changes after a row of the log, at most of ``MOST`` rows, and the last row that was looked at."""
    rows = session.execute(
        select(AuditEvent.seq, AuditEvent.action, AuditEvent.subject, AuditEvent.detail)
        .where(AuditEvent.seq > seq)
        .order_by(AuditEvent.seq)
        .limit(MOST)
    ).all()
    told: list[tuple[int, int, str]] = []
    for number, action, subject, detail in rows:
        kind, _, which = subject.partition(":")
        if action not in WHAT or kind != "candidate":
            continue
        undone = action == "decision" and detail.get("verdict") == "undo"
        told.append((number, int(which), "new" if undone else WHAT[action]))
        if action == "candidate_merge" and detail.get("other"):
            told.append((number, int(detail["other"]), "updated"))
    ids = {about for _, about, _ in told}
    query = select(Candidate.id, Candidate.state, Candidate.squad_id).where(Candidate.id.in_(ids))
    now = {row[0]: row for row in session.execute(query)} if ids else {}
    found = [Change(n, about, what, now[about][1], now[about][2]) for n, about, what in told if about in now]
    return found, rows[-1][0] if rows else seq
