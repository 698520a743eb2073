"""Zones and door lines: reading, saving as a new version, versions, GeoJSON; calendars in words; reference pictures."""

from __future__ import annotations

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from fastapi.encoders import jsonable_encoder

from api import present
from api.access import Ctx, Needs
from api.context import Context
from api.problems import speaks_english
from api.schemas import zones as z
from casework.db import Session, utcnow
from casework.devices import pictures
from casework.devices import queries as devices
from casework.devices.tables import Device
from casework.errors import Invalid, not_found
from casework.people.service import Person
from casework.places import calendars, geojson
from casework.places import queries as places
from casework.places.service import Saving, as_data, save
from casework.places.tables import DOOR_LINE, ZoneRevision
from casework.privacy.views import Wanted

router = APIRouter(tags=["zones"])
Reader = Annotated[Person, Depends(Needs("devices"))]
Drawer = Annotated[Person, Depends(Needs("zones"))]
Scope = Annotated[str, Path(pattern=r"^(ground|device:.{1,64})$")]
Number = Annotated[int | None, Query(ge=0)]


def _device(session: Session, scope: str) -> Device | None:
    if scope == places.GROUND:
        return None
    row = devices.device_by_code(session, scope.removeprefix("device:"))
    if row.kind != "fixed":
        raise Invalid(
            "bad_zone",
            zh="车载设备没有画面区域，请在地面上划定",
            en="a vehicle's picture has no zones; draw them on the ground",
        )
    return row


def _data(session: Session, device: Device | None, number: int | None) -> list[tuple[int, dict[str, Any]]]:
    """(version, shape) of a revision (none: now), on the ground with the surveyed door lines nobody has moved."""
    scope = places.scope_of(device)
    at = places.revision(session, scope, number).made_at if number else None
    rows = [] if number == 0 else places.shapes_of(session, device.id if device else None, at)
    shapes = [(r.version, as_data(r)) for r in rows]
    if device is None:
        moved = {r.shop_code for r in rows if r.kind == DOOR_LINE}
        shops = [s for s in places.shops(session) if s.code not in moved]
        shapes += [(0, places.surveyed_line(s.code, s.door_line)) for s in shops]
    return shapes


def _shape(version: int, data: dict[str, Any]) -> z.ShapeOut:
    more = dict(data.get("properties") or {})
    return z.ShapeOut(
        version=version,
        code=data["code"],
        kind=data["kind"],
        polygon=data["polygon"],
        shop=data.get("shop"),
        calendar=z.CalendarData(**data["calendar"]) if data.get("calendar") else None,
        name=data.get("name"),
        place_kind=more.pop("kind", None),
        trades=more.pop("trades", None) or [],
        valid_from=more.pop("valid_from", None),
        valid_to=more.pop("valid_to", None),
        more=more,
    )


def _given(shape: z.ShapeIn) -> dict[str, Any]:
    """As casework takes it."""
    return {
        **shape.model_dump(include={"code", "kind", "shop", "name"}),
        "polygon": [list(p) for p in shape.polygon],
        "calendar": _calendar(shape.calendar),
        "properties": {
            **shape.more,
            "kind": shape.place_kind,
            "trades": shape.trades,
            **_validity(shape),
        },
    }


def _calendar(calendar: z.CalendarData | None) -> dict[str, Any] | None:
    if calendar is None:
        return None
    data: dict[str, Any] = jsonable_encoder(calendar, exclude_defaults=True)
    return data or None


def _validity(given: z.Validity) -> dict[str, str | None]:
    return {
        "valid_from": given.valid_from.isoformat() if given.valid_from else None,
        "valid_to": given.valid_to.isoformat() if given.valid_to else None,
    }


def _revision(row: ZoneRevision) -> z.RevisionOut:
    return z.RevisionOut(
        number=row.number,
        by=row.by_name,
        made_at=row.made_at,
        reason=row.reason,
        set=row.changes.get("set", []),
        ended=row.changes.get("ended", []),
    )


def _out(session: Session, device: Device | None, number: int | None) -> z.ShapesOut:
    scope = places.scope_of(device)
    last = places.latest_revision(session, scope)
    if number is not None and last is not None and number == last.number:
        number = None
    saved = places.revision(session, scope, number) if number else last
    return z.ShapesOut(
        scope=scope,
        space="picture" if device else "ground",
        revision=number if number is not None else last.number if last else 0,
        latest=last.number if last else 0,
        saved=_revision(saved) if saved and number != 0 else None,
        shapes=[_shape(v, d) for v, d in _data(session, device, number)],
        picture=_picture(session, device) if device else None,
    )


def _picture(session: Session, device: Device) -> z.CanvasOut | None:
    shown = pictures.picture_of(session, device)
    if shown is None:
        return None
    return z.CanvasOut(
        url=present.picture_url(device.code, shown),
        width=shown.width,
        height=shown.height,
        reference=shown.reference,
        captured_at=shown.captured_at,
    )


@router.get("/zones/{scope}", operation_id="shapes")
def shapes(scope: Scope, ctx: Ctx, person: Reader, revision: Number = None) -> z.ShapesOut:
    """The zones and door lines of "device:CODE" (its picture) or "ground": of now, or of an earlier version."""
    with ctx.database.read() as session:
        return _out(session, _device(session, scope), revision)


@router.put("/zones/{scope}", operation_id="saveShapes")
def save_shapes(scope: Scope, body: z.ShapesIn, ctx: Ctx, person: Drawer) -> z.ShapesOut:
    """Save all shapes as a new version. 409 when somebody saved since ``base``; nothing is ever changed in place."""
    with ctx.database.write() as session:
        by = Saving(person.actor, person.display_name, body.reason, body.base)
        save(session, by, _device(session, scope), [_given(s) for s in body.shapes])
    with ctx.database.read() as session:
        return _out(session, _device(session, scope), None)


@router.get("/zones/{scope}/revisions", operation_id="revisions")
def revisions(scope: Scope, ctx: Ctx, person: Reader) -> list[z.RevisionOut]:
    """All versions, newest first: who, when, why."""
    with ctx.database.read() as session:
        device = _device(session, scope)
        return [_revision(r) for r in places.revisions(session, places.scope_of(device))]


def _canvas(session: Session, device: Device | None) -> geojson.Canvas:
    picture = pictures.picture_of(session, device) if device else None
    if device is None:
        return geojson.Canvas()
    return geojson.Canvas(device.code, *((picture.width, picture.height) if picture else (1, 1)))


@router.get("/zones/{scope}/geojson", operation_id="exportShapes")
def export_shapes(scope: Scope, ctx: Ctx, person: Reader, revision: Number = None) -> dict[str, Any]:
    """A version as GeoJSON; a picture's zones in its pixels, marked so (casework.places.geojson)."""
    with ctx.database.read() as session:
        device = _device(session, scope)
        return geojson.written([d for _, d in _data(session, device, revision)], _canvas(session, device))


@router.post("/zones/{scope}/geojson", operation_id="readShapes")
def read_shapes(
    scope: Scope, body: Annotated[dict[str, Any], Body()], ctx: Ctx, person: Drawer
) -> list[z.ShapeOut]:
    """Read and check a GeoJSON file for the editor. Nothing is saved: a person looks at it first."""
    with ctx.database.read() as session:
        device = _device(session, scope)
        zones = geojson.checked(session, body, _canvas(session, device))
        return [_shape(0, data) for data in zones]


@router.post("/calendars", operation_id="sayCalendar")
def say_calendar(body: z.CalendarIn, request: Request, person: Reader) -> z.CalendarOut:
    """What a calendar means in words, and whether it holds now."""
    now, english = utcnow(), speaks_english(request)
    data = _calendar(body.calendar)
    said = calendars.preview(data, _validity(body), now)
    return z.CalendarOut(
        words=said.words[english],
        always=said.always,
        now=said.now,
        next_change=said.next_change,
        unknown_year=calendars.unknown_year(data, now),
        problem=said.problem[english] if said.problem else None,
    )


@router.get("/devices/{code}/pictures", operation_id="devicePictures")
def device_pictures(code: str, ctx: Ctx, person: Reader) -> list[z.PictureChoice]:
    """The newest sealed pictures of a device, from which its reference may be chosen."""
    with ctx.database.read() as session:
        rows = pictures.sealed_pictures(session, devices.device_by_code(session, code))
        return [
            z.PictureChoice(
                evidence=row.id,
                url=f"/api/devices/{code}/picture?evidence={row.id}",
                captured_at=row.captured_at,
                width=row.meta["width"],
                height=row.meta["height"],
            )
            for row in rows
        ]


@router.get("/devices/{code}/picture", operation_id="devicePicture", response_class=Response)
def device_picture(
    code: str,
    ctx: Ctx,
    person: Reader,
    width: Annotated[int | None, Query(ge=64, le=4096)] = None,
    evidence: int | None = None,
) -> Response:
    """The device's picture: its reference, else a viewing copy of its newest sealed one; or of the one asked for."""
    with ctx.database.read() as session:
        row = devices.device_by_code(session, code)
        shown = (
            pictures.sealed_picture(session, row, evidence) if evidence else pictures.picture_of(session, row)
        )
    if shown is None:
        raise not_found("picture of device", "设备画面", code)
    # Nothing is written on a reference: zones are drawn down to its lower edge.
    copy = ctx.views.picture(Wanted(shown.sha256, "" if shown.reference else code, width))
    return Response(copy, media_type="image/jpeg")


@router.put("/devices/{code}/picture", operation_id="setPicture")
def set_picture(code: str, body: z.ChosenPicture, ctx: Ctx, person: Drawer) -> z.CanvasOut | None:
    """Make one of the device's sealed pictures its reference."""
    with ctx.database.write() as session:
        row = devices.device_by_code(session, code)
        pictures.choose_picture(session, person.actor, row, body.evidence)
        return _picture(session, row)


@router.post(
    "/devices/{code}/picture",
    operation_id="uploadPicture",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_picture(code: str, request: Request, ctx: Ctx, person: Drawer) -> z.CanvasOut | None:
    """Make an uploaded picture (JPEG, PNG) the device's reference. The body is the file."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > pictures.MOST_BYTES:
            break  # refused below for its size
    return await anyio.to_thread.run_sync(_take_picture, ctx, code, person, bytes(data))


def _take_picture(ctx: Context, code: str, person: Person, data: bytes) -> z.CanvasOut | None:
    with ctx.database.write() as session:
        row = devices.device_by_code(session, code)
        pictures.add_picture(session, ctx.store, person.actor, row, data)
        return _picture(session, row)
