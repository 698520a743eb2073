"""The queue, candidates, decisions, and the files of evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from api import present
from api.access import Ctx, Needs
from api.originals import original
from api.schemas import candidates as c
from api.schemas.base import Page
from casework.candidates import queries as candidates
from casework.candidates.queries import Filter
from casework.db import utcnow
from casework.errors import Refused
from casework.evidence import pictures
from casework.evidence.queries import item as evidence_item
from casework.people.roles import Role
from casework.people.service import Person
from casework.review import queries, service
from casework.statistics.figures import SHANGHAI, month_of

router = APIRouter(tags=["review"])
SEES_ORIGINALS = frozenset({Role.LEGAL, Role.AUDITOR})
Reader = Annotated[Person, Depends(Needs("candidates"))]
PageNo = Annotated[int, Query(ge=1, le=100_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]


@router.get("/queue", operation_id="queueSummary")
def summary(
    ctx: Ctx,
    person: Reader,
    stage: c.Stage = "first",
    squad: str | None = None,
    street: str | None = None,
    type: str | None = None,
) -> c.QueueSummary:
    """How much waits at a stage, and the person's own day (Asia/Shanghai)."""
    service.check_stage(person, stage)
    now = utcnow()
    today = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    with ctx.database.read() as session:
        counts = queries.queue_counts(
            session, person, stage, Filter(squad=squad, street=street, type=type), now
        )
        mine, median = queries.own_day(session, person, stage, today)
    return c.QueueSummary(stage=stage, mine_today=mine, median_s=median, **counts)


@router.post("/queue/next", operation_id="takeNext")
def take_next(body: c.TakeNext, ctx: Ctx, person: Reader) -> c.Taken:
    """Lease the next candidate to this person."""
    want = Filter(squad=body.squad, street=body.street, type=body.type)
    with ctx.database.write() as session:
        row, until = service.take_next(session, person, body.stage, want, body.skip)
    with ctx.database.read() as session:
        waiting = queries.queue_counts(session, person, body.stage, want, utcnow())["waiting"]
        whole = present.candidate(session, candidates.candidate(session, person, row.id)) if row else None
    return c.Taken(candidate=whole, lease_until=until, waiting=waiting)


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
        rows, total = candidates.page_of_candidates(session, person, want, page, size)
        return Page(items=present.candidate_briefs(session, rows), total=total, page=page, size=size)


@router.get("/candidates/{id}", operation_id="candidate")
def candidate(id: int, ctx: Ctx, person: Reader) -> c.Candidate:
    """All of one candidate."""
    with ctx.database.read() as session:
        return present.candidate(session, candidates.candidate(session, person, id))


@router.post("/candidates/{id}/decisions", operation_id="decide")
def decide(id: int, body: c.DecisionIn, ctx: Ctx, person: Reader) -> c.Decided:
    """Decide. The same key sent again gives the same answer and counts once."""
    choice = service.Choice(**body.model_dump(mode="json"))
    with ctx.database.write() as session:
        row, about, case = service.decide(session, person, id, choice)
        out = c.DecisionOut(
            id=row.id,
            stage=row.stage,
            verdict=row.verdict,
            reason=row.reason,
            note=row.note,
            by=person.display_name,
            decided_at=row.decided_at,
            seconds=row.seconds,
            boxes=present.corrected(row),
        )
        return c.Decided(
            decision=out,
            state=about.state,
            case_id=case.id if case else None,
            case_number=case.number if case else None,
        )


@router.post("/candidates/{id}/release", operation_id="release", status_code=204)
def release(id: int, ctx: Ctx, person: Reader) -> None:
    """Give a candidate back undecided."""
    with ctx.database.write() as session:
        service.release(session, person, id)


@router.get("/evidence/{id}", operation_id="evidence", response_class=Response)
def evidence(
    id: int,
    ctx: Ctx,
    person: Reader,
    view: bool = True,
    width: Annotated[int | None, Query(ge=64, le=4096)] = None,
    range_: Annotated[str | None, Header(alias="Range", include_in_schema=False)] = None,
) -> Response:
    """A picture or clip. ``view``: a copy with place, time and device on it; the original only for legal review."""
    with ctx.database.read() as session:
        row = evidence_item(session, id)
        about = candidates.candidate(session, person, row.candidate_id)
    if not view and person.role not in SEES_ORIGINALS:
        raise Refused(
            "originals",
            zh="原始证据仅限法制审核与督察调阅",
            en="originals are for legal review and audit only",
        )
    headers = {"Cache-Control": "private, max-age=3600, immutable", "X-Content-Type-Options": "nosniff"}
    if row.kind == "picture" and view:
        caption = pictures.caption(row.meta["device"], row.captured_at, about.latitude, about.longitude)
        copy = pictures.viewing_copy(ctx.store.get(row.sha256), caption, width)
        return Response(copy, media_type="image/jpeg", headers=headers)
    return original(ctx.store, row.sha256, row.media_type, headers, range_)
