"""Pictures that may still become evidence, as files: memory stays flat however many cameras there are.

A picture lies here from the look on until its scene wants it no more. A killed worker's successor finds it; a power
cut may cost the newest ones (nothing is flushed), and a violation is then raised with the pictures that are left.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from casework.live.queries import StoredLook
from casework.storage import storage_guard
from detector.detections import Detections
from ingest.errors import BadVideo
from ingest.frame import Frame, Position, TimeSource
from ingest.picture_file import decode_picture, media_type
from jiexun.pipeline.exhibits import original
from jiexun.pipeline.lookbook import Look, Shift


class Spool:
    """A folder for each camera's day; a file for each look that is wanted."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, name: str, number: int | str, data: bytes) -> None:
        """Keep a picture: the whole file or none. Raises StorageFull."""
        target = self._path(name, number)
        part = target.with_name(f".{target.name}")
        with storage_guard():
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(target)

    def read(self, name: str, number: int | str) -> bytes | None:
        """The picture, none when it is not there (any more)."""
        try:
            return self._path(name, number).read_bytes()
        except FileNotFoundError:
            return None

    def drop(self, name: str, number: int) -> None:
        """Let one go."""
        self._path(name, number).unlink(missing_ok=True)

    def forget(self, name: str) -> None:
        """Let a whole day go."""
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def sweep(self, keep_s: float, most_bytes: int) -> int:
        """Let days go that nothing was written to for ``keep_s`` seconds, and the oldest while all together are more
        than ``most_bytes``; returns how many went.
        """
        found = sorted(self._days())
        total, gone = sum(day.size for day in found), 0
        for day in found:
            if time.time() - day.written_at <= keep_s and total <= most_bytes:
                break
            shutil.rmtree(day.folder, ignore_errors=True)
            total, gone = total - day.size, gone + 1
        return gone

    def _days(self) -> Iterator[_Day]:
        for folder in self.root.glob("??/*"):
            try:
                with os.scandir(folder) as entries:
                    size = sum(entry.stat().st_size for entry in entries)
                yield _Day(folder.stat().st_mtime, size, folder)
            except OSError:
                continue  # it went meanwhile

    def _folder(self, name: str) -> Path:
        return self.root / f"{sum(name.encode()) % 256:02x}" / name

    def _path(self, name: str, number: int | str) -> Path:
        return self._folder(name) / str(number)


@dataclass(frozen=True, slots=True, order=True)
class _Day:
    written_at: float
    size: int
    folder: Path


@dataclass(frozen=True, slots=True)
class _Kept:
    """A look without its picture. number: of the file."""

    number: int
    time_source: TimeSource
    seen: Detections
    shift: Shift


class SpoolBook:
    """The wanted looks of one camera's day. What is wanted no more is dropped at ``settle``, after the commit: a
    scene that is rebuilt from what was committed may still want it.
    """

    def __init__(self, spool: Spool, name: str, device_code: str, position: Position | None) -> None:
        self._spool, self._name = spool, name
        self._code, self._position = device_code, position
        self._looks: dict[datetime, _Kept] = {}
        self._over: list[int] = []

    def keep(self, look: Look, wanted: frozenset[datetime]) -> None:
        """See ``Book``. Raises StorageFull."""
        frame = look.frame
        if frame.captured_at in wanted:
            self._spool.keep(self._name, frame.index, original(frame)[0])
            self._looks[frame.captured_at] = _Kept(frame.index, frame.time_source, look.seen, look.shift)
        self._forget(wanted)

    def remember(self, look: StoredLook, wanted: frozenset[datetime]) -> None:
        """The same for a look whose picture was kept before, while a scene is rebuilt."""
        if look.captured_at in wanted:
            source = TimeSource(look.time_source)
            self._looks[look.captured_at] = _Kept(look.number, source, look.seen, look.shift)
        self._forget(wanted)

    def at(self, captured_at: datetime) -> Look | None:
        """See ``Book``; none too when the picture is lost or damaged."""
        kept = self._looks.get(captured_at)
        data = self._spool.read(self._name, kept.number) if kept else None
        if kept is None or data is None:
            return None
        try:
            image = decode_picture(data, self._code)
        except BadVideo:
            return None
        frame = Frame(
            self._code,
            kept.number,
            captured_at,
            kept.time_source,
            image,
            self._position,
            data,
            media_type(data),
        )
        return Look(frame, kept.seen, kept.shift)

    def settle(self) -> None:
        """What was judged is committed: drop the pictures that are wanted no more."""
        over, self._over = self._over, []
        for number in over:
            self._spool.drop(self._name, number)

    @property
    def memory(self) -> dict[datetime, _Kept]:
        """What is kept, without the pictures; ``recall`` takes it back."""
        return dict(self._looks)

    def recall(self, memory: dict[datetime, _Kept]) -> None:
        """Go on from there."""
        self._looks = dict(memory)

    def __len__(self) -> int:
        return len(self._looks)

    def _forget(self, wanted: frozenset[datetime]) -> None:
        for at in [at for at in self._looks if at not in wanted]:
            self._over.append(self._looks.pop(at).number)
