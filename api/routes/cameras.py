"""Street cameras (街面摄像机): the list with its filters, one of them, the inventory's import, testing a stream."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Query, Request

from api import present
from api.access import Ctx, Needs
from api.context import Context
from api.problems import speaks_english
from api.schemas import cameras as c
from api.schemas.places import ApprovalOut
from casework.db import Session, utcnow
from casework.devices.service import SHANGHAI, missing_approvals
from casework.errors import Invalid
from casework.people.service import Person
from casework.streams import alarms, board, importing, queries, service, trying
from casework.streams.address import shown
from casework.streams.board import Filter, Glance
from casework.streams.queries import Source
from casework.streams.sheet import MOST_BYTES

router = APIRouter(tags=["cameras"])
Reader = Annotated[Person, Depends(Needs("devices"))]
Keeper = Annotated[Person, Depends(Needs("camera_steps"))]
Code = Annotated[str, Path(max_length=64)]
Text = Annotated[str | None, Query(max_length=80)]
NOTHING_KNOWN = (0, 0)


@router.get("/cameras", operation_id="listCameras")
def list_cameras(
    ctx: Ctx,
    person: Reader,
    text: Text = None,
    state: c.State | None = None,
    group: Text = None,
    squad: Text = None,
    plan: Text = None,
    fault: Text = None,
    alarm: c.AlarmKind | None = None,
    unusable_below: Annotated[int | None, Query(ge=0, le=100)] = None,
    order: c.Order = "code",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> c.CameraPage:
    """One page of the street cameras."""
    now = utcnow()
    want = Filter(text, state, group, squad, plan, fault, alarm, unusable_below, order)
    with ctx.database.read() as session:
        rows = board.glances(session, now)
        tolerance_s = alarms.drift_limit(session, now) if alarm == "drifting" else 0.0
        found = board.narrowed(rows, want, lambda row, kind: alarms.holds(row, kind, now, tolerance_s))
        part = found[(page - 1) * size : page * size]
        return c.CameraPage(
            items=_cameras(session, part, now),
            total=len(found),
            page=page,
            size=size,
            counts=counts_of(rows),
            groups=sorted({row.group for row in rows if row.group}),
        )


def counts_of(rows: Collection[Glance]) -> dict[str, int]:
    """Cameras by state; every state is there."""
    counts = dict.fromkeys(board.STATES, 0)
    for row in rows:
        counts[row.state] += 1
    return counts


def _cameras(session: Session, rows: list[Glance], now: datetime) -> list[c.CameraOut]:
    ids = [row.id for row in rows]
    whole = queries.sources(session, ids)
    up = board.uptime(session, ids, now)
    return [c.CameraOut(**_camera(whole[row.id], row, up.get(row.id, NOTHING_KNOWN), now)) for row in rows]


def _camera(source: Source, row: Glance, up: tuple[int, int], now: datetime) -> dict[str, Any]:
    stream, due, device = source.stream, source.due, source.stream.device
    return {
        "code": device.code,
        "name": device.name,
        "gb_code": stream.gb_code,
        "group": device.camera_group,
        "squad": present.named(device.squad),
        "street": present.named(device.street),
        "owner": stream.owner,
        "kind": stream.kind,
        "state": row.state,
        "active": stream.active,
        "last_picture_at": stream.last_picture_at,
        "fault": stream.fault,
        "fault_text": stream.fault_text,
        "since": stream.since,
        "usability": stream.usability,
        "uptime": round(up[1] / up[0], 3) if up[0] else None,
        "plan": c.PlanRef(code=source.plan.code, name=source.plan.name) if source.plan else None,
        "interval_s": due.interval_s if due else None,
        "due_at": due.due_at if due else None,
        "follow_up": bool(due and due.quick_until and due.quick_until > now),
        "clock_offset_s": stream.clock_offset_s,
        "missing": missing_approvals(device, now),
    }


@router.get("/cameras/{code}", operation_id="camera")
def camera(code: Code, ctx: Ctx, person: Reader) -> c.CameraDetail:
    """One street camera."""
    with ctx.database.read() as session:
        return _detail(session, code)


def _detail(session: Session, code: str) -> c.CameraDetail:
    now = utcnow()
    source = queries.source(session, code)
    stream, device = source.stream, source.stream.device
    row = next(r for r in board.glances(session, now, device.id))
    up = board.uptime(session, [device.id], now).get(device.id, NOTHING_KNOWN)
    today = now.astimezone(SHANGHAI).date()
    return c.CameraDetail(
        **_camera(source, row, up, now),
        address=shown(stream),
        transport=stream.transport,
        user=stream.user,
        has_password=stream.password_sealed is not None,
        latitude=device.latitude,
        longitude=device.longitude,
        place_system=stream.place_system,
        given_latitude=stream.given_latitude,
        given_longitude=stream.given_longitude,
        usability_at=stream.usability_at,
        usability_parts=stream.usability_parts or {},
        approvals=[
            ApprovalOut(
                kind=a.kind,
                valid_from=a.valid_from.isoformat(),
                valid_to=a.valid_to.isoformat(),
                document=a.document,
                person=a.person,
                valid=a.valid_from <= today <= a.valid_to,
            )
            for a in device.approvals
        ],
    )


@router.post("/cameras/{code}/active", operation_id="setCameraActive")
def set_active(code: Code, body: c.ActiveIn, ctx: Ctx, person: Keeper) -> c.CameraDetail:
    """Take a camera out of use, or back into it."""
    with ctx.database.write() as session:
        stream = queries.source(session, code).stream
        service.set_active(session, person.actor, stream, code, body.active, body.reason)
        session.flush()
        return _detail(session, code)


@router.post("/cameras/{code}/test", operation_id="testCamera")
def test_camera(code: Code, ctx: Ctx, person: Keeper, request: Request) -> c.TestedOut:
    """Connect now, take a picture, judge how usable it is; takes some seconds."""
    found = trying.try_camera(ctx.database, ctx.store, code)
    return c.TestedOut(
        fault=found.fault,
        message=found.text,
        width=found.width,
        height=found.height,
        codec=found.codec,
        seconds=found.seconds,
        clock_offset_s=found.clock_offset_s,
        score=found.score,
        parts=found.parts,
    )


@router.post(
    "/camera-inventory",
    operation_id="importCameras",
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "required": True}},
)
async def import_cameras(
    request: Request,
    ctx: Ctx,
    person: Keeper,
    apply: bool = False,
    skip_faulty: bool = False,
    system: c.System | None = None,
) -> c.ImportOut:
    """Read an inventory (CSV, XLSX) sent as it is: what it would change; ``apply`` does it."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise Invalid(
                "too_long",
                zh=f"文件超过 {MOST_BYTES >> 20} MB，请分开导入",
                en=f"the file is larger than {MOST_BYTES >> 20} MB; split it",
            )
    asked = _Asked(apply, skip_faulty, system, speaks_english(request))
    return await anyio.to_thread.run_sync(_import, ctx, person.actor, bytes(data), asked)


class _Asked:
    def __init__(self, apply: bool, skip_faulty: bool, system: str | None, english: bool) -> None:
        self.apply, self.skip_faulty, self.system, self.english = apply, skip_faulty, system, english


def _import(ctx: Context, actor: str, data: bytes, asked: _Asked) -> c.ImportOut:
    if asked.apply:
        with ctx.database.write() as session:
            report = importing.apply(session, actor, data, asked.system, asked.skip_faulty)
    else:
        with ctx.database.read() as session:
            report = importing.preview(session, data, asked.system)
    return c.ImportOut(
        rows=report.rows,
        new=report.new,
        changed=report.changed,
        same=report.same,
        faulty=report.faulty,
        applied=report.applied,
        headings=report.headings,
        unknown=report.unknown,
        faults=[
            c.FaultOut(line=f.line, column=f.column, value=f.value, message=f.en if asked.english else f.zh)
            for f in report.faults
        ],
    )
