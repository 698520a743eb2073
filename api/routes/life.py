"""Merging and splitting candidates, remembered places, watches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api import present
from api.access import Ctx, Needs
from api.context import Context
from api.schemas import candidates as c
from api.schemas import life as s
from api.schemas.base import MOST_ID, Id, Page
from casework.candidates import life
from casework.candidates import queries as candidates
from casework.db import utcnow
from casework.devices.tables import Device
from casework.fixtures import queries as fixtures
from casework.fixtures import service as memory
from casework.fixtures.tables import Fixture
from casework.people.service import Person
from casework.watches import queries as watches
from casework.watches import service as watching
from casework.watches.tables import Watch

router = APIRouter(tags=["life"])
Reader = Annotated[Person, Depends(Needs("candidates"))]
Keeper = Annotated[Person, Depends(Needs("candidate_acts"))]
Watcher = Annotated[Person, Depends(Needs("steps"))]
PageNo = Annotated[int, Query(ge=1, le=100_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]


@router.post("/candidates/{id}/merge", operation_id="mergeCandidate")
def merge(id: Id, body: s.MergeIn, ctx: Ctx, person: Keeper) -> c.Candidate:
    """It is the same thing as another, which goes on and is returned."""
    with ctx.database.write() as session:
        kept = life.merge(session, person, id, body.into, body.reason).id
    return _candidate(ctx, person, kept)


@router.get("/candidates/{id}/merge-choices", operation_id="mergeChoices")
def merge_choices(
    id: Id, ctx: Ctx, person: Keeper, number: Annotated[str | None, Query(min_length=1, max_length=40)] = None
) -> list[c.CandidateBrief]:
    """Others near its place that it may be merged into, nearest in time first; or the one of a number, wherever it
    is, refused with the reason where it may not."""
    with ctx.database.read() as session:
        if number is not None:
            return present.candidate_briefs(session, person, [life.merge_target(session, person, id, number)])
        about = candidates.candidate(session, person, id)
        return present.candidate_briefs(session, person, candidates.merge_choices(session, person, about))


@router.post("/candidates/{id}/unmerge", operation_id="unmergeCandidate")
def unmerge(id: Id, body: s.ReasonIn, ctx: Ctx, person: Keeper) -> c.Candidate:
    """A merged one is a candidate of its own again."""
    with ctx.database.write() as session:
        life.unmerge(session, person, id, body.reason)
    return _candidate(ctx, person, id)


@router.post("/candidates/{id}/split", operation_id="splitCandidate")
def split(id: Id, body: s.SplitIn, ctx: Ctx, person: Keeper) -> c.Candidate:
    """Some sightings are of another thing, whose new candidate is returned."""
    with ctx.database.write() as session:
        new = life.split(session, person, id, body.sightings, body.reason).id
    return _candidate(ctx, person, new)


@router.post("/candidates/{id}/restore", operation_id="restoreCandidate")
def restore(id: Id, body: s.ReasonIn, ctx: Ctx, person: Keeper) -> c.Candidate:
    """One that the system withdrew is reviewed after all."""
    with ctx.database.write() as session:
        life.restore(session, person, id, body.reason)
    return _candidate(ctx, person, id)


def _candidate(ctx: Context, person: Person, candidate_id: int) -> c.Candidate:
    with ctx.database.read() as session:
        return present.candidate(session, person, candidates.candidate(session, person, candidate_id))


@router.get("/fixtures", operation_id="listFixtures")
def list_fixtures(ctx: Ctx, person: Reader, page: PageNo = 1, size: PageSize = 50) -> Page[s.FixtureOut]:
    """Remembered places, newest first."""
    with ctx.database.read() as session:
        rows, total = fixtures.page_of_fixtures(session, person, page, size)
        held = fixtures.held_counts(session, [row.id for row in rows])
        items = [_fixture(row, row.device, held.get(row.id, 0)) for row in rows]
        return Page(items=items, total=total, page=page, size=size)


@router.post("/fixtures", operation_id="addFixture", status_code=201)
def add_fixture(body: s.FixtureIn, ctx: Ctx, person: Keeper) -> s.FixtureOut:
    """Remember a false place or a fixture for a while: nothing of its type is raised there."""
    with ctx.database.write() as session:
        row = memory.remember(session, person, memory.NewFixture(**body.model_dump()))
        device = session.get(Device, row.device_id) if row.device_id is not None else None
        return _fixture(row, device, 0)


@router.post("/fixtures/{id}/expire", operation_id="expireFixture")
def expire_fixture(id: Id, body: s.ReasonIn, ctx: Ctx, person: Keeper) -> s.FixtureOut:
    """End it before its time."""
    with ctx.database.write() as session:
        row = memory.expire(session, person, id, body.reason)
        held = fixtures.held_counts(session, [row.id])
        return _fixture(row, row.device, held.get(row.id, 0))


def _fixture(row: Fixture, device: Device | None, held: int) -> s.FixtureOut:
    now = utcnow()
    return s.FixtureOut(
        id=row.id,
        type=row.type,
        device=device.code if device else None,
        polygon=[(x, y) for x, y in row.polygon] if row.polygon else None,
        latitude=row.latitude,
        longitude=row.longitude,
        radius_m=row.radius_m,
        reason=row.reason,
        candidate=row.candidate_id,
        by=row.by_name,
        made_at=row.made_at,
        until=row.until,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
        held_back=held,
        over=row.ended_at is not None or row.until <= now,
    )


@router.get("/watches", operation_id="listWatches")
def list_watches(
    ctx: Ctx,
    person: Reader,
    candidate: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
    page: PageNo = 1,
    size: PageSize = 50,
) -> Page[s.WatchOut]:
    """Places that are looked at again, newest first, with what the looks showed."""
    with ctx.database.read() as session:
        rows, total = watches.page_of_watches(session, person, page, size, candidate)
        items = [_watch(row, row.candidate.number) for row in rows]
        return Page(items=items, total=total, page=page, size=size)


@router.post("/watches", operation_id="addWatch", status_code=201)
def add_watch(body: s.WatchIn, ctx: Ctx, person: Watcher) -> s.WatchOut:
    """Look again at a candidate's place from a moment on, by itself."""
    with ctx.database.write() as session:
        row = watching.watch(session, person, body.candidate, body.since, body.until)
        about = candidates.candidate(session, person, body.candidate)
        return _watch(row, about.number)


def _watch(row: Watch, number: str) -> s.WatchOut:
    return s.WatchOut.model_validate(
        {
            "id": row.id,
            "candidate": row.candidate_id,
            "number": number,
            "since": row.since,
            "until": row.until,
            "by": row.by_name,
            "made_at": row.made_at,
            "state": watches.state_of(row, utcnow()),
            "before": present.evidence_url(row.before_id) if row.before_id else None,
            "after": present.evidence_url(row.after_id) if row.after_id else None,
            "seen_at": row.seen_at,
            "looks": row.looks,
            "seen": row.seen,
        }
    )
