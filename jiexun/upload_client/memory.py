"""What a folder has sent, in a small file beside it: hashes (so that 20 GB are read once) and addresses of uploads.

Losing it costs time only: the server knows whole files by their hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from jiexun.upload_client.errors import Stop

NAME = ".jiexun-upload.json"


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it was when it was read. state: new, open, accepted, duplicate, refused."""

    size: int
    mtime_ns: int
    sha256: str = ""
    url: str | None = None
    state: str = "new"
    problem: str | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in ("accepted", "duplicate", "refused")


@dataclass(slots=True)
class Memory:
    """Files by their path within the folder. Another server knows nothing: its memory is empty."""

    path: Path
    server: str
    files: dict[str, Sent] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, server: str) -> Memory:
        """What is written there; a file that cannot be read is as good as none."""
        memory = cls(path, server)
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            data = json.loads(path.read_text("utf-8"))
            if data["server"] == server:
                memory.files = {name: Sent(**one) for name, one in data["files"].items()}
        return memory

    def of(self, name: str, size: int, mtime_ns: int) -> Sent:
        """The file's row; a new one when the file has changed since."""
        known = self.files.get(name)
        return known if known and (known.size, known.mtime_ns) == (size, mtime_ns) else Sent(size, mtime_ns)

    def keep(self, name: str, sent: Sent, **changed: str | None) -> Sent:
        """Write a row: whole or not at all."""
        self.files[name] = sent = replace(sent, **changed)  # type: ignore[arg-type]  # text fields only
        data = {"server": self.server, "files": {n: asdict(s) for n, s in self.files.items()}}
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        return sent


@contextmanager
def alone(folder: Path, memory: Path) -> Iterator[None]:
    """One client for a folder. Raises Stop when another is at work there, or the folder cannot be written to."""
    try:
        handle = os.open(memory.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Stop(
            f"{memory.parent} cannot be written to ({error.strerror}); give --state FILE elsewhere"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Stop(f"another jiexun upload is at work on {folder}") from error
        yield
    finally:
        os.close(handle)
