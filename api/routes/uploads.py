"""Uploads by tus 1.0 (https://tus.io/protocols/resumable-upload) with its extensions; docs/UPLOADS.md is for device
makers. A device signs each request with its key. Bytes are taken in pieces that are safe on disk before the answer.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, BackgroundTasks, Depends, Header, Request, Response
from starlette.requests import ClientDisconnect

from api import tus
from api.access import Ctx, DeviceOnly, Public
from api.context import Context
from api.problems import Refusal
from casework.devices.tables import Device
from casework.errors import Busy, Conflict, Invalid, Refused, TooLarge
from casework.footage import taking, uploads
from casework.footage.growing import Folders, append, check_disk, check_room, held
from casework.footage.tables import Upload
from casework.footage.uploads import FINAL, PARTIAL, UNFINISHED, Asked
from casework.storage import storage_guard

router = APIRouter(tags=["uploads"])
PIECE = 4 * 2**20
SWEEP_EVERY = timedelta(hours=1)


def uploader(request: Request, device: Annotated[Device, Depends(DeviceOnly())]) -> Device:
    """Dependency: a device that speaks tus 1.0."""
    tus.version(request)
    return device


Uploader = Annotated[Device, Depends(uploader)]
Checked = Annotated[str | None, Header(alias="Upload-Checksum", max_length=200)]


def _folders(ctx: Context) -> Folders:
    return Folders(ctx.uploads_dir, ctx.footage_dir)


@router.options("/uploads", operation_id="uploadOptions", status_code=204, dependencies=[Depends(Public())])
def options(ctx: Ctx) -> Response:
    """What this server can do."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(ctx.upload_limits.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post("/uploads", operation_id="createUpload", status_code=201)
async def create(
    request: Request,
    after: BackgroundTasks,
    ctx: Ctx,
    device: Uploader,
    upload_length: Annotated[int | None, Header(ge=0)] = None,
    upload_metadata: Annotated[str, Header(max_length=tus.MOST_METADATA)] = "",
    upload_concat: Annotated[str | None, Header(max_length=60_000)] = None,
    upload_checksum: Checked = None,
) -> Response:
    """Begin an upload, with its first bytes if there are any; or join parts to one file (Upload-Concat).

    Metadata: filename (needed), start (ISO 8601 with offset, if the file has no clock), sha256 (of the whole file:
    one that is here already need not be sent).
    """
    checksum = tus.checksum(upload_checksum)
    if upload_concat is not None and upload_concat.startswith(FINAL):
        asked, parts = _asked(0, upload_metadata, part=False), tus.parts(upload_concat)
        row = await anyio.to_thread.run_sync(_join, ctx, device, parts, asked)
    else:
        if upload_concat not in (None, PARTIAL):
            raise Invalid(
                "bad_fields", zh="Upload-Concat 无法识别", en="Upload-Concat is 'partial' or 'final;...'"
            )
        if upload_length is None:
            raise Invalid(
                "bad_fields", zh="缺少请求头 Upload-Length", en="the header Upload-Length is missing"
            )
        if _has_body(request):
            tus.content_type(request)
        asked = _asked(upload_length, upload_metadata, part=upload_concat == PARTIAL)
        row = await anyio.to_thread.run_sync(_begin, ctx, device, asked)
        if row.state == "open" and row.offset == 0 and _has_body(request):
            row = await _first_bytes(request, ctx, device, row, checksum)
    after.add_task(_sweep_sometimes, request, ctx)
    headers = {"Location": f"/api/uploads/{row.id}", **_progress(row)}
    return Response(status_code=201, headers=headers, background=after)


@router.head("/uploads/{id}", operation_id="uploadOffset")
def offset(id: str, ctx: Ctx, device: Uploader) -> Response:
    """How far it is."""
    with ctx.database.read() as session:
        row = uploads.upload(session, device, id, lock=False)
    if row.state == "whole" and row.concat != PARTIAL:
        row = _finish_quietly(ctx, device, row)
    headers = {**_progress(row), "Upload-Length": str(row.length)}
    if row.said:
        headers["Upload-Metadata"] = row.said
    if row.concat:
        urls = " ".join(f"/api/uploads/{part}" for part in row.concat.removeprefix(FINAL).split())
        headers["Upload-Concat"] = row.concat if row.concat == PARTIAL else FINAL + urls
    return Response(status_code=200, headers=headers)


@router.patch("/uploads/{id}", operation_id="appendUpload", status_code=204)
async def append_(
    id: str,
    request: Request,
    ctx: Ctx,
    device: Uploader,
    upload_offset: Annotated[int, Header(ge=0)],
    upload_checksum: Checked = None,
) -> Response:
    """Add bytes. What came before a break stays; the answer says how far it is safe."""
    tus.content_type(request)
    checksum = tus.checksum(upload_checksum)
    row = await anyio.to_thread.run_sync(_open, ctx, device, id, upload_offset, _announced(request))
    row = await _receive(request, ctx, device, row, upload_offset, checksum)
    return Response(status_code=204, headers=_progress(row))


@router.delete("/uploads/{id}", operation_id="endUpload", status_code=204)
def end(id: str, ctx: Ctx, device: Uploader) -> Response:
    """Give an unfinished upload up; its bytes go. One that was taken over stays."""
    with ctx.database.read() as session:
        uploads.upload(session, device, id, lock=False)
    with held(_folders(ctx), id) as path:
        try:
            with ctx.database.write() as session:
                uploads.end(session, device, id)
        except Refused:
            if path.stat().st_size == 0:
                path.unlink()
            raise
        path.unlink(missing_ok=True)
    return Response(status_code=204)


@router.post("/uploads/{id}", operation_id="overriddenUpload", status_code=204)
async def overridden(
    id: str,
    request: Request,
    ctx: Ctx,
    device: Uploader,
    x_http_method_override: Annotated[str, Header(max_length=10)],
    upload_offset: Annotated[int, Header(ge=0)] = 0,
    upload_checksum: Checked = None,
) -> Response:
    """PATCH and DELETE for devices whose network lets neither through (X-HTTP-Method-Override)."""
    method = x_http_method_override.upper()
    if method == "PATCH":
        return await append_(id, request, ctx, device, upload_offset, upload_checksum)
    if method == "DELETE":
        return await anyio.to_thread.run_sync(end, id, ctx, device)
    raise Refusal(
        405,
        "bad_method",
        zh="X-HTTP-Method-Override 只能是 PATCH 或 DELETE",
        en="override with PATCH or DELETE",
    )


def _asked(length: int, metadata: str, *, part: bool) -> Asked:
    said = tus.metadata(metadata)
    return Asked(
        length,
        said.get("filename", ""),
        tus.start(said.get("start")),
        tus.sha256(said.get("sha256")),
        part,
        metadata,
    )


def _progress(row: Upload) -> dict[str, str]:
    """How far it is, until when it is kept, what became of it. A refused one says why, in a code."""
    headers = {"Upload-Offset": str(row.offset), "Upload-State": row.state}
    if row.state in UNFINISHED:
        headers["Upload-Expires"] = tus.expires(row.expires_at)
    if row.state == "refused" and row.result:
        headers["Upload-Problem"] = str(row.result.get("error"))
    return headers


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _has_body(request: Request) -> bool:
    return _announced(request) > 0 or "transfer-encoding" in request.headers


def _begin(ctx: Context, device: Device, asked: Asked) -> Upload:
    check_disk(_folders(ctx), 0, ctx.upload_limits.keep_free)
    with ctx.database.write() as session:
        return uploads.begin(session, device, asked, ctx.upload_limits)


def _join(ctx: Context, device: Device, parts: list[str], asked: Asked) -> Upload:
    with ctx.database.write() as session:
        row = uploads.final(session, device, parts, asked, ctx.upload_limits)
    row = taking.join(ctx.database, _folders(ctx), device, row, ctx.upload_limits)
    ctx.wake()
    return row


def _open(ctx: Context, device: Device, id: str, at: int, announced: int) -> Upload:
    """The upload that bytes may be added to, asked before they come."""
    with ctx.database.read() as session:
        row = uploads.upload(session, device, id, lock=False)
    if row.concat is not None and row.concat != PARTIAL:
        raise Refused("final_upload", zh="合并后的上传不能再追加", en="nothing is added to joined parts")
    check_room(row, at, announced)
    return row


async def _first_bytes(
    request: Request, ctx: Context, device: Device, row: Upload, checksum: tus.Checksum | None
) -> Upload:
    """Bytes that come with the creation. Refused ones take the upload with them: nobody knows its address yet."""
    try:
        if _announced(request) > row.length:
            raise TooLarge("too_long", zh="数据超过声明的长度", en="more bytes than were announced")
        return await _receive(request, ctx, device, row, 0, checksum)
    except (Refusal, Invalid, Conflict):
        await anyio.to_thread.run_sync(_give_up, ctx, device, row.id)
        raise


def _give_up(ctx: Context, device: Device, id: str) -> None:
    with ctx.database.write() as session:
        row = uploads.upload(session, device, id)
        if row.state == "open":
            row.state = "ended"
            (ctx.uploads_dir / id).unlink(missing_ok=True)


async def _receive(
    request: Request, ctx: Context, device: Device, row: Upload, at: int, checksum: tus.Checksum | None
) -> Upload:
    limits = ctx.upload_limits
    body = tus.paced(request.stream(), limits.idle_s, limits.least_rate)
    if checksum is not None:
        return await _checked_piece(body, ctx, device, row, at, checksum)
    piece, slow = bytearray(), False
    try:
        async for chunk in body:
            piece += chunk
            if len(piece) >= PIECE:
                row = await anyio.to_thread.run_sync(_take, ctx, device, row, at, bytes(piece))
                at = row.offset
                piece.clear()
    except ClientDisconnect:
        pass  # the bytes that came are kept below; the client asks HEAD and goes on
    except tus.TooSlow:
        slow = True
    row = await anyio.to_thread.run_sync(_take, ctx, device, row, at, bytes(piece))
    if slow:
        raise tus.too_slow()
    return row


async def _checked_piece(
    body: AsyncIterator[bytes], ctx: Context, device: Device, row: Upload, at: int, checksum: tus.Checksum
) -> Upload:
    """A piece with a checksum is kept whole or not at all; until then it lies in a file without a name."""
    digest, size = checksum.new(), 0
    with storage_guard(), tempfile.SpooledTemporaryFile(max_size=PIECE, dir=str(ctx.uploads_dir)) as kept:
        try:
            async for chunk in body:
                size += len(chunk)
                if size > ctx.upload_limits.piece_max or at + size > row.length:
                    raise TooLarge(
                        "piece_too_long",
                        zh=f"带校验的分段不能超过 {ctx.upload_limits.piece_max >> 20} MB，也不能超过声明的长度",
                        en=f"a piece with a checksum is at most {ctx.upload_limits.piece_max >> 20} MiB, "
                        "and within the announced length",
                    )
                digest.update(chunk)
                kept.write(chunk)
        except ClientDisconnect:
            return row  # nobody waits for the answer, and nothing was kept
        except tus.TooSlow:
            raise tus.too_slow() from None
        if digest.digest() != checksum.digest:
            raise tus.mismatch()
        kept.seek(0)
        parts = iter(lambda: kept.read(PIECE), b"")
        return await anyio.to_thread.run_sync(_take, ctx, device, row, at, parts, size)


def _take(
    ctx: Context, device: Device, row: Upload, at: int, data: bytes | Iterable[bytes], size: int | None = None
) -> Upload:
    """Write bytes and say so in the row; a whole upload is taken over."""
    folders, limits = _folders(ctx), ctx.upload_limits
    if data or row.state == "open":
        with held(folders, row.id):
            with ctx.database.read() as session:
                row = uploads.upload(session, device, row.id, lock=False)
            before = row.offset
            if append(folders, row, at, data, size, limits.keep_free) != before:
                with ctx.database.write() as session:
                    uploads.advance(session, row, before, limits)
    return _finish(ctx, device, row)


def _finish(ctx: Context, device: Device, row: Upload) -> Upload:
    if row.state != "whole" or row.concat == PARTIAL:
        return row
    row = taking.take_over(ctx.database, _folders(ctx), device, row.id)
    ctx.wake()
    return row


def _finish_quietly(ctx: Context, device: Device, row: Upload) -> Upload:
    """A crash may have come between the last byte and the taking over. Another request may be at it: it is whole."""
    try:
        return _finish(ctx, device, row)
    except (Busy, Conflict, Invalid):
        with ctx.database.read() as session:
            return uploads.upload(session, device, row.id, lock=False)


def _sweep_sometimes(request: Request, ctx: Context) -> None:
    """Once an hour, after an answer: uploads whose time is over."""
    state, now = request.app.state, time.monotonic()
    if now < getattr(state, "sweep_uploads_at", 0.0):
        return
    state.sweep_uploads_at = now + SWEEP_EVERY.total_seconds()
    if taking.sweep(ctx.database, _folders(ctx)).taken:
        ctx.wake()
