"""Cameras whose picture cannot be relied on, and what was raised while a camera was wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api import present
from api.access import Ctx, Needs
from api.context import Context
from api.schemas import life as s
from api.schemas import places as p
from api.schemas.base import Id, UtcTime
from casework.candidates import spans
from casework.candidates.spans import Found, Span, SpanAct
from casework.db import Session
from casework.devices import conditions
from casework.devices.queries import device_by_code
from casework.people.service import Person
from casework.privacy.views import Wanted

router = APIRouter(tags=["care"])
Reader = Annotated[Person, Depends(Needs("devices"))]
Leader = Annotated[Person, Depends(Needs("withdrawals"))]
SHOWN = 20
"""Candidates that are listed of a span; the rest is counted."""


@router.get("/camera-conditions", operation_id="cameraConditions")
def camera_conditions(ctx: Ctx, person: Reader) -> list[p.TroubledCamera]:
    """Cameras of the person's district or squad whose zones are suspended now, longest first."""
    with ctx.database.read() as session:
        return [
            p.TroubledCamera(
                device=present.device_brief(device),
                squad=present.named(device.squad),
                condition=present.condition(device.code, row),
            )
            for device, row in conditions.to_be_told(session, person)
        ]


@router.get(
    "/devices/{code}/conditions/{id}/picture", operation_id="conditionPicture", response_class=Response
)
def condition_picture(
    code: str, id: Id, ctx: Ctx, person: Reader, width: Annotated[int | None, Query(ge=64, le=4096)] = None
) -> Response:
    """A picture that shows what was wrong with a camera."""
    with ctx.database.read() as session:
        row = conditions.condition_of(session, device_by_code(session, code), id)
    return Response(ctx.views.picture(Wanted(row.sha256, code, width)), media_type="image/jpeg")


@router.get("/devices/{code}/span", operation_id="deviceSpan")
def device_span(code: str, since: UtcTime, until: UtcTime, ctx: Ctx, person: Leader) -> s.SpanOut:
    """What this device raised in a span and nobody has decided on, and what of it was withdrawn."""
    with ctx.database.read() as session:
        device, span = device_by_code(session, code), Span(since, until)
        parts = {name: spans.look(session, person, device, span, name) for name in ("withdraw", "restore")}
        return s.SpanOut(
            withdraw=_part(session, person, parts["withdraw"]),
            restore=_part(session, person, parts["restore"]),
            decided=parts["withdraw"].decided,
        )


def _part(session: Session, person: Person, found: Found) -> s.SpanPart:
    return s.SpanPart(
        count=len(found.open),
        items=present.candidate_briefs(session, person, found.open[:SHOWN]),
        held=found.held,
        shared=found.shared,
    )


@router.post("/devices/{code}/withdraw", operation_id="withdrawSpan")
def withdraw_span(code: str, body: s.SpanIn, ctx: Ctx, person: Leader) -> s.SpanDone:
    """Withdraw what this device alone raised in a span, as far as nobody has decided on it."""
    return _change(ctx, person, code, body, "withdraw")


@router.post("/devices/{code}/restore", operation_id="restoreSpan")
def restore_span(code: str, body: s.SpanIn, ctx: Ctx, person: Leader) -> s.SpanDone:
    """What was withdrawn in a span is reviewed after all."""
    return _change(ctx, person, code, body, "restore")


def _change(ctx: Context, person: Person, code: str, body: s.SpanIn, name: SpanAct) -> s.SpanDone:
    with ctx.database.write() as session:
        device, span = device_by_code(session, code), Span(body.since, body.until)
        return s.SpanDone(
            candidates=spans.change(session, person, device, span, name, body.reason, body.count)
        )
