"""Vehicles for people: each one's day, its way with what was looked at, its uploads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request

from api import present
from api.access import Ctx, Needs
from api.problems import speaks_english
from api.schemas import vehicles as v
from api.schemas.base import Page
from casework.candidates import queries as candidates
from casework.db import utcnow
from casework.devices.service import SHANGHAI
from casework.errors import Invalid
from casework.footage import patrols
from casework.footage.patrols import Patrol
from casework.footage.tables import Upload
from casework.footage.uploads import PARTIAL
from casework.people.service import Person
from casework.places import queries as places
from casework.places.tables import Street
from ingest.coverage import Span, street_shares

router = APIRouter(tags=["vehicles"])
FIRST_DAY, LAST_DAY = date(2001, 1, 1), date(2100, 1, 1)
Reader = Annotated[Person, Depends(Needs("devices"))]


@router.get("/vehicles", operation_id="listVehicles")
def list_vehicles(ctx: Ctx, person: Reader, day: date | None = None) -> list[v.VehicleOut]:
    """All vehicles with one of their days (Asia/Shanghai; none: today)."""
    with ctx.database.read() as session:
        rows = patrols.vehicles(session, person)
        found = patrols.patrols(session, rows, _sound(day or _today()), ctx.upload_limits.late)
    return [v.VehicleOut(**_vehicle(one)) for one in found]


@router.get("/vehicles/{code}/days/{day}", operation_id="vehicleDay")
def vehicle_day(code: str, day: date, ctx: Ctx, person: Reader) -> v.VehicleDay:
    """One vehicle's day."""
    with ctx.database.read() as session:
        (device,) = patrols.vehicles(session, person, code)
        (one,) = patrols.patrols(session, [device], _sound(day), ctx.upload_limits.late)
        streets = [s for s in places.streets(session) if device.squad_id in (None, s.squad_id)]
        counts = candidates.count_by_footage(session, [f.id for f in one.footage])
    late = {f.name: patrols.late_days(f, ctx.upload_limits.late) for f in one.footage}
    return v.VehicleDay(
        **_vehicle(one),
        **_streets(one, streets),
        track=_track(one),
        notes=[v.VehicleFaultOut.model_validate(fault) for fault in one.faults],
        files=[present.footage(f, counts.get(f.id, 0)) for f in one.footage],
        late_files={name: days for name, days in late.items() if days is not None},
    )


@router.get("/vehicles/{code}/uploads", operation_id="vehicleUploads")
def vehicle_uploads(
    code: str,
    request: Request,
    ctx: Ctx,
    person: Reader,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Page[v.UploadOut]:
    """What a vehicle sent and is sending, newest first."""
    english = speaks_english(request)
    with ctx.database.read() as session:
        (device,) = patrols.vehicles(session, person, code)
        rows, total = patrols.page_of_uploads(session, device, page, size)
    return Page(items=[_upload(row, english) for row in rows], total=total, page=page, size=size)


def _today() -> date:
    return utcnow().astimezone(SHANGHAI).date()


def _sound(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid(
            "bad_day",
            zh=f"日期 {day} 不在可查范围",
            en=f"{day}: give a day between {FIRST_DAY} and {LAST_DAY}",
        )
    return day


def _vehicle(one: Patrol) -> dict[str, Any]:
    spans = _joined([(s.start, s.end, s.looked) for s in one.stretches])
    return {
        **present.device_brief(one.device).model_dump(),
        "squad": present.named(one.device.squad),
        "day": one.day.isoformat(),
        "driven_m": round(one.driven_m, 1),
        "looked_m": round(one.looked_m, 1),
        "driven": [v.DrivenOut(start=_at(a), end=_at(b), looked=looked) for a, b, looked in spans],
        "looks": [v.SpanOut(start=_at(a), end=_at(b)) for a, b in _close(one.looks)],
        "footage": len(one.footage),
        "sent": v.SentOut.model_validate(one.sent),
        "missing": [day.isoformat() for day in one.missing],
        "seen": [day.isoformat() for day in one.seen],
        "late": sum(fault.code == "late" for fault in one.faults),
        "faults": sum(fault.code != "late" for fault in one.faults),
    }


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _joined(spans: list[tuple[float, float, bool]], gap_s: float = 60.0) -> list[tuple[float, float, bool]]:
    """Stretches of one kind that are less than a minute apart, as one: for a strip of the day."""
    found: list[tuple[float, float, bool]] = []
    for start, end, looked in spans:
        if found and found[-1][2] == looked and start - found[-1][1] < gap_s:
            found[-1] = (found[-1][0], end, looked)
        else:
            found.append((start, end, looked))
    return found


def _close(spans: tuple[Span, ...]) -> list[Span]:
    return [(a, b) for a, b, _ in _joined([(a, b, True) for a, b in spans])]


def _track(one: Patrol) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": np.round(s.line, 6).tolist()},
            "properties": {
                "looked": s.looked,
                "start": _at(s.start).isoformat(),
                "end": _at(s.end).isoformat(),
            },
        }
        for s in one.stretches
    ]
    return {"type": "FeatureCollection", "features": features}


def _streets(one: Patrol, streets: list[Street]) -> dict[str, Any]:
    lines = [np.asarray(s.line["coordinates"], np.float64)[:, :2] for s in streets]
    shares = street_shares(lines, one.stretches)
    rows = [
        v.StreetShareOut(
            code=s.code,
            name=s.name,
            name_en=s.name_en,
            metres=share.metres,
            driven=share.driven,
            looked=share.looked,
        )
        for s, share in zip(streets, shares, strict=True)
    ]
    return {
        "streets": sorted(rows, key=lambda row: -row.metres),
        "street_m": sum(row.metres for row in rows),
        "street_driven_m": sum(row.driven for row in rows),
        "street_looked_m": sum(row.looked for row in rows),
    }


def _upload(row: Upload, english: bool) -> v.UploadOut:
    result = row.result or {}
    problem = result.get("en" if english else "zh") or result.get("error")
    faults = result.get("faults")
    return v.UploadOut(
        id=row.id,
        filename=row.filename,
        state=row.state,
        length=row.length,
        offset=row.offset,
        made_at=row.made_at,
        moved_at=row.moved_at,
        expires_at=row.expires_at,
        problem=problem or (faults[0] if faults else None),
        footage=result.get("footage"),
        part=row.concat == PARTIAL,
        joined=patrols.is_joined(row),
    )
