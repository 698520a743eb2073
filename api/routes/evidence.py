"""The files of evidence: copies without faces and plates for everybody who reviews, more with a recorded reason."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from api.access import Ctx, Needs
from api.originals import original
from api.schemas import evidence as e
from api.schemas.base import Id
from casework.candidates import queries as candidates
from casework.candidates.tables import Candidate
from casework.errors import Refused
from casework.evidence import pictures
from casework.evidence.queries import item as evidence_item
from casework.evidence.tables import EvidenceItem
from casework.people.roles import may
from casework.people.service import Person
from casework.privacy import service
from casework.privacy.views import Wanted

router = APIRouter(tags=["evidence"])
Reader = Annotated[Person, Depends(Needs("candidates"))]
Asker = Annotated[Person, Depends(Needs("unblur"))]
AGAIN_S = 3
KEPT = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@router.get(
    "/evidence/{id}",
    operation_id="evidence",
    response_class=Response,
    responses={202: {"model": e.CopyInWork, "description": "The clip's copy is being made; ask again"}},
)
def evidence(
    id: Id,
    ctx: Ctx,
    person: Reader,
    view: bool = True,
    clear: bool = False,
    width: Annotated[int | None, Query(ge=64, le=4096)] = None,
    range_: Annotated[str | None, Header(alias="Range", include_in_schema=False)] = None,
) -> Response:
    """A picture, with place, time and device on it, or a clip; faces and plates covered. A clip's copy is made when it
    is first asked for: 202 until then, with Retry-After. ``clear``: uncovered; ``view=false``: the sealed file, for
    legal review and audit. Both need leave (``unblur``).
    """
    with ctx.database.read() as session:
        row = evidence_item(session, id)
        about = candidates.candidate(session, person, row.candidate_id)
        if not view and not may(person.role, "originals"):
            raise Refused(
                "originals",
                zh="原始证据仅限法制审核与督察调阅",
                en="originals are for legal review and audit only",
            )
        if clear or not view:
            service.check_leave(session, person, row)
    headers = NOT_KEPT if clear or not view else KEPT
    if row.kind == "picture" and view:
        wanted = Wanted(row.sha256, _caption(row, about), width, clear)
        return Response(ctx.views.picture(wanted), media_type="image/jpeg", headers=headers)
    if clear or not view:
        return original(ctx.store, row.sha256, row.media_type, headers, range_)
    copy = ctx.views.clip(row.sha256)
    if copy is None:
        again = {**NOT_KEPT, "Retry-After": str(AGAIN_S)}
        return JSONResponse(e.CopyInWork(retry_s=AGAIN_S).model_dump(), 202, again)
    return original(ctx.views.copies, copy, "video/mp4", headers, range_)


def _caption(row: EvidenceItem, about: Candidate) -> str:
    return pictures.caption(row.meta["device"], row.captured_at, about.latitude, about.longitude)


@router.post("/evidence/{id}/unblur", operation_id="unblur")
def unblur(id: Id, body: e.UnblurIn, ctx: Ctx, person: Asker) -> e.Leave:
    """Leave to see one picture or clip uncovered for a while; recorded with the reason."""
    with ctx.database.write() as session:
        row = evidence_item(session, id)
        candidates.candidate(session, person, row.candidate_id)
        return e.Leave(until=service.unblur(session, person, row, body.reason).until)
