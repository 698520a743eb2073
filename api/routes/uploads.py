"""Vehicle uploads by tus 1.0 (https://tus.io/protocols/resumable-upload): core and creation.

A device signs each request with its key. Bytes are taken in pieces that are safe on disk before the answer.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.requests import ClientDisconnect

from api.access import Ctx, DeviceOnly, Public
from api.context import Context
from casework.devices.tables import Device
from casework.errors import Conflict, Invalid
from casework.footage import uploads
from casework.footage.tables import Upload
from casework.footage.uploads import Folders

router = APIRouter(tags=["uploads"])
VERSION = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
PIECE = 4 * 2**20
Uploader = Annotated[Device, Depends(DeviceOnly())]


def _folders(ctx: Context) -> Folders:
    return Folders(ctx.uploads_dir, ctx.footage_dir)


@router.options("/uploads", operation_id="uploadOptions", status_code=204, dependencies=[Depends(Public())])
def options(ctx: Ctx) -> Response:
    """What this server can do."""
    headers = {
        **VERSION,
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation",
        "Tus-Max-Size": str(ctx.upload_max_bytes),
    }
    return Response(status_code=204, headers=headers)


@router.post("/uploads", operation_id="createUpload", status_code=201)
def create(
    ctx: Ctx,
    device: Uploader,
    upload_length: Annotated[int, Header(ge=0)],
    upload_metadata: Annotated[str, Header(max_length=4096)] = "",
) -> Response:
    """Begin an upload. Metadata: filename (needed), start (ISO 8601 with offset, if the file has no clock)."""
    if upload_length > ctx.upload_max_bytes:
        raise Invalid(
            "too_long",
            zh=f"文件超过上限 {ctx.upload_max_bytes} 字节",
            en=f"larger than the limit of {ctx.upload_max_bytes} bytes",
        )
    said = _metadata(upload_metadata)
    with ctx.database.write() as session:
        row = uploads.create(
            session, device, upload_length, said.get("filename", ""), _start(said.get("start"))
        )
    return Response(status_code=201, headers={**VERSION, "Location": f"/api/uploads/{row.id}"})


@router.head("/uploads/{id}", operation_id="uploadOffset")
def offset(id: str, ctx: Ctx, device: Uploader) -> Response:
    """How far it is."""
    with ctx.database.write() as session:
        row = uploads.upload(session, device, id)
    _finish(ctx, device, row)  # a crash may have come between the last byte and the taking over
    return Response(
        status_code=200,
        headers={**VERSION, "Upload-Offset": str(row.offset), "Upload-Length": str(row.length)},
    )


@router.patch("/uploads/{id}", operation_id="appendUpload", status_code=204)
async def append(
    id: str,
    request: Request,
    ctx: Ctx,
    device: Uploader,
    upload_offset: Annotated[int, Header(ge=0)],
    content_type: Annotated[str, Header()],
) -> Response:
    """Add bytes. What came before a break stays; the answer says how far it is safe."""
    if content_type != "application/offset+octet-stream":
        raise Invalid(
            "bad_type",
            zh="请用 application/offset+octet-stream 发送",
            en="send bytes as application/offset+octet-stream",
        )
    at, piece = upload_offset, bytearray()
    try:
        async for chunk in request.stream():
            piece += chunk
            if len(piece) >= PIECE:
                at = await anyio.to_thread.run_sync(_take, ctx, device, id, at, bytes(piece))
                piece.clear()
    except ClientDisconnect:
        pass  # the bytes that came are kept below; the client asks HEAD and goes on
    at = await anyio.to_thread.run_sync(_take, ctx, device, id, at, bytes(piece))
    return Response(status_code=204, headers={**VERSION, "Upload-Offset": str(at)})


def _take(ctx: Context, device: Device, id: str, at: int, data: bytes) -> int:
    with ctx.database.write() as session:
        row = uploads.upload(session, device, id)
        at = uploads.append(_folders(ctx), row, at, data)
    _finish(ctx, device, row)
    return at


def _finish(ctx: Context, device: Device, row: Upload) -> None:
    sha256 = uploads.whole(_folders(ctx), row)
    if sha256 is None:
        return
    try:
        with ctx.database.write() as session:
            uploads.complete(session, _folders(ctx), device, uploads.upload(session, device, row.id), sha256)
    except Conflict as refused:
        # Said once, with the reason kept: a client that asks again is not to send or to wait for ever.
        with ctx.database.write() as session:
            uploads.upload(session, device, row.id).result = {"error": refused.code}
        uploads.discard_bytes(_folders(ctx), row.id)
        raise
    uploads.discard_bytes(_folders(ctx), row.id)
    ctx.wake()


def _metadata(header: str) -> dict[str, str]:
    """``key base64, key base64`` -> values."""
    found = {}
    for pair in filter(None, (p.strip() for p in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Invalid(
                "bad_metadata",
                zh=f"Upload-Metadata 中 {key} 不是 Base64",
                en=f"Upload-Metadata: {key} is no base64 text",
            ) from error
    return found


def _start(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        start = datetime.fromisoformat(value)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise Invalid(
            "bad_start",
            zh="start 须写成带时区的时间，如 2026-10-31T14:05:00+08:00",
            en="start needs its offset, as in 2026-10-31T14:05:00+08:00",
        )
    return start.astimezone(UTC)
