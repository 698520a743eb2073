"""What a candidate's row says of its sightings, those of merged ones included."""

from __future__ import annotations

from sqlalchemy.orm import Session

from casework.candidates import queries
from casework.candidates.tables import Candidate


def sum_up(session: Session, candidate: Candidate) -> None:
    """Span over all sightings; observed and inferred of the device that saw most, so that nothing counts twice.

    What it was merged into is summed up as well.
    """
    rows = queries.sightings_of(session, candidate)
    candidate.first_at = min(r.first_at for r in rows)
    candidate.last_at = max(r.last_at for r in rows)
    by_device: dict[int, tuple[float, float]] = {}
    for row in rows:
        seen = by_device.get(row.device_id, (0.0, 0.0))
        by_device[row.device_id] = (seen[0] + row.observed_s, seen[1] + row.inferred_s)
    candidate.observed_s, candidate.inferred_s = max(by_device.values())
    session.flush()
    if candidate.merged_into is not None:
        sum_up(session, session.get_one(Candidate, candidate.merged_into))
