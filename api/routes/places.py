"""Words, devices and zones, footage, the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from api import present
from api.access import Ctx, Needs
from api.schemas import candidates as c
from api.schemas import places as p
from api.schemas.base import Page
from casework.candidates import queries as candidates
from casework.db import Session, utcnow
from casework.devices import conditions, pictures
from casework.devices import queries as devices
from casework.devices.pictures import Shown
from casework.devices.service import SHANGHAI, missing_approvals
from casework.devices.tables import CameraCondition, Device
from casework.errors import Invalid
from casework.footage import queries as footages
from casework.people.service import Person
from casework.places import queries as places
from casework.places.tables import ZoneVersion
from casework.words import words
from ingest.streams.model import FaultCode
from ingest.streams.words import fault_words

router = APIRouter(tags=["places"])
Reader = Annotated[Person, Depends(Needs("devices"))]
Kind = Literal["fixed", "vehicle"]
Longitude = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]
RECENT = timedelta(days=30)
MOST_NAMES = 20
MOST_POINTS = 500
"""More than so many on a map are neither told apart nor hit by a finger: clusters stand for them."""


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
        "algorithm_states",
        "algorithm_acts",
        "algorithm_guards",
        "hint_cures",
    )
    listed = {
        g: [p.Word(code=w.code, zh=w.zh, en=w.en, key=w.key, stage=w.stage) for w in words(g)] for g in groups
    }
    faults = [
        p.FaultWord(code=c.value, zh=w.zh, en=w.en, mend_zh=w.mend_zh, mend_en=w.mend_en)
        for c in FaultCode
        for w in [fault_words(c)]
    ]
    with ctx.database.read() as session:
        squads = [s for x in places.squads(session) if (s := present.named(x))]
        streets = [s for x in places.streets(session) if (s := present.named(x))]
    return p.Reference(**listed, stream_faults=faults, squads=squads, streets=streets)


@dataclass(frozen=True, slots=True)
class _Recent:
    """Of devices, by id: looks and candidates of the last days, footage (number, last time), picture, trouble."""

    looks: dict[int, int]
    found: dict[int, int]
    seen: dict[int, tuple[int, datetime | None]]
    shown: dict[int, Shown]
    wrong: dict[int, CameraCondition]


def _recent(session: Session, rows: Sequence[Device]) -> _Recent:
    since, ids = utcnow() - RECENT, [row.id for row in rows]
    return _Recent(
        footages.looks_by_device(session, ids, since),
        candidates.count_by_device(session, ids, since),
        footages.footage_by_device(session, ids),
        pictures.pictures_of(session, rows),
        conditions.open_conditions(session, rows),
    )


def _device(row: Device, recent: _Recent) -> dict[str, Any]:
    missing = missing_approvals(row, utcnow())
    count, last = recent.seen.get(row.id, (0, None))
    shown, wrong = recent.shown.get(row.id), recent.wrong.get(row.id)
    return {
        **present.device_brief(row).model_dump(),
        "squad": present.named(row.squad),
        "street": present.named(row.street),
        "group": row.camera_group,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "approved": not missing,
        "missing": missing,
        "footage": count,
        "looks": recent.looks.get(row.id, 0),
        "candidates": recent.found.get(row.id, 0),
        "last_seen": last,
        "picture": present.picture_url(row.code, shown) if shown else None,
        "condition": present.condition(row.code, wrong) if wrong else None,
    }


@router.get("/devices", operation_id="listDevices")
def list_devices(
    ctx: Ctx,
    person: Reader,
    query: Annotated[str | None, Query(max_length=80)] = None,
    kind: Kind | None = None,
    squad: Annotated[str | None, Query(max_length=80)] = None,
    troubled: bool = False,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[p.DeviceOut]:
    """One page of the devices with their state: those at fault first, then by code."""
    with ctx.database.read() as session:
        rows, total = devices.page_of_devices(
            session, devices.Filter(query, kind, squad, troubled), page, size
        )
        recent = _recent(session, rows)
        items = [p.DeviceOut(**_device(row, recent)) for row in rows]
    return Page(items=items, total=total, page=page, size=size)


@router.get("/devices/names", operation_id="deviceNames")
def device_names(
    ctx: Ctx, person: Reader, query: Annotated[str, Query(max_length=80)] = "", kind: Kind | None = None
) -> list[c.DeviceBrief]:
    """The first devices with this in code or name, for choosing one while typing."""
    with ctx.database.read() as session:
        return [
            present.device_brief(row)
            for row in devices.devices_called(session, query.strip(), kind, MOST_NAMES)
        ]


def _zone(row: ZoneVersion) -> p.ZoneOut:
    return p.ZoneOut(
        code=row.code,
        kind=row.kind,
        polygon=[(x, y) for x, y in row.polygon],
        shop=row.shop_code,
        name=row.name,
        version=row.version,
    )


def _detail(session: Session, code: str) -> p.DeviceDetail:
    row = devices.device_by_code(session, code)
    today = datetime.now(SHANGHAI).date()
    return p.DeviceDetail(
        **_device(row, _recent(session, [row])),
        zones=[_zone(z) for z in places.shapes_of(session, row.id)] if row.kind == "fixed" else [],
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
        conditions=[present.condition(code, c) for c in conditions.conditions_of(session, row)],
    )


def _within(first: date, day: date, last: date) -> bool:
    return first <= day <= last


@router.get("/devices/{code}", operation_id="device")
def device(code: str, ctx: Ctx, person: Reader) -> p.DeviceDetail:
    """One device with zones and approvals."""
    with ctx.database.read() as session:
        return _detail(session, code)


@router.get("/footage", operation_id="listFootage")
def list_footage(
    ctx: Ctx,
    person: Reader,
    device: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
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
def map_(ctx: Ctx, person: Reader) -> p.MapOut:
    """The ground of the district as GeoJSON."""
    with ctx.database.read() as session:
        squads, streets, shops = places.squads(session), places.streets(session), places.shops(session)
        grounds = places.zones_of(session, None)
        doors = places.drawn_door_lines(session)
    return p.MapOut(
        squads=_collection(
            [_feature(s.boundary, code=s.code, name=s.name, name_en=s.name_en) for s in squads]
        ),
        streets=_collection([_feature(s.line, code=s.code, name=s.name, name_en=s.name_en) for s in streets]),
        shops=_collection(
            [
                _feature(
                    {"type": "LineString", "coordinates": doors[s.code]},
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
    )


@router.get("/map/devices", operation_id="mapDevices")
def map_devices(
    ctx: Ctx,
    person: Reader,
    west: Longitude,
    south: Latitude,
    east: Longitude,
    north: Latitude,
    cells: Annotated[int, Query(ge=1, le=24)] = 12,
) -> p.MapDevices:
    """The devices in a window of the map, degrees WGS-84. cells: clusters that have room along its longer side."""
    if not (west < east and south < north):
        raise Invalid(
            "bad_window",
            zh="地图范围有误：西边的经度须小于东边的，南边的纬度须小于北边的",
            en="west must be less than east, and south less than north",
        )
    with ctx.database.read() as session:
        window = devices.Window(west, south, east, north)
        rows, clusters, total = devices.within(session, window, MOST_POINTS, cells)
    return p.MapDevices(
        points=[p.DevicePoint.model_validate(row) for row in rows],
        clusters=[p.DeviceCluster.model_validate(one) for one in clusters],
        total=total,
    )
