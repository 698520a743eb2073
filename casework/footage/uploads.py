"""Resumable uploads: begun, found again, moved on, ended. The row says how far the bytes are safe.

Their bytes: ``growing``. What a whole upload becomes: ``taking``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from casework.db import utcnow
from casework.devices.service import SHANGHAI
from casework.devices.tables import Device
from casework.errors import Conflict, Gone, Invalid, NotFound, Refused, TooLarge, TooMany
from casework.footage.limits import Limits
from casework.footage.tables import Footage, Upload

TRACKS = frozenset({".gpx", ".nmea", ".csv", ".json"})
VIDEOS = frozenset(
    {".mp4", ".mkv", ".ts", ".avi", ".mov", ".m4v", ".flv", ".mjpeg", ".h264", ".h265", ".gif"}
)
PARTIAL, FINAL = "partial", "final;"
MOST_PARTS = 500
UNFINISHED = ("open", "whole")
ENDED = ("expired", "ended", "joined")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device announces. sha256: of the whole file, hex. part: it is to be joined with others. said: the
    metadata as they came."""

    length: int
    filename: str
    start: datetime | None = None
    sha256: str | None = None
    part: bool = False
    said: str = ""


def begin(session: Session, device: Device, asked: Asked, limits: Limits) -> Upload:
    """Begin an upload, or give back the one that was begun for the same bytes, or is known to be here.

    Raises Invalid (name, empty), TooLarge, TooMany.
    """
    name = "" if asked.part and not asked.filename else plain_name(asked.filename)
    if asked.length < 1:
        raise Invalid("empty_upload", zh="文件为空（0 字节）", en="the file is empty (0 bytes)")
    if asked.length > limits.max_bytes:
        raise TooLarge(
            "too_long",
            zh=f"文件超过上限 {limits.max_bytes} 字节",
            en=f"larger than the limit of {limits.max_bytes} bytes",
        )
    session.execute(
        select(Device.id).where(Device.id == device.id).with_for_update()
    )  # one creation at a time
    if asked.sha256 and not asked.part:
        same = _begun(session, device, asked, name)
        if same is not None:
            return same
    row = _row(device, asked, name, limits)
    known = _known(session, device, asked.sha256) if not asked.part and _is_video(name) else None
    if known is not None:
        row.offset, row.state = asked.length, "duplicate"
        row.result = {"footage": known, "duplicate": True}
    else:
        _within_quota(session, device, asked.length, limits)
    session.add(row)
    session.flush()
    return row


def _row(device: Device, asked: Asked, name: str, limits: Limits) -> Upload:
    now = utcnow()
    return Upload(
        id=secrets.token_hex(16),
        device_id=device.id,
        length=asked.length,
        offset=0,
        filename=name,
        given_start=asked.start,
        made_at=now,
        expires_at=now + limits.kept,
        state="open",
        concat=PARTIAL if asked.part else None,
        sha256=asked.sha256,
        said=asked.said,
    )


def plain_name(filename: str) -> str:
    """The name without folders. Raises Invalid for one that is no video or track, too long, or not printable."""
    plain = PurePosixPath(PureWindowsPath(filename).name).name
    suffix = Path(plain).suffix.lower()
    if suffix not in TRACKS | VIDEOS or plain.startswith(".") or len(plain) > 200 or not plain.isprintable():
        raise Invalid(
            "bad_filename",
            zh=f"文件名 {plain[:80]} 不是支持的视频或轨迹",
            en=f"{plain[:80]!r} is no video ({', '.join(sorted(VIDEOS))}) or track ({', '.join(sorted(TRACKS))})",
        )
    return plain


def _is_video(name: str) -> bool:
    return Path(name).suffix.lower() in VIDEOS


def _begun(session: Session, device: Device, asked: Asked, name: str) -> Upload | None:
    """The open upload of the same file: the answer to its creation was lost, and it is asked for again."""
    return session.scalar(
        select(Upload)
        .where(
            Upload.device_id == device.id,
            Upload.state.in_(UNFINISHED),
            Upload.expires_at > utcnow(),
            Upload.sha256 == asked.sha256,
            Upload.filename == name,
            Upload.length == asked.length,
            Upload.concat.is_(None),
        )
        .order_by(Upload.made_at)
        .limit(1)
    )


def _known(session: Session, device: Device, sha256: str | None) -> int | None:
    """This device's footage with these bytes, unless it failed: then it may be sent again."""
    if sha256 is None:
        return None
    return session.scalar(
        select(Footage.id).where(
            Footage.sha256 == sha256, Footage.device_id == device.id, Footage.state != "failed"
        )
    )


def _within_quota(session: Session, device: Device, length: int, limits: Limits) -> None:
    """Raises TooMany. A day's bytes: whole lengths of what is open or was taken in, of the rest what was sent."""
    now = utcnow()
    day = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = (Upload.device_id == device.id, func.coalesce(Upload.concat, "").not_like(f"{FINAL}%"))
    counted = case(
        (Upload.state.in_((*UNFINISHED, "accepted", "joined")), Upload.length), else_=Upload.offset
    )
    sent = session.scalar(
        select(func.sum(counted)).where(*mine, Upload.made_at >= day, Upload.state != "duplicate")
    )
    if int(sent or 0) + length > limits.day_bytes:
        raise TooMany(
            "day_quota",
            zh=f"该设备今日上传量已达上限 {limits.day_bytes >> 30} GB，请明日再传",
            en=f"this device has used its {limits.day_bytes >> 30} GiB of today; go on tomorrow",
        )
    many = session.scalar(
        select(func.count()).where(*mine, Upload.state.in_(UNFINISHED), Upload.expires_at > now)
    )
    if int(many or 0) >= limits.open_most:
        raise TooMany(
            "open_quota",
            zh=f"该设备已有 {many} 个未完成的上传，请先续传或取消",
            en=f"this device has {many} unfinished uploads; finish or end them first",
        )


def upload(session: Session, device: Device, upload_id: str, *, lock: bool = True) -> Upload:
    """The device's upload. Raises NotFound; Gone when it expired, was ended or joined."""
    query = select(Upload).where(Upload.id == upload_id, Upload.device_id == device.id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(
            "not_found", zh="没有这个上传，请重新创建", en="there is no such upload; create it again"
        )
    if row.state in ENDED or (row.state == "open" and row.expires_at < utcnow()):
        raise Gone(
            "upload_gone",
            zh="该上传已过期或已取消，请重新创建",
            en="this upload has expired or was ended; create it again",
        )
    return row


def advance(session: Session, row: Upload, before: int, limits: Limits) -> None:
    """The bytes up to ``row.offset`` are safe. Raises Conflict when the row is no longer where it was."""
    now = utcnow()
    state = "whole" if row.offset == row.length else "open"
    moved = session.execute(
        update(Upload)
        .where(Upload.id == row.id, Upload.offset == before, Upload.state == "open")
        .values(offset=row.offset, moved_at=now, expires_at=now + limits.kept, state=state)
        .returning(Upload.id)
    ).first()
    if moved is None:
        raise Conflict(
            "wrong_offset",
            zh="断点已变化，请重新查询",
            en="the offset has changed meanwhile; ask for it again",
        )
    row.state, row.moved_at, row.expires_at = state, now, now + limits.kept


def end(session: Session, device: Device, upload_id: str) -> Upload:
    """The device gives an upload up. Raises Refused for one that was taken over: nothing accepted is lost."""
    row = upload(session, device, upload_id)
    if row.state not in UNFINISHED or (row.state == "whole" and row.concat != PARTIAL):
        raise Refused(
            "upload_accepted",
            zh="该上传已受理，不能取消",
            en="this upload was taken over already and stays",
        )
    row.state = "ended"
    return row


def final(session: Session, device: Device, parts: list[str], asked: Asked, limits: Limits) -> Upload:
    """A file made of parts, each whole; its bytes are joined by ``taking.join``. Asked again: the same one.

    Raises NotFound, Gone, Conflict (a part is not whole), Invalid, TooLarge.
    """
    if not 1 <= len(parts) <= MOST_PARTS or len(set(parts)) != len(parts):
        raise Invalid(
            "bad_parts",
            zh=f"须给出 1–{MOST_PARTS} 个不重复的分片",
            en=f"name 1 to {MOST_PARTS} parts, each once",
        )
    session.execute(select(Device.id).where(Device.id == device.id).with_for_update())
    concat = FINAL + " ".join(parts)
    same = session.scalar(
        select(Upload).where(
            Upload.device_id == device.id, Upload.concat == concat, Upload.state.not_in((*ENDED, "refused"))
        )
    )
    if same is not None:
        return same
    rows = [upload(session, device, part) for part in parts]
    if any(row.concat != PARTIAL for row in rows):
        raise Invalid("not_a_part", zh="只能合并分片上传", en="only uploads made as parts can be joined")
    if any(row.state != "whole" for row in rows):
        raise Conflict("part_not_whole", zh="有分片尚未传完", en="a part is not whole yet; finish it first")
    name, length = plain_name(asked.filename), sum(row.length for row in rows)
    if length > limits.max_bytes:
        raise TooLarge(
            "too_long",
            zh=f"文件超过上限 {limits.max_bytes} 字节",
            en=f"larger than the limit of {limits.max_bytes} bytes",
        )
    row = _row(device, Asked(length, name, asked.start, asked.sha256, said=asked.said), name, limits)
    row.concat = concat
    session.add(row)
    session.flush()
    return row
