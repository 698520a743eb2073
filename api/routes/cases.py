"""Cases."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api import present
from api.access import Ctx, Needs
from api.schemas.base import Page
from api.schemas.cases import Case, CaseBrief, StepIn
from casework.cases import queries, service
from casework.people.service import Person
from casework.statistics.figures import month_of

router = APIRouter(tags=["cases"])
Reader = Annotated[Person, Depends(Needs("cases"))]


@router.get("/cases", operation_id="listCases")
def list_cases(
    ctx: Ctx,
    person: Reader,
    squad: str | None = None,
    street: str | None = None,
    type: str | None = None,
    state: str | None = None,
    stage: str | None = None,
    month: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[CaseBrief]:
    """Cases, newest first; month: of their opening."""
    span = month_of(month) if month else None
    want = queries.CaseFilter(
        squad, street, type, state, stage, span.start if span else None, span.end if span else None
    )
    with ctx.database.read() as session:
        rows, total = queries.page_of_cases(session, person, want, page, size)
        return Page(items=[present.case_brief(r) for r in rows], total=total, page=page, size=size)


@router.get("/cases/{id}", operation_id="getCase")
def get_case(id: int, ctx: Ctx, person: Reader) -> Case:
    """One case with its steps and the lawful next ones."""
    with ctx.database.read() as session:
        return present.case(session, person, queries.case(session, person, id))


@router.post("/cases/{id}/steps", operation_id="takeStep")
def take_step(id: int, body: StepIn, ctx: Ctx, person: Annotated[Person, Depends(Needs("steps"))]) -> Case:
    """Take a lawful next step. The same key sent again counts once."""
    with ctx.database.write() as session:
        service.take_step(session, person, id, service.Taken(**body.model_dump()))
    with ctx.database.read() as session:
        return present.case(session, person, queries.case(session, person, id))
