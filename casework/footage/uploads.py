"""Resumable uploads: the bytes grow in a file, the row says how far they are safe.

Bytes are flushed to disk before the row says so; after a crash the file is cut back to what the row says.
A whole upload becomes footage or a track: first the file under its hash, then the rows.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath, PureWindowsPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.db import utcnow
from casework.devices.tables import Device
from casework.errors import Conflict, Invalid, NotFound
from casework.footage import queries, service
from casework.footage.tables import Footage, TrackFile, Upload
from casework.storage import file_sha256, storage_guard, sync_folder

KEPT = timedelta(days=7)
TRACKS = frozenset({".gpx", ".nmea", ".csv"})
VIDEOS = frozenset(
    {".mp4", ".mkv", ".ts", ".avi", ".mov", ".m4v", ".flv", ".mjpeg", ".h264", ".h265", ".gif"}
)


@dataclass(frozen=True, slots=True)
class Folders:
    """uploads: growing files. footage: whole ones, by hash."""

    uploads: Path
    footage: Path


def create(session: Session, device: Device, length: int, filename: str, start: datetime | None) -> Upload:
    """Begin an upload. Raises Invalid for a name that is no video or track."""
    plain = PurePosixPath(PureWindowsPath(filename).name).name
    suffix = Path(plain).suffix.lower()
    if suffix not in TRACKS | VIDEOS or plain.startswith(".") or len(plain) > 200 or not plain.isprintable():
        raise Invalid(
            "bad_filename",
            zh=f"文件名 {plain[:80]} 不是支持的视频或轨迹",
            en=f"{plain[:80]!r} is no video ({', '.join(sorted(VIDEOS))}) or track ({', '.join(sorted(TRACKS))})",
        )
    if length < 1:
        raise Invalid("empty_upload", zh="文件为空（0 字节）", en="the file is empty (0 bytes)")
    now = utcnow()
    row = Upload(
        id=secrets.token_hex(16),
        device_id=device.id,
        length=length,
        filename=plain,
        given_start=start,
        made_at=now,
        expires_at=now + KEPT,
    )
    session.add(row)
    session.flush()
    return row


def upload(session: Session, device: Device, upload_id: str) -> Upload:
    """The device's upload, locked. Raises NotFound."""
    row = session.scalar(
        select(Upload).where(Upload.id == upload_id, Upload.device_id == device.id).with_for_update()
    )
    if row is None or row.expires_at < utcnow():
        raise NotFound(
            "not_found",
            zh="没有这个上传，或已过期，请重新创建",
            en="no such upload, or it has expired; create it again",
        )
    return row


def append(folders: Folders, row: Upload, offset: int, data: bytes) -> int:
    """Add bytes at ``offset``, flushed to disk; returns the new offset. Raises Conflict, Invalid, StorageFull."""
    if offset != row.offset:
        raise Conflict(
            "wrong_offset",
            zh=f"断点不符：服务器已有 {row.offset} 字节",
            en=f"{row.offset} bytes are here; go on from there",
        )
    if offset + len(data) > row.length:
        raise Invalid(
            "too_long", zh="数据超过声明的长度", en=f"more bytes than the {row.length} that were announced"
        )
    if not data:
        return row.offset
    path = folders.uploads / row.id
    new = not path.exists()
    if (0 if new else path.stat().st_size) < row.offset:  # a hole would be filled with zeros
        raise Conflict(
            "upload_lost",
            zh="已上传的内容在服务器上丢失，请重新创建上传",
            en="bytes of this upload were lost on the server; create it again",
        )
    with storage_guard():
        with path.open("w+b" if new else "r+b") as file:
            file.truncate(row.offset)  # what a crash left beyond the last safe byte
            file.seek(row.offset)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(folders.uploads)
    row.offset += len(data)
    return row.offset


def whole(folders: Folders, row: Upload) -> str | None:
    """The hash of an upload that is whole and not taken over yet, else none. Slow for long video: call it
    outside a transaction."""
    path = folders.uploads / row.id
    if row.offset != row.length or row.result is not None or not path.exists():
        return None
    return file_sha256(path)


def complete(session: Session, folders: Folders, device: Device, row: Upload, sha256: str) -> None:
    """Take a whole upload over, once. The same bytes again are known by their hash and not counted twice."""
    if row.result is not None:
        return
    path = folders.uploads / row.id
    stem, suffix = Path(row.filename).stem, Path(row.filename).suffix.lower()
    target = folders.footage / sha256[:2] / f"{sha256}{suffix}"
    with storage_guard():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.link(path, target)
            sync_folder(target.parent)
    if suffix in TRACKS:
        session.add(
            TrackFile(device_id=device.id, stem=stem, path=str(target), sha256=sha256, received_at=utcnow())
        )
        _give_track(session, device, stem, str(target))
        row.result = {"track": row.filename}
        return
    track = queries.track_for(session, device.id, stem)
    handed = service.Handed(
        sha256, row.length, row.filename, str(target), row.given_start, track.path if track else None
    )
    footage, duplicate = service.accept(session, f"device:{device.code}", device, handed)
    row.result = {"footage": footage.id, "duplicate": duplicate}


def discard_bytes(folders: Folders, upload_id: str) -> None:
    """After the commit: the growing file is no longer needed (the footage lies under its hash)."""
    (folders.uploads / upload_id).unlink(missing_ok=True)


def _give_track(session: Session, device: Device, stem: str, path: str) -> None:
    waiting = session.scalars(
        select(Footage).where(
            Footage.device_id == device.id, Footage.state == "accepted", Footage.track_path.is_(None)
        )
    )
    for footage in waiting:
        if Path(footage.name).stem == stem:
            footage.track_path = path
