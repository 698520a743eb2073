"""How right reviewers are (each sees their own figures first), planted items, and whether evidence is complete."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api import present, present_quality
from api.access import Ctx, Needs
from api.problems import speaks_english
from api.schemas import quality as q
from api.schemas.base import Id, Page
from casework.people.service import Person
from casework.review import completeness as evidence
from casework.review import planting, quality
from casework.statistics.figures import SHANGHAI

router = APIRouter(tags=["quality"])
Reviewer = Annotated[Person, Depends(Needs("review"))]
Overseer = Annotated[Person, Depends(Needs("quality"))]
Lawyer = Annotated[Person, Depends(Needs("completeness"))]
First = Annotated[
    date | None, Query(alias="from", description="First day, Asia/Shanghai; 30 days before the last.")
]
Last = Annotated[date | None, Query(alias="to", description="Last day, Asia/Shanghai, included; today.")]
DEFAULT_DAYS = 30


@router.get("/review/quality", operation_id="ownQuality")
def own(ctx: Ctx, person: Reviewer, first: First = None, last: Last = None) -> q.Quality:
    """One's own figures. That they were seen is noted: from then on others may see them too."""
    since, until = _span(first, last)
    with ctx.database.write() as session:
        return present_quality.quality(quality.own(session, person, since, until))


@router.get("/review/quality/people", operation_id="qualityPeople")
def people(ctx: Ctx, person: Overseer, first: First = None, last: Last = None) -> q.QualityPeople:
    """All reviewers, on candidates of the person's district or squad, as far as each has seen their own or some days
    have gone by."""
    since, until = _span(first, last)
    with ctx.database.read() as session:
        return present_quality.panel(quality.panel(session, person, since, until))


@router.get("/review/quality/{account}", operation_id="qualityOf")
def of(account: str, ctx: Ctx, person: Overseer, first: First = None, last: Last = None) -> q.Quality:
    """One reviewer's figures, as far as they may be shown. account: the user name."""
    since, until = _span(first, last)
    with ctx.database.read() as session:
        return present_quality.quality(quality.of(session, person, account, since, until))


@router.get("/review/planted", operation_id="plantedItems")
def planted(
    ctx: Ctx,
    person: Overseer,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[q.PlantedOut]:
    """Planted items with how often they were answered right, those in use first."""
    with ctx.database.read() as session:
        found, total = planting.page_of_items(session, person, page, size)
        briefs = present.candidate_briefs(session, person, [one.candidate for one in found])
    items = [present_quality.planted(one, brief) for one, brief in zip(found, briefs, strict=True)]
    return Page(items=items, total=total, page=page, size=size)


@router.post("/review/planted", operation_id="plant", status_code=201)
def plant(body: q.PlantIn, ctx: Ctx, person: Overseer) -> q.PlantedOut:
    """Mix a settled candidate with its known answer into the first review."""
    with ctx.database.write() as session:
        item = planting.plant(session, person, body.candidate, body.verdict, body.reason, body.note)
        one = planting.planted_item(session, item)
        (brief,) = present.candidate_briefs(session, person, [one.candidate])
        return present_quality.planted(one, brief)


@router.delete("/review/planted/{id}", operation_id="endPlanted", status_code=204)
def end(id: Id, ctx: Ctx, person: Overseer) -> None:
    """Hand it out no more; its answers stay."""
    with ctx.database.write() as session:
        planting.end(session, person, id)


@router.get("/candidates/{id}/completeness", operation_id="completeness")
def completeness(id: Id, ctx: Ctx, person: Lawyer, request: Request) -> q.Completeness:
    """Whether the evidence is whole, item by item, and what is missing in words. Reads every sealed file of it."""
    with ctx.database.read() as session:
        found = evidence.completeness(session, ctx.store, person, id)
    at = 1 if speaks_english(request) else 0
    return q.Completeness(
        complete=all(one.ok is not False for one in found),
        items=[
            q.CompletenessItem(
                code=one.code,
                ok=one.ok,
                title=one.title[at],
                words=one.words[at],
                article=one.article[at] if one.article else None,
            )
            for one in found
        ],
    )


def _span(first: date | None, last: date | None) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last."""
    last = last or datetime.now(SHANGHAI).date()
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    since, until = (datetime.combine(day, time(), SHANGHAI) for day in (first, last))
    return since, until + timedelta(days=1)
