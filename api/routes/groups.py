"""Groups of alike candidates, decided on together."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api import present
from api.access import Ctx, Needs
from api.problems import speaks_english
from api.schemas import review as r
from api.schemas.base import Id
from casework.candidates.queries import Filter
from casework.evidence.queries import best_pictures, items_by_candidate
from casework.people.service import Person
from casework.review import groups
from casework.review.admission import Choice, check_stage

router = APIRouter(tags=["review"])
Reader = Annotated[Person, Depends(Needs("candidates"))]
Code = Annotated[str | None, Query(max_length=200)]


@router.get("/queue/groups", operation_id="queueGroups")
def list_groups(
    ctx: Ctx,
    person: Reader,
    stage: r.GroupStage = "first",
    squad: Code = None,
    street: Code = None,
    type: Code = None,
    device: Code = None,
    algorithm: Code = None,
) -> list[r.GroupBrief]:
    """Groups of which at least two wait, the largest first, at most 50. Of much, as it was some seconds ago."""
    check_stage(person, stage)
    want = Filter(squad=squad, street=street, type=type, device=device, algorithm=algorithm)
    found = ctx.counts.asked(
        ctx.database,
        person,
        stage,
        want,
        "groups",
        lambda session: groups.waiting_groups(session, person, stage, want),
    )
    with ctx.database.read() as session:
        pictures = best_pictures(session, [one.newest.id for one in found])
    return [present.group(one, pictures.get(one.newest.id)) for one in found]


@router.post("/queue/groups/{id}/take", operation_id="takeGroup")
def take(id: Id, body: r.TakeGroup, ctx: Ctx, person: Reader) -> r.GroupTaken:
    """Lease what nobody else holds of a group, with the first and latest picture of each."""
    with ctx.database.write() as session:
        rows, until, left = groups.take_group(session, person, id, body.stage, body.limit)
    with ctx.database.read() as session:
        items = items_by_candidate(session, [row.id for row in rows])
        briefs = present.candidate_briefs(session, person, rows)
    members = [
        r.GroupMember(candidate=brief, pictures=present.first_and_latest(items[brief.id])) for brief in briefs
    ]
    return r.GroupTaken(id=id, lease_until=until, left=left, members=members)


@router.post("/queue/groups/{id}/decide", operation_id="decideGroup")
def decide(id: Id, body: r.GroupDecisionIn, ctx: Ctx, person: Reader, request: Request) -> r.GroupDecided:
    """One verdict and reason on all members that are named; each must have been looked at."""
    given = body.model_dump(mode="json", exclude={"members", "fixture"})
    members = [groups.Member(**one.model_dump(mode="json")) for one in body.members]
    with ctx.database.write() as session:
        done = groups.decide_group(session, person, id, Choice(**given), members, fixture=body.fixture)
    english = speaks_english(request)
    refused = [
        r.NotDecided(id=number, because=why.en if english else why.zh) for number, why in done.refused.items()
    ]
    return r.GroupDecided(decided=done.decided, refused=refused, fixture_id=done.fixture_id)


@router.post("/queue/groups/{id}/release", operation_id="releaseGroup", status_code=204)
def release(id: Id, ctx: Ctx, person: Reader) -> None:
    """Give back what the person holds of a group."""
    with ctx.database.write() as session:
        groups.release_group(session, person, id)
