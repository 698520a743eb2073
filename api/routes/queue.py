"""The queue: what waits, taking, keeping, deciding, taking back, and what happens meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from api import present
from api.access import Ctx, Needs
from api.problems import speaks_english
from api.schemas import candidates as c
from api.schemas import review as r
from api.schemas.base import Id
from casework.candidates import queries as candidates
from casework.candidates.queries import Filter
from casework.people.service import Person
from casework.review import masking, queries, service
from casework.review import undo as undoing
from casework.statistics.figures import SHANGHAI

router = APIRouter(tags=["review"])
Reader = Annotated[Person, Depends(Needs("candidates"))]
Code = Annotated[str | None, Query(max_length=200)]
LONGEST_S = 600
"""A line of events ends after so long, and is asked for again: whoever signed out hears no more."""


@router.get("/queue", operation_id="queueSummary")
def summary(
    ctx: Ctx,
    person: Reader,
    stage: c.Stage = "first",
    squad: Code = None,
    street: Code = None,
    type: Code = None,
    device: Code = None,
    algorithm: Code = None,
) -> c.QueueSummary:
    """How much waits at a stage, and the person's own day (Asia/Shanghai). Much is counted every few seconds only."""
    service.check_stage(person, stage)
    today = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    want = Filter(squad=squad, street=street, type=type, device=device, algorithm=algorithm)
    counts = ctx.counts.queue(ctx.database, person, stage, want)
    with ctx.database.read() as session:
        mine, median = queries.own_day(session, person, stage, today)
    return c.QueueSummary(stage=stage, mine_today=mine, median_s=median, **counts)


@router.post("/queue/next", operation_id="takeNext")
def take_next(body: c.TakeNext, ctx: Ctx, person: Reader) -> c.Taken:
    """Lease the next candidate to this person."""
    want = Filter(**body.model_dump(exclude={"stage", "skip"}))
    with ctx.database.write() as session:
        row, until = service.take_next(session, person, body.stage, want, body.skip)
    waiting = ctx.counts.queue(ctx.database, person, body.stage, want)["waiting"]
    with ctx.database.read() as session:
        whole = (
            present.candidate(session, person, candidates.candidate(session, person, row.id)) if row else None
        )
    return c.Taken(candidate=whole, lease_until=until, waiting=waiting)


@router.get("/queue/recent", operation_id="recentDecisions")
def recent(ctx: Ctx, person: Reader, request: Request, stage: c.Stage = "first") -> list[r.RecentDecision]:
    """The person's own last 20 decisions at a stage, newest first."""
    english = speaks_english(request)
    with ctx.database.read() as session:
        found = undoing.recent(session, person, stage)
        briefs = present.candidate_briefs(session, person, [one.candidate for one in found])
        return [
            present.recent_decision(one, brief, english) for one, brief in zip(found, briefs, strict=True)
        ]


@router.get("/queue/events", operation_id="queueEvents", response_class=StreamingResponse)
async def events(
    ctx: Ctx,
    person: Reader,
    seconds: Annotated[int, Query(ge=0, le=LONGEST_S)] = LONGEST_S,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> StreamingResponse:
    """What happens in the queue, as server-sent events: ``candidate`` {id, change: new, updated, withdrawn or decided;
    state}, ``counts`` {} (go and ask again), ``ping`` {}. Comes back where it was by the id of the last event."""
    last = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    stream = ctx.events.listen(ctx.database, person, last, seconds)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post("/candidates/{id}/decisions", operation_id="decide")
def decide(id: Id, body: c.DecisionIn, ctx: Ctx, person: Reader) -> c.Decided:
    """Decide. The same key sent again gives the same answer and counts once."""
    choice = service.Choice(**body.model_dump(mode="json"))
    with ctx.database.write() as session:
        row, about, case = service.decide(session, person, id, choice)
        return c.Decided(
            decision=present.decision(row, person.display_name),
            state=masking.state_after(person, row, about.state),
            case_id=case.id if case else None,
            case_number=case.number if case else None,
        )


@router.post("/candidates/{id}/renew", operation_id="renewLease")
def renew(id: Id, ctx: Ctx, person: Reader) -> r.Leased:
    """The person is still at it: it stays theirs for five minutes from now."""
    with ctx.database.write() as session:
        return r.Leased(lease_until=service.renew(session, person, id))


@router.post("/candidates/{id}/release", operation_id="release", status_code=204)
def release(id: Id, ctx: Ctx, person: Reader) -> None:
    """Give a candidate back undecided."""
    with ctx.database.write() as session:
        service.release(session, person, id)


@router.post("/decisions/{id}/undo", operation_id="undoDecision")
def undo(id: Id, body: r.UndoIn, ctx: Ctx, person: Reader) -> r.Undone:
    """Take one of one's own last 20 decisions back, until the next stage has taken the candidate."""
    with ctx.database.write() as session:
        row, until, stage = undoing.undo(session, person, id, body.key, whole=body.whole)
    with ctx.database.read() as session:
        whole = present.candidate(session, person, candidates.candidate(session, person, row.id))
    return r.Undone.model_validate({"candidate": whole, "lease_until": until, "stage": stage})
