"""A folder where a platform drops snapshots.

Written as a path, or as ``file:///path?device=34020000001320000001&then=delete&stale=900``:

- ``device``: 20 digits of GB/T 28181; only pictures whose name begins with them. A camera whose own code is 20
  digits needs it not. Without either all pictures in the folder are this camera's.
- ``then``: what becomes of a picture once the next one is asked for (so that a crash in between loses none):
  ``keep`` (the platform clears up), ``delete``, or ``move`` (to ``taken/`` below the folder). Older pictures that
  were passed over go the same way: the newest counts, nothing is caught up.
- ``stale``: s; a picture older than this is not of now.

Names: see ingest.file_names. A name without a time: the file's date. Pictures may lie in folders below, two deep.
Files that end in ``.tmp`` or ``.part`` or begin with a dot are not finished; others are waited for until they are
whole.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, cast
from urllib.parse import parse_qs, unquote, urlsplit

from ingest.errors import BadStream, BadVideo
from ingest.file_names import gb28181_snapshot, time_in_name
from ingest.frame import Frame, Position, TimeSource
from ingest.picture_file import decode_picture, media_type
from ingest.pictures import MAX_BYTES
from ingest.streams.clock import AHEAD_S
from ingest.streams.model import FaultCode, SourceState, StreamAddress, StreamFault
from ingest.streams.standing import Standing

Then = Literal["keep", "delete", "move"]
TAKEN = "taken"
RESCAN_S = 0.5
WRITING_S = 10.0
"""A picture that is cut off and was written to within this, s, is still being written."""
STALE_S = 900.0
MAX_FILES = 100_000
DEPTH = 2
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class Place:
    """What a folder's address says. device: 20 digits, or none: all pictures."""

    path: Path
    device: str | None = None
    then: Then = "keep"
    stale_s: float = STALE_S


def place_of(address: StreamAddress, device_id: str) -> Place:
    """Raises BadStream, one line, for what cannot be."""
    own = device_id if len(device_id) == 20 and device_id.isdigit() else None
    if not address.url.startswith("file:"):
        return Place(Path(address.url), own)
    parts = urlsplit(address.url)
    told = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(told) - {"device", "then", "stale"}
    if unknown:
        raise BadStream(f"{parts.path}: {', '.join(sorted(unknown))} unknown; give device, then, stale")
    device, then = told.get("device", own), told.get("then", "keep")
    if device is not None and not (len(device) == 20 and device.isdigit()):
        raise BadStream(f"{parts.path}: device={device} is not 20 digits")
    if then not in ("keep", "delete", "move"):
        raise BadStream(f"{parts.path}: then={then} is unknown; give keep, delete or move")
    try:
        stale_s = float(told.get("stale", STALE_S))
    except ValueError:
        raise BadStream(f"{parts.path}: stale={told['stale']} is no number of seconds") from None
    return Place(Path(unquote(parts.path)), device, cast("Then", then), stale_s)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A picture file. stamp: UTC, from its name, or none. at: that, or the file's date where there is none or it
    lies ahead (a fast clock must not hide the pictures that come after it is mended).
    """

    path: Path
    device: str | None
    at: datetime
    stamp: datetime | None


class Listing:
    """What lies in a folder, listed at most twice a second however many cameras share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._listed_at = float("-inf")
        self._by_device: dict[str | None, list[Dropped]] = {}

    def of(self, device: str | None) -> list[Dropped]:
        """Oldest first. Raises OSError."""
        with self._lock:
            if time.monotonic() - self._listed_at >= RESCAN_S:
                self._by_device = self._list()
                self._listed_at = time.monotonic()
            if device is not None:
                return self._by_device.get(device, [])
            return sorted((d for found in self._by_device.values() for d in found), key=lambda d: d.at)

    def devices(self) -> set[str]:
        """Named in the last listing."""
        return {device for device in self._by_device if device is not None}

    def _list(self) -> dict[str | None, list[Dropped]]:
        found: dict[str | None, list[Dropped]] = {}
        for i, entry in enumerate(_files(self.path, DEPTH)):
            if i >= MAX_FILES:
                break
            dropped = _dropped(entry)
            if dropped is not None:
                found.setdefault(dropped.device, []).append(dropped)
        for pictures in found.values():
            pictures.sort(key=lambda d: (d.at, d.path.name))
        return found


def _files(path: Path, depth: int) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth and entry.name != TAKEN:
                    yield from _files(Path(entry.path), depth - 1)
            elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(_SUFFIXES):
                yield entry


def _dropped(entry: os.DirEntry[str]) -> Dropped | None:
    snapshot = gb28181_snapshot(entry.name)
    device, stamp = snapshot if snapshot is not None else (None, time_in_name(entry.name))
    if stamp is not None and stamp <= datetime.now(UTC) + timedelta(seconds=AHEAD_S):
        return Dropped(Path(entry.path), device, stamp, stamp)
    try:
        written = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
    except FileNotFoundError:
        return None
    return Dropped(Path(entry.path), device, written, stamp)


_listings: OrderedDict[Path, Listing] = OrderedDict()
_listings_lock = threading.Lock()


def listing(path: Path) -> Listing:
    """The one of this folder; the least used of 64 is forgotten."""
    with _listings_lock:
        found = _listings.setdefault(path, Listing(path))
        _listings.move_to_end(path)
        while len(_listings) > 64:
            _listings.popitem(last=False)
        return found


class Folder:
    """See LiveSource. No thread."""

    def __init__(self, device_id: str, address: StreamAddress, position: Position | None = None) -> None:
        self._device_id, self._position = device_id, position
        self._place = place_of(address, device_id)
        self._standing = Standing()
        self._over = threading.Event()
        self._after: datetime | None = None
        self._taken: Dropped | None = None
        self._refused: OrderedDict[Path, None] = OrderedDict()
        self._index = 0

    @property
    def state(self) -> SourceState:
        """Now."""
        return self._standing.state

    def grab(self, timeout_s: float) -> Frame:
        """See LiveSource. What was handed out before is cleared away first (``then``)."""
        deadline = time.monotonic() + timeout_s
        self._clear()
        fault: StreamFault | None = None
        while not self._over.is_set():
            try:
                frame = self._newest()
            except StreamFault as found:
                fault, frame = found, None
            if frame is not None:
                self._standing.works()
                self._standing.handed_out(frame, frame.media_type or "")
                return frame
            left = deadline - time.monotonic()
            if left <= 0:
                fault = fault or self._fault(
                    FaultCode.SILENT,
                    f"no new picture in {timeout_s:.0f} s; does the platform still take snapshots?",
                )
                self._standing.fails(fault, 0.0)
                raise fault
            self._over.wait(min(left, RESCAN_S))
        raise self._fault(FaultCode.ENDED, "this source was closed")

    def close(self) -> None:
        """See LiveSource."""
        self._over.set()

    def _newest(self) -> Frame | None:
        """The newest picture that is whole and was not handed out; none when it is to be waited for."""
        try:
            seen = listing(self._place.path)
            found = seen.of(self._place.device)
        except FileNotFoundError:
            raise self._fault(
                FaultCode.MISSING, "there is no such folder; check the path and the share"
            ) from None
        except OSError as error:
            raise self._fault(
                FaultCode.REFUSED, f"{error.strerror}; check the rights and the share"
            ) from None
        if self._place.device is None and len(seen.devices()) > 1:
            raise self._fault(FaultCode.MIXED, "pictures of several devices; add ?device= with 20 digits")
        for dropped in reversed(found):
            if self._after is not None and dropped.at <= self._after:
                break
            if dropped.path in self._refused:
                continue
            frame = self._frame(dropped)
            if frame is not None:
                self._after, self._taken = dropped.at, dropped
                return frame
        return None

    def _frame(self, dropped: Dropped) -> Frame | None:
        now = datetime.now(UTC)
        age = (now - dropped.at).total_seconds()
        if age > self._place.stale_s:
            raise self._fault(
                FaultCode.STALE,
                f"the newest picture is {age / 60:.0f} minutes old; does the platform still deliver?",
            )
        try:
            status = dropped.path.stat()
            data = dropped.path.read_bytes() if status.st_size <= MAX_BYTES else b""
        except OSError:  # moved away in between, or not yet ours to read
            return None
        written = datetime.fromtimestamp(status.st_mtime, UTC)
        try:
            image = decode_picture(data, dropped.path.name)
        except BadVideo as error:
            if now - written > timedelta(seconds=WRITING_S):
                self._refuse(dropped.path)
                raise StreamFault(FaultCode.NOT_A_PICTURE, str(error)) from None
            return None
        if dropped.stamp is not None:
            self._standing.clock((dropped.stamp - written).total_seconds())
        source = TimeSource.DEVICE if dropped.stamp == dropped.at else TimeSource.SERVER
        self._index += 1
        return Frame(
            self._device_id,
            self._index - 1,
            dropped.at,
            source,
            image,
            self._position,
            data,
            media_type(data),
        )

    def _refuse(self, path: Path) -> None:
        self._refused[path] = None
        while len(self._refused) > 1000:
            self._refused.popitem(last=False)

    def _clear(self) -> None:
        """What was handed out, and what is older, goes the way the address says."""
        taken = self._taken
        if taken is None or self._place.then == "keep":
            return
        self._taken = None
        try:
            older = [d for d in listing(self._place.path).of(self._place.device) if d.at <= taken.at]
            for dropped in older:
                if self._place.then == "delete":
                    dropped.path.unlink(missing_ok=True)
                else:
                    (self._place.path / TAKEN).mkdir(exist_ok=True)
                    os.replace(dropped.path, self._place.path / TAKEN / dropped.path.name)
        except FileNotFoundError:  # somebody else clears up too
            return
        except OSError as error:
            raise self._fault(
                FaultCode.REFUSED, f"pictures cannot be cleared away ({error.strerror}); check the rights"
            ) from None

    def _fault(self, code: FaultCode, what: str) -> StreamFault:
        return StreamFault(code, f"{self._place.path}: {what}")
