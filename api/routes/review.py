"""Candidates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api import present
from api.access import Ctx, Needs
from api.schemas import candidates as c
from api.schemas.base import Page
from casework.candidates import queries as candidates
from casework.candidates.queries import Filter
from casework.people.service import Person
from casework.review import masking
from casework.statistics.figures import month_of

router = APIRouter(tags=["review"])
Reader = Annotated[Person, Depends(Needs("candidates"))]
PageNo = Annotated[int, Query(ge=1, le=100_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]


@router.get("/candidates", operation_id="listCandidates")
def list_candidates(
    ctx: Ctx,
    person: Reader,
    month: str | None = None,
    squad: str | None = None,
    street: str | None = None,
    type: str | None = None,
    state: str | None = None,
    device: str | None = None,
    page: PageNo = 1,
    size: PageSize = 50,
) -> Page[c.CandidateBrief]:
    """Candidates, newest first."""
    span = month_of(month) if month else None
    want = Filter(
        squad, street, type, state, device, span.start if span else None, span.end if span else None
    )
    with ctx.database.read() as session:
        rows, total = masking.page_of_candidates(session, person, want, page, size)
        return Page(items=present.candidate_briefs(session, person, rows), total=total, page=page, size=size)


@router.get("/candidates/{id}", operation_id="candidate")
def candidate(id: int, ctx: Ctx, person: Reader) -> c.Candidate:
    """All of one candidate."""
    with ctx.database.read() as session:
        return present.candidate(session, person, candidates.candidate(session, person, id))
