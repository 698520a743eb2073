"""The algorithm warehouse: versions and their steps, assignments, shadow findings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import present_warehouse as present
from api.access import Ctx, Needs
from api.schemas import algorithms as a
from casework.algorithms import queries, service
from casework.algorithms.files import keep
from casework.algorithms.guards import promotion_guards
from casework.algorithms.scopes import Scope, checked
from casework.algorithms.shadow import finding
from casework.devices.queries import camera_groups
from casework.errors import not_found
from casework.people.service import Person
from casework.privacy.views import Wanted
from detector.errors import BadWeights

router = APIRouter(tags=["algorithms"])
Reader = Annotated[Person, Depends(Needs("algorithms"))]
Keeper = Annotated[Person, Depends(Needs("algorithm_steps"))]
Viewer = Annotated[Person, Depends(Needs("candidates"))]


@router.get("/algorithms", operation_id="listAlgorithms")
def list_algorithms(ctx: Ctx, person: Reader) -> a.AlgorithmsOut:
    """Versions, what holds where, and what lies in the weights folder."""
    try:
        offers, problem = ctx.offers(), None
    except BadWeights as error:
        offers, problem = [], str(error)
    with ctx.database.read() as session:
        rows = queries.algorithms(session)
        known = {r.model_id for r in rows}
        return a.AlgorithmsOut(
            algorithms=present.algorithm_briefs(session, person, rows),
            assignments=present.assignments(session, queries.assignments(session)),
            offers=[
                a.OfferOut(
                    name=o.name,
                    version=o.version,
                    model_id=o.model_id,
                    classes=list(o.classes),
                    registered=o.model_id in known,
                )
                for o in offers
            ],
            offers_problem=problem,
            groups=camera_groups(session),
        )


@router.post("/algorithms", operation_id="addAlgorithm", status_code=201)
def add_algorithm(body: a.AlgorithmIn, ctx: Ctx, person: Keeper) -> a.AlgorithmOut:
    """Add a model of the server's weights folder; its file is copied into the warehouse."""
    offer = next((o for o in ctx.offers() if o.model_id == body.model_id), None)
    if offer is None:
        raise not_found("model in the weights folder", "权重目录中的模型", body.model_id)
    size = keep(ctx.algorithms_dir, offer)
    with ctx.database.write() as session:
        added = service.add(session, person, offer, size, body.reason).id
    return _one(ctx, person, added)


@router.get("/algorithms/{id}", operation_id="algorithm")
def algorithm(id: int, ctx: Ctx, person: Reader) -> a.AlgorithmOut:
    """One version: figures, events, assignments, precision, comparison of its shadow runs."""
    return _one(ctx, person, id)


@router.get("/algorithms/{id}/guards", operation_id="algorithmGuards")
def guards(
    id: int, ctx: Ctx, person: Reader, scope: a.ScopeKind = "district", target: str = ""
) -> list[a.GuardOut]:
    """What a promotion in a scope by this person asks for, and whether it holds."""
    with ctx.database.read() as session:
        where = checked(session, Scope(scope, target))
        return [
            present.guard(g) for g in promotion_guards(session, queries.algorithm(session, id), where, person)
        ]


@router.post("/algorithms/{id}/evaluations", operation_id="recordEvaluation", status_code=201)
def record_evaluation(id: int, body: a.EvaluationIn, ctx: Ctx, person: Keeper) -> a.AlgorithmOut:
    """Keep an evaluation with the version that it is of."""
    given = service.Evaluated(body.dataset, body.figures)
    with ctx.database.write() as session:
        service.record_evaluation(session, person, id, given)
    return _one(ctx, person, id)


@router.post("/algorithms/{id}/steps", operation_id="algorithmStep")
def take_step(id: int, body: a.AlgorithmStepIn, ctx: Ctx, person: Keeper) -> a.AlgorithmOut:
    """Shadow, promote or retire. 409 with every guard that does not hold."""
    scope = Scope(body.scope.kind, body.scope.target)
    with ctx.database.write() as session:
        if body.act == "shadow":
            service.shadow(session, person, id, scope, body.reason)
        elif body.act == "promote":
            service.promote(session, person, id, scope, body.reason)
        else:
            service.retire(session, person, id, body.reason)
    return _one(ctx, person, id)


@router.post("/assignments/{id}/rollback", operation_id="rollback")
def rollback(id: int, body: a.ReasonIn, ctx: Ctx, person: Keeper) -> a.RolledBack:
    """Withdraw the version of this assignment and restore the one before it. New footage uses it at once."""
    with ctx.database.write() as session:
        row = service.rollback(session, person, id, body.reason)
        [restored] = present.assignments(session, [row]) if row else [None]
        return a.RolledBack(assignment=restored)


@router.post("/assignments/{id}/end", operation_id="endShadow", status_code=204)
def end_shadow(id: int, body: a.ReasonIn, ctx: Ctx, person: Keeper) -> None:
    """A shadow run ends."""
    with ctx.database.write() as session:
        service.end_shadow(session, person, id, body.reason)


@router.get("/shadow-findings/{id}/picture", operation_id="shadowPicture", response_class=Response)
def shadow_picture(id: int, ctx: Ctx, person: Viewer) -> Response:
    """The picture of what a shadow would have raised."""
    with ctx.database.read() as session:
        row = finding(session, id)
    if row.picture is None:
        raise not_found("picture of finding", "影子发现画面", id)
    return Response(ctx.views.picture(Wanted(row.picture)), media_type="image/jpeg", headers=PICTURE)


PICTURE = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}


def _one(ctx: Ctx, person: Person, algorithm_id: int) -> a.AlgorithmOut:
    with ctx.database.read() as session:
        return present.algorithm(session, person, queries.algorithm(session, algorithm_id))
