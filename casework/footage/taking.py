"""Taking whole uploads over: first the file under its hash, then the rows. Done once, however often it is begun."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from casework.db import Database, utcnow
from casework.devices.tables import Device
from casework.errors import Busy, CaseworkError, Conflict, Invalid
from casework.footage import queries, service, sidecars
from casework.footage.growing import Folders, append, held
from casework.footage.limits import Limits
from casework.footage.sidecars import Beside
from casework.footage.tables import Upload
from casework.footage.uploads import FINAL, PARTIAL, TRACKS, UNFINISHED, advance, upload
from casework.storage import file_sha256, storage_guard, sync_folder

LEFT = timedelta(minutes=10)
"""A whole upload that nobody asks for is taken over after so long: its server may have been killed in between."""
ORPHAN_S = 86_400.0
COPY_BYTES = 4 * 2**20


def take_over(
    database: Database, folders: Folders, device: Device, upload_id: str, wait_s: float = 10.0
) -> Upload:
    """Make a whole upload footage or a track. One that is not whole, a part, or taken over: left as it is.

    Raises Busy; Conflict or Invalid when the bytes are refused, which the row then says, too.
    """
    with held(folders, upload_id, wait_s) as path:
        with database.read() as session:
            row = upload(session, device, upload_id, lock=False)
        if row.state != "whole" or row.concat == PARTIAL:
            if row.state not in UNFINISHED:
                path.unlink(missing_ok=True)
            return row
        try:
            return _taken(database, folders, device, row)
        except (Conflict, Invalid) as refused:
            # Said once, with the reason kept: a client that asks again is not to send or to wait for ever.
            with database.write() as session:
                row = upload(session, device, upload_id)
                row.state = "refused"
                row.result = {"error": refused.code, "zh": refused.zh, "en": refused.en}
            raise
        finally:
            with database.read() as session:
                over = upload(session, device, upload_id, lock=False).state not in UNFINISHED
            if over:
                path.unlink(missing_ok=True)


def _taken(database: Database, folders: Folders, device: Device, row: Upload) -> Upload:
    path = folders.uploads / row.id
    if path.stat().st_size < row.length:
        raise Conflict(
            "upload_lost",
            zh="已上传的内容在服务器上丢失，请重新创建上传",
            en="bytes of this upload were lost on the server; create it again",
        )
    sha256 = whole(folders, row)
    if row.sha256 is not None and row.sha256 != sha256:
        raise Invalid(
            "wrong_sha256",
            zh="内容与声明的 SHA-256 不符，请重新上传",
            en="the bytes do not have the announced SHA-256; send the file again",
        )
    beside = sidecars.read_beside(path, row.filename) if _is_track(row) else sidecars.read_inside(path)
    with database.write() as session:
        row = upload(session, device, row.id)
        complete(session, folders, device, row, sha256, beside)
    return row


def whole(folders: Folders, row: Upload) -> str:
    """The hash of a whole upload. Slow for long video: never within a transaction."""
    path = folders.uploads / row.id
    if path.stat().st_size > row.length:  # what a crash left beyond the last safe byte
        os.truncate(path, row.length)
    return file_sha256(path)


def _is_track(row: Upload) -> bool:
    return Path(row.filename).suffix.lower() in TRACKS


def complete(
    session: Session, folders: Folders, device: Device, row: Upload, sha256: str, beside: Beside | None
) -> None:
    """Take a whole upload over, once. The same bytes again are known by their hash and not counted twice."""
    if row.state != "whole":
        return
    path, now = folders.uploads / row.id, utcnow()
    stem, suffix = Path(row.filename).stem, Path(row.filename).suffix.lower()
    target = folders.footage / sha256[:2] / f"{sha256}{suffix}"
    with storage_guard():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            os.link(path, target)
            sync_folder(target.parent)
    made = sidecars.track_file(device, stem, target, sha256, beside, now) if beside else None
    row.state = "accepted"
    if _is_track(row):
        assert made is not None
        known = queries.same_track(session, device.id, stem, sha256)
        if known is None:
            session.add(made)
        sidecars.give(session, device, known or made)
        row.state = "duplicate" if known else "accepted"
        row.result = {"track": row.filename, **({"faults": made.faults} if not made.positions else {})}
        return
    track, said = queries.track_for(session, device.id, stem), queries.start_for(session, device.id, stem)
    start = row.given_start or said or (beside.start if beside else None)
    inside = str(target) if beside else None
    handed = service.Handed(
        sha256, row.length, row.filename, str(target), start, track.path if track else inside
    )
    footage, duplicate = service.accept(session, f"device:{device.code}", device, handed)
    if made is not None and not duplicate:
        session.add(made)
    row.state = "duplicate" if duplicate else "accepted"
    row.result = {"footage": footage.id, "duplicate": duplicate}


def join(database: Database, folders: Folders, device: Device, row: Upload, limits: Limits) -> Upload:
    """Write the parts of a final upload one behind the other, and take it over. Begun anew after a crash.

    Raises Busy, StorageFull, and what ``take_over`` raises.
    """
    parts = (row.concat or "").removeprefix(FINAL).split()
    if row.state == "open":
        with held(folders, row.id):
            with database.read() as session:
                row = upload(session, device, row.id, lock=False)
            if row.state == "open":
                append(folders, row, 0, _bytes_of(folders, parts), row.length, limits.keep_free)
                with database.write() as session:
                    advance(session, row, 0, limits)
    row = take_over(database, folders, device, row.id)
    with database.write() as session:
        for part in session.scalars(
            select(Upload).where(Upload.id.in_(parts), Upload.device_id == device.id)
        ):
            part.state = "joined"
    for name in parts:
        (folders.uploads / name).unlink(missing_ok=True)
    return row


def _bytes_of(folders: Folders, parts: list[str]) -> Iterator[bytes]:
    for name in parts:
        with (folders.uploads / name).open("rb") as file:
            while data := file.read(COPY_BYTES):
                yield data


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: uploads that expired, whole ones that it took over, files that nobody needs."""

    expired: int = 0
    taken: int = 0
    files: int = 0


def sweep(database: Database, folders: Folders) -> Swept:
    """Drop unfinished uploads whose time is over, never a whole one: those are taken over."""
    now = utcnow()
    with database.write() as session:
        late = select(Upload).where(Upload.state.in_(UNFINISHED), Upload.expires_at < now)
        expired = [u for u in session.scalars(late) if u.state == "open" or u.concat == PARTIAL]
        for row in expired:
            row.state = "expired"
    with database.read() as session:
        left = select(Upload.id, Upload.device_id).where(
            Upload.state == "whole",
            Upload.moved_at < now - LEFT,
            (Upload.concat.is_(None)) | (Upload.concat != PARTIAL),
        )
        waiting = [(row.id, row.device_id) for row in session.execute(left)]
    taken = sum(_take_left(database, folders, *one) for one in waiting)
    return Swept(len(expired), taken, _drop_files(database, folders))


def _take_left(database: Database, folders: Folders, upload_id: str, device_id: int) -> bool:
    with database.read() as session:
        device = session.get_one(Device, device_id, options=[joinedload(Device.squad)])
    try:
        return take_over(database, folders, device, upload_id, wait_s=0.0).state not in UNFINISHED
    except Busy:
        return False  # somebody is at it
    except CaseworkError:
        return True  # refused, and the row says why


def _drop_files(database: Database, folders: Folders) -> int:
    """Files of uploads that are over, and old ones that no row names."""
    dropped = 0
    names = [p for p in folders.uploads.iterdir() if p.is_file()]
    with database.read() as session:
        query = select(Upload.id, Upload.state).where(Upload.id.in_([p.name for p in names]))
        known = {row.id: row.state for row in session.execute(query)}
    for path in names:
        state = known.get(path.name)
        orphan = state is None and time.time() - path.stat().st_mtime > ORPHAN_S
        if orphan or (state is not None and state not in UNFINISHED):
            path.unlink(missing_ok=True)
            dropped += 1
    return dropped
