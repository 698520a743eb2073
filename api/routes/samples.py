"""Samples for the estimate of misses, and hints from rejections."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import present_warehouse as present
from api.access import Ctx, Needs
from api.routes.algorithms import PICTURE, Keeper, Reader
from api.schemas import algorithms as a
from casework.db import utcnow
from casework.hints import queries as hint_queries
from casework.hints import service as hint_service
from casework.people.service import Person
from casework.privacy.views import Wanted
from casework.samples import queries, service

router = APIRouter(tags=["samples"])
Labeller = Annotated[Person, Depends(Needs("samples"))]


@router.get("/samples/estimate", operation_id="missEstimate")
def estimate(ctx: Ctx, person: Reader, model_id: str | None = None) -> a.EstimateOut:
    """Looks with a missed thing per 1,000 looks without a candidate; of one model, or of all."""
    with ctx.database.read() as session:
        waiting = queries.waiting_count(session, person, model_id)
        return present.estimate(queries.estimate(session, model_id), waiting)


@router.post("/samples/next", operation_id="nextSample")
def take_next(ctx: Ctx, person: Labeller) -> a.SampleTaken:
    """Lease the next sample to this person."""
    with ctx.database.write() as session:
        row, until = service.take_next(session, person)
        waiting = queries.waiting_count(session, person)
        return a.SampleTaken(sample=present.sample(row) if row else None, lease_until=until, waiting=waiting)


@router.post("/samples/{id}/label", operation_id="labelSample", status_code=201)
def label(id: int, body: a.LabelIn, ctx: Ctx, person: Labeller) -> a.LabelOut:
    """Nothing missed, or what was, with type and box."""
    missed = [m.model_dump(mode="json") for m in body.missed]
    with ctx.database.write() as session:
        row = service.label(session, person, id, missed, body.note)
        return a.LabelOut(sample=id, missed=body.missed, labelled_at=row.labelled_at)


@router.get("/samples/{id}/picture", operation_id="samplePicture", response_class=Response)
def picture(id: int, ctx: Ctx, person: Labeller) -> Response:
    """The look's picture, faces and plates covered."""
    with ctx.database.read() as session:
        row = queries.sample(session, person, id)
    return Response(ctx.views.picture(Wanted(row.picture)), media_type="image/jpeg", headers=PICTURE)


@router.get("/hints", operation_id="listHints")
def hints(ctx: Ctx, person: Reader) -> a.HintsOut:
    """Open hints, most rejections first, and earlier answers."""
    known = hint_queries.limits()
    with ctx.database.read() as session:
        found = hint_queries.hints(session, person, utcnow())
        return a.HintsOut(
            hints=present.hints(session, found),
            answers=[present.hint_answer(r) for r in hint_queries.answers(session, person)],
            days=known.days,
            least_rejected=known.least_rejected,
            precision_below=known.precision_below,
        )


@router.post("/hints/decisions", operation_id="decideHint", status_code=201)
def decide_hint(body: a.HintDecisionIn, ctx: Ctx, person: Keeper) -> a.HintAnswer:
    """Accept or dismiss: recorded, nothing is changed by it. ``apply`` says where an accepted cure is carried out."""
    with ctx.database.write() as session:
        row = hint_service.decide(session, person, body.key, body.verdict, body.cure, body.reason)
        return present.hint_answer(row)
