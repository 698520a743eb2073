"""One file to the server, and a whole folder: taken up again after any break."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jiexun.upload_client.backoff import LEAST_PIECE, Backoff, piece_size
from jiexun.upload_client.errors import Later, Lost, Never
from jiexun.upload_client.folder import Seen, Settling, in_turn, scan
from jiexun.upload_client.memory import Memory, Sent
from jiexun.upload_client.remote import Progress, Remote

SCAN_EVERY_S = 1.0


class Watcher(Protocol):
    """Who is told how it goes."""

    def begins(self, name: str, size: int) -> None: ...
    def moved(self, name: str, offset: int) -> None: ...
    def ends(self, name: str, sent: Sent) -> None: ...
    def waits(self, why: str, seconds: float) -> None: ...


@dataclass(slots=True)
class Sender:
    """Sends files of one folder. give_up_s: without any progress for so long, the last error is raised; none: never."""

    folder: Path
    remote: Remote
    memory: Memory
    watcher: Watcher
    give_up_s: float | None = None
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _size: int = field(default=LEAST_PIECE, init=False)

    def send_all(self, settle_s: float, watch: bool) -> list[tuple[str, Sent]]:
        """Send what the folder holds once it has stopped growing; with ``watch`` never return."""
        settling = Settling(settle_s)
        while True:
            found = scan(self.folder)
            left = [name for name in in_turn(found) if not self._known(name, found[name]).over]
            ready = settling.settled(found, self.clock())
            for name in left:
                if name in ready:
                    self.send(name, found[name])
            if not left and not watch:
                return [(name, self._known(name, found[name])) for name in found]
            if not any(name in ready for name in left):
                self.sleep(SCAN_EVERY_S)

    def _known(self, name: str, seen: Seen) -> Sent:
        return self.memory.of(name, seen.size, seen.modified_ns)

    def send(self, name: str, seen: Seen) -> None:
        """Send one file, as often as it takes. Raises Stop; Later when it was given up."""
        sent, since = self._known(name, seen), self.clock()
        self.watcher.begins(name, seen.size)
        furthest = -1
        while not sent.over:
            try:
                if not sent.sha256:
                    sent = self.memory.keep(name, sent, sha256=_hash(self.folder / name))
                at = self._where(name, sent)
                sent = self.memory.keep(name, sent, url=at.url, state="open") if at.url != sent.url else sent
                while at.state == "open" and self._same(name, seen):
                    if at.offset > furthest:
                        furthest, since = at.offset, self.clock()
                        self.backoff.moved()
                    self.watcher.moved(name, at.offset)
                    at = self._piece(name, at)
                if at.state == "open":
                    self.remote.end(at.url)  # it has changed: as another file it gets its turn
                    break
                sent = self._over(name, sent, at)
            except Never as refused:
                if refused.code == "wrong_sha256" and sent.problem is None:  # read again, once
                    sent = self.memory.keep(
                        name, sent, sha256="", url=None, state="new", problem=str(refused)
                    )
                    continue
                sent = self.memory.keep(name, sent, state="refused", problem=str(refused))
            except FileNotFoundError:
                break
            except Lost:
                sent = self.memory.keep(name, sent, url=None, state="new")
                self._wait(Later("the server no longer has this upload; it is begun anew"), since)
            except Later as why:
                self._wait(why, since)
        self.watcher.ends(name, sent)

    def _where(self, name: str, sent: Sent) -> Progress:
        if sent.url is not None:
            return self.remote.look(sent.url)
        return self.remote.create(Path(name).name, sent.size, sent.sha256)

    def _piece(self, name: str, at: Progress) -> Progress:
        with (self.folder / name).open("rb") as file:
            file.seek(at.offset)
            data = file.read(self._size)
        if not data:
            raise Later("the file has become shorter while it was sent")
        began = self.clock()
        after = self.remote.send(at.url, at.offset, data)
        self._size = piece_size(len(data), self.clock() - began)
        return after

    def _over(self, name: str, sent: Sent, at: Progress) -> Sent:
        if at.state == "whole":
            raise Later("the server has all of it and is still checking")
        if at.state == "refused":
            raise Never(at.problem or "refused", f"refused by the server: {at.problem}")
        return self.memory.keep(name, sent, state=at.state)

    def _same(self, name: str, seen: Seen) -> bool:
        stat = (self.folder / name).stat()
        return (stat.st_size, stat.st_mtime_ns) == (seen.size, seen.modified_ns)

    def _wait(self, why: Later, since: float) -> None:
        if self.give_up_s is not None and self.clock() - since > self.give_up_s:
            raise why
        seconds = self.backoff.next_s()
        self.watcher.waits(str(why), seconds)
        self.sleep(seconds)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
