"""The growing file of an upload: one writer at a time, flushed to disk before the row says so.

After a crash the file is cut back to what the row says. The lock is the file's own (flock), so that no transaction is
open while bytes are written: a reviewer's decision never waits for a vehicle's disk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casework.errors import Busy, Conflict, StorageFull, TooLarge
from casework.footage.tables import Upload
from casework.storage import storage_guard, sync_folder

LOCK_WAIT_S = 10.0
LOCK_ASK_S = 0.02


@dataclass(frozen=True, slots=True)
class Folders:
    """uploads: growing files. footage: whole ones, by hash."""

    uploads: Path
    footage: Path


@contextmanager
def held(folders: Folders, upload_id: str, wait_s: float = LOCK_WAIT_S) -> Iterator[Path]:
    """The growing file (made where there is none), for this caller alone. Raises Busy after ``wait_s`` seconds.

    The id must be that of a row: it becomes a file name.
    """
    path, deadline = folders.uploads / upload_id, time.monotonic() + wait_s
    while True:
        with storage_guard():
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            if _locked(handle) and _still(path, handle):
                yield path
                return
        finally:
            os.close(handle)
        if time.monotonic() > deadline:
            raise Busy(
                "upload_busy",
                zh="该上传正由另一连接写入，请稍后重试",
                en="another connection is writing to this upload; try again in a moment",
            )
        time.sleep(LOCK_ASK_S)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still(path: Path, handle: int) -> bool:
    """Whether the file that is held is the one that has the name: its last holder may have taken it away."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def append(
    folders: Folders, row: Upload, offset: int, data: bytes | Iterable[bytes], size: int | None = None,
    keep_free: int = 0,
) -> int:  # fmt: skip
    """Add bytes at ``offset``, flushed to disk; returns the new offset, which the row has then too.

    size: of ``data`` where it comes in parts. Raises Conflict, TooLarge, StorageFull; then nothing counts of it.
    """
    if isinstance(data, bytes):
        data, size = [data], len(data)
    check_room(row, offset, size or 0)
    if not size:
        return row.offset
    path = folders.uploads / row.id
    new = not path.exists()
    if (0 if new else path.stat().st_size) < row.offset:  # a hole would be filled with zeros
        raise Conflict(
            "upload_lost",
            zh="已上传的内容在服务器上丢失，请重新创建上传",
            en="bytes of this upload were lost on the server; create it again",
        )
    check_disk(folders, size, keep_free)
    with storage_guard():
        with path.open("w+b" if new else "r+b") as file:
            file.truncate(row.offset)  # what a crash left beyond the last safe byte
            file.seek(row.offset)
            for part in data:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            written = file.tell() - row.offset
        if row.offset == 0:
            sync_folder(folders.uploads)
    row.offset += written
    return row.offset


def check_room(row: Upload, offset: int, size: int) -> None:
    """Raises Conflict for another offset than the row's, TooLarge for more bytes than announced."""
    if offset != row.offset:
        raise Conflict(
            "wrong_offset",
            zh=f"断点不符：服务器已有 {row.offset} 字节",
            en=f"{row.offset} bytes are here; go on from there",
        )
    if offset + size > row.length:
        raise TooLarge(
            "too_long", zh="数据超过声明的长度", en=f"more bytes than the {row.length} that were announced"
        )


def check_disk(folders: Folders, size: int, keep_free: int) -> None:
    """Raises StorageFull when the disk would be left with less than ``keep_free`` bytes."""
    if keep_free and shutil.disk_usage(folders.uploads).free - size < keep_free:
        raise StorageFull(
            "disk_full",
            zh="服务器磁盘空间不足，暂不接收；已受理的内容不受影响，稍后会自动续传",
            en="the server's disk is nearly full: nothing more is taken in for now; what was accepted is safe, "
            "go on when there is room again",
        )
