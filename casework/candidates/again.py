"""Whether what stands at a rejected place is another thing, or the same one that people said no to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from casework.candidates.acts import again
from casework.candidates.tables import Candidate
from casework.words import word
from detector.scene.boxes import areas
from detector.scene.places import Colours, likeness

ABSENCE_ASSUMED = timedelta(hours=6)
"""Without any look for this long, nothing says that it is still the same thing: see docs/decisions/0004."""


def remembered(candidate: Candidate, start: datetime) -> bool:
    """Whether the rejection still speaks for what begins to stand at ``start``, as far as time tells."""
    rule, known = again(), candidate.reason or ""
    hours = start - candidate.last_at
    if not candidate.standing and not word("reasons", known).hard_negative:
        return False  # it was seen to be gone: this came back, or is another
    if hours > timedelta(days=rule.days):
        return False
    return hours <= ABSENCE_ASSUMED or known in rule.lasting


def differs(
    candidate: Candidate, label: str, box: Sequence[float] | None, colours: Colours | None
) -> str | None:
    """In which way the thing is clearly another: label, size, colours; none: in no way.

    box: (4,) 0-1 where it was seen by the candidate's own fixed camera. What is not known on both sides is not
    asked.
    """
    rule, facts = again(), candidate.facts
    if facts.get("label") not in (None, label):
        return "label"
    if box is not None:
        before, now = areas(np.asarray([candidate.image_place, box], np.float64))
        if max(before, now) > rule.size_ratio * min(before, now):
            return "size"
    known = facts.get("colours")
    if colours and known and likeness(known, colours) < rule.least_likeness:
        return "colours"
    return None
