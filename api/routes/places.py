"""Words, devices and zones, footage, the map."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api import present
from api.access import Ctx, Needs
from api.schemas import places as p
from api.schemas.base import Page
from casework.candidates import queries as candidates
from casework.db import Session, utcnow
from casework.devices import queries as devices
from casework.devices.service import SHANGHAI, missing_approvals
from casework.devices.tables import Device
from casework.errors import Invalid, not_found
from casework.evidence.pictures import viewing_copy
from casework.footage import queries as footages
from casework.people.service import Person
from casework.places import queries as places
from casework.places.service import set_zones as put_zones
from casework.places.tables import ZoneVersion
from casework.words import words

router = APIRouter(tags=["places"])
Reader = Annotated[Person, Depends(Needs("devices"))]
RECENT = timedelta(days=30)


@router.get("/reference", operation_id="reference")
def reference(ctx: Ctx, person: Annotated[Person, Depends(Needs(None))]) -> p.Reference:
    """The words of the domain."""
    groups = (
        "types",
        "reasons",
        "candidate_states",
        "case_stages",
        "case_states",
        "zone_kinds",
        "roles",
        "approvals",
    )
    listed = {
        g: [p.Word(code=w.code, zh=w.zh, en=w.en, key=w.key, stage=w.stage) for w in words(g)] for g in groups
    }
    with ctx.database.read() as session:
        squads = [s for x in places.squads(session) if (s := present.named(x))]
        streets = [s for x in places.streets(session) if (s := present.named(x))]
    return p.Reference(**listed, squads=squads, streets=streets)


def _recent(
    session: Session,
) -> tuple[datetime, dict[int, int], dict[int, int], dict[int, tuple[int, datetime | None]]]:
    since = utcnow() - RECENT
    return (
        since,
        footages.looks_by_device(session, since),
        candidates.count_by_device(session, since),
        footages.footage_by_device(session),
    )


def _device(row: Device, recent: Any) -> dict[str, Any]:
    _since, looks, found, seen = recent
    missing = missing_approvals(row, utcnow())
    count, last = seen.get(row.id, (0, None))
    return {
        **present.device_brief(row).model_dump(),
        "squad": present.named(row.squad),
        "street": present.named(row.street),
        "latitude": row.latitude,
        "longitude": row.longitude,
        "approved": not missing,
        "missing": missing,
        "footage": count,
        "looks": looks.get(row.id, 0),
        "candidates": found.get(row.id, 0),
        "last_seen": last,
    }


@router.get("/devices", operation_id="listDevices")
def list_devices(ctx: Ctx, person: Reader) -> list[p.DeviceOut]:
    """All devices, with their state."""
    with ctx.database.read() as session:
        recent = _recent(session)
        return [p.DeviceOut(**_device(row, recent)) for row in devices.devices(session)]


def _zone(row: ZoneVersion) -> p.ZoneOut:
    return p.ZoneOut(
        code=row.code,
        kind=row.kind,
        polygon=[(x, y) for x, y in row.polygon],
        shop=row.shop_code,
        calendar=row.calendar,
        version=row.version,
    )


def _detail(session: Session, code: str) -> p.DeviceDetail:
    row = devices.device_by_code(session, code)
    today = datetime.now(SHANGHAI).date()
    return p.DeviceDetail(
        **_device(row, _recent(session)),
        zones=[_zone(z) for z in places.zones_of(session, row.id)] if row.kind == "fixed" else [],
        approvals=[
            p.ApprovalOut(
                kind=a.kind,
                valid_from=a.valid_from.isoformat(),
                valid_to=a.valid_to.isoformat(),
                document=a.document,
                person=a.person,
                valid=_within(a.valid_from, today, a.valid_to),
            )
            for a in row.approvals
        ],
        mounting=row.mounting,
        picture=f"/api/devices/{row.code}/picture"
        if candidates.latest_picture_of_device(session, row.id)
        else None,
    )


def _within(first: date, day: date, last: date) -> bool:
    return first <= day <= last


@router.get("/devices/{code}", operation_id="device")
def device(code: str, ctx: Ctx, person: Reader) -> p.DeviceDetail:
    """One device with zones and approvals."""
    with ctx.database.read() as session:
        return _detail(session, code)


@router.put("/devices/{code}/zones", operation_id="setZones")
def set_zones(
    code: str, body: list[p.ZoneIn], ctx: Ctx, person: Annotated[Person, Depends(Needs("zones"))]
) -> p.DeviceDetail:
    """Replace the zones of a fixed camera's picture; changed ones get a new version."""
    with ctx.database.write() as session:
        row = devices.device_by_code(session, code)
        if row.kind != "fixed":
            raise Invalid(
                "bad_zone",
                zh="车载设备没有画面区域",
                en="a vehicle's picture has no zones; draw them on the ground",
            )
        put_zones(session, person.actor, row, [z.model_dump() for z in body])
    with ctx.database.read() as session:
        return _detail(session, code)


@router.get("/devices/{code}/picture", operation_id="devicePicture", response_class=Response)
def device_picture(code: str, ctx: Ctx, person: Reader) -> Response:
    """The newest sealed picture of a device, as a viewing copy."""
    with ctx.database.read() as session:
        row = devices.device_by_code(session, code)
        item = candidates.latest_picture_of_device(session, row.id)
        if item is None:
            raise not_found("picture of device", "设备画面", code)
    return Response(viewing_copy(ctx.store.get(item.sha256), code), media_type="image/jpeg")


@router.get("/footage", operation_id="listFootage")
def list_footage(
    ctx: Ctx,
    person: Reader,
    device: str | None = None,
    page: Annotated[int, Query(ge=1)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[p.FootageOut]:
    """What was handed in, newest first."""
    with ctx.database.read() as session:
        rows, total = footages.page_of_footage(session, person, device, page, size)
        counts = candidates.count_by_footage(session, [r.id for r in rows])
        return Page(
            items=[present.footage(r, counts.get(r.id, 0)) for r in rows], total=total, page=page, size=size
        )


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@router.get("/map", operation_id="map")
def map_(ctx: Ctx, person: Annotated[Person, Depends(Needs("candidates"))]) -> p.MapOut:
    """The district as GeoJSON."""
    with ctx.database.read() as session:
        squads, streets, shops = places.squads(session), places.streets(session), places.shops(session)
        grounds, cameras = places.zones_of(session, None), devices.devices(session)
    return p.MapOut(
        squads=_collection(
            [_feature(s.boundary, code=s.code, name=s.name, name_en=s.name_en) for s in squads]
        ),
        streets=_collection([_feature(s.line, code=s.code, name=s.name, name_en=s.name_en) for s in streets]),
        shops=_collection(
            [
                _feature(
                    {"type": "LineString", "coordinates": s.door_line},
                    code=s.code,
                    name=s.name,
                    address=s.address,
                )
                for s in shops
            ]
        ),
        permitted=_collection(
            [
                _feature(
                    {"type": "Polygon", "coordinates": [[*z.polygon, z.polygon[0]]]},
                    code=z.code,
                    name=z.name,
                    kind=z.properties.get("kind"),
                    calendar=z.calendar,
                )
                for z in grounds
            ]
        ),
        devices=_collection(
            [
                _feature(
                    {"type": "Point", "coordinates": [d.longitude, d.latitude]},
                    code=d.code,
                    name=d.name,
                    name_en=d.name_en,
                    kind=d.kind,
                    heading=d.heading,
                )
                for d in cameras
                if d.longitude is not None
            ]
        ),
    )
