"""Content-addressed files: the name is the SHA-256 of the bytes. Written once, never changed.

A write goes to a temporary file in the same folder, is flushed to disk, then renamed: a crash leaves either
the whole file or none. The folder is flushed as well, so that the name survives a power cut.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from casework.errors import NotFound, StorageFull

CHUNK = 1 << 20


class BlobStore(Protocol):
    """Where evidence files lie."""

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their SHA-256. Raises StorageFull, with nothing half-written."""
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes. Raises NotFound."""
        ...

    def measure(self, sha256: str) -> str | None:
        """SHA-256 of what really lies there now, None when nothing does."""
        ...

    def aged(self) -> Iterator[tuple[str, datetime]]:
        """All hashes that have a file, and when it was written (aware UTC), sorted by hash where that is cheap."""
        ...

    def drop(self, sha256: str) -> None:
        """Let a file go. For stored looks, never for evidence. Nothing happens when there is none."""
        ...


class FileStore:
    """Files on disk under ``root``, two levels of folders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lies."""
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def put(self, data: bytes) -> str:
        """See BlobStore."""
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        if target.exists() and target.stat().st_size == len(data):
            return sha256
        with storage_guard():
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).chmod(0o440)
                Path(name).replace(target)
            finally:
                Path(name).unlink(missing_ok=True)
            sync_folder(target.parent)
        return sha256

    def get(self, sha256: str) -> bytes:
        """See BlobStore."""
        return self.existing(sha256).read_bytes()

    def existing(self, sha256: str) -> Path:
        """Where the file with this hash lies. Raises NotFound when it does not."""
        path = self.path(sha256)
        if not path.is_file():
            raise evidence_missing(sha256)
        return path

    def measure(self, sha256: str) -> str | None:
        """See BlobStore."""
        path = self.path(sha256)
        return file_sha256(path) if path.exists() else None

    def aged(self) -> Iterator[tuple[str, datetime]]:
        """See BlobStore."""
        for path in sorted(self.root.glob("??/??/*")):
            if not path.name.startswith("."):
                yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def drop(self, sha256: str) -> None:
        """See BlobStore."""
        self.path(sha256).unlink(missing_ok=True)


def evidence_missing(sha256: str) -> NotFound:
    """No file, or one with other bytes, lies where this hash says."""
    return NotFound(
        "evidence_missing",
        zh=f"证据文件缺失：{sha256[:12]}，请运行 jiexun verify",
        en=f"evidence file {sha256[:12]} is missing; run jiexun verify",
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class storage_guard:  # noqa: N801 - used as a verb
    """Turns a full disk or quota into StorageFull; other errors pass."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull(
                "disk_full",
                zh="磁盘空间不足，本次内容未写入；请清理磁盘后重试，已受理的内容不受影响",
                en="the disk is full: this was not written; free some space and send it again, "
                "what was accepted before is safe",
            ) from error
