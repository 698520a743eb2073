"""Content-addressed files: whole or not at all, also on a disk that is full."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.errors import NotFound, StorageFull
from casework.footage.growing import Folders, append
from casework.footage.tables import Upload
from casework.storage import FileStore, storage_guard

DATA = b"what a camera saw"
NAME = hashlib.sha256(DATA).hexdigest()
ROOT = Path(__file__).resolve().parents[2]


def _files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def test_a_file_is_named_by_its_bytes(store: FileStore) -> None:
    assert store.put(DATA) == NAME
    assert store.get(NAME) == DATA
    assert store.measure(NAME) == NAME
    assert _files(store.root) == [store.root / NAME[:2] / NAME[2:4] / NAME]
    assert list(dict(store.aged())) == [NAME]


def test_the_same_bytes_again_change_nothing(store: FileStore) -> None:
    store.put(DATA)
    before = store.path(NAME).stat()
    assert store.put(DATA) == NAME
    after = store.path(NAME).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_nobody_may_write_to_a_kept_file(store: FileStore) -> None:
    store.put(DATA)
    assert store.path(NAME).stat().st_mode & 0o222 == 0


def test_a_file_that_a_crash_cut_short_is_written_again(store: FileStore) -> None:
    """Without the rename this could not be; a file system that lost its journal can still leave it."""
    store.put(DATA)
    store.path(NAME).chmod(0o600)
    store.path(NAME).write_bytes(DATA[:5])
    assert store.measure(NAME) != NAME
    store.put(DATA)
    assert store.measure(NAME) == NAME


def test_what_is_not_there(store: FileStore) -> None:
    assert store.measure(NAME) is None
    with pytest.raises(NotFound) as caught:
        store.get(NAME)
    assert caught.value.code == "evidence_missing"
    assert NAME[:12] in caught.value.zh


def test_a_failed_flush_leaves_nothing(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        store.put(DATA)
    assert _files(store.root) == []


def test_only_a_full_disk_is_called_full() -> None:
    with pytest.raises(PermissionError), storage_guard():
        raise PermissionError(errno.EACCES, "Permission denied")
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        with pytest.raises(StorageFull), storage_guard():
            raise OSError(number, os.strerror(number))


def _mount(folder: Path) -> bool:
    """A file system of 256 KiB at ``folder``; needs root with the right to mount."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=256k") == 0


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system that is soon full. Skips where mounting is not allowed; the next test does not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or not _mount(disk):
        pytest.skip("no right to mount a small file system here; the file-size limit is tested instead")
    yield disk
    assert ctypes.CDLL(None).umount(os.fsencode(disk)) == 0


def test_a_disk_that_is_full_takes_nothing_half(tiny_disk: Path) -> None:
    store = FileStore(tiny_disk / "evidence")
    kept = store.put(b"a" * 100_000)
    before = _files(tiny_disk)
    with pytest.raises(StorageFull) as caught:
        store.put(b"b" * 400_000)
    assert caught.value.code == "disk_full"
    assert _files(tiny_disk) == before
    assert store.measure(kept) == kept
    assert store.put(b"c" * 50_000)  # what fits is still taken


def test_an_upload_on_a_full_disk_keeps_what_was_safe(tiny_disk: Path) -> None:
    row = Upload(id="u", length=1_000_000, offset=0, filename="a.mp4")
    folders = Folders(tiny_disk, tiny_disk)
    assert append(folders, row, 0, b"a" * 100_000) == 100_000
    with pytest.raises(StorageFull):
        append(folders, row, 100_000, b"b" * 400_000)
    assert row.offset == 100_000
    assert append(folders, row, 100_000, b"c" * 1000) == 101_000
    assert (tiny_disk / "u").read_bytes() == b"a" * 100_000 + b"c" * 1000


def test_a_file_size_limit_takes_nothing_half(tmp_path: Path) -> None:
    """The same through the kernel's limit on file sizes (EFBIG), which needs no rights. In a process of its own."""
    program = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from casework.errors import StorageFull
        from casework.storage import FileStore

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        store = FileStore(Path(sys.argv[1]))
        store.put(b"a" * 9_000)
        try:
            store.put(b"b" * 20_000)
        except StorageFull as error:
            print(error.code, [p.stat().st_size for p in Path(sys.argv[1]).rglob("*") if p.is_file()])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "disk_full [9000]"
