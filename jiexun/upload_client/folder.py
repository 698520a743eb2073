"""Which files a folder holds, and which of them have stopped growing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from casework.footage.uploads import TRACKS, VIDEOS


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at a moment. modified_ns: as the file system says."""

    size: int
    modified_ns: int


def scan(folder: Path) -> dict[str, Seen]:
    """Videos and tracks under ``folder``, by their path within it. Hidden files and folders, links and empty files are
    left alone; a file that goes meanwhile is not there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in TRACKS | VIDEOS or any(part.startswith(".") for part in inside.parts):
            continue
        try:
            stat = path.lstat()
        except FileNotFoundError:
            continue
        if path.is_file() and not path.is_symlink() and stat.st_size:
            found[str(inside)] = Seen(stat.st_size, stat.st_mtime_ns)
    return found


def in_turn(found: Mapping[str, Seen]) -> list[str]:
    """Tracks before videos, so that footage need not wait for its positions; then the oldest first."""
    return sorted(
        found, key=lambda name: (Path(name).suffix.lower() not in TRACKS, found[name].modified_ns, name)
    )


@dataclass(slots=True)
class Settling:
    """Files that have not changed for ``settle_s`` seconds, by what was seen again and again. Recorders write in
    bursts, and their clocks may be off: a file's own date is not trusted."""

    settle_s: float
    _since: dict[str, tuple[Seen, float]] = field(default_factory=dict)

    def settled(self, found: Mapping[str, Seen], now_s: float) -> set[str]:
        """Which of ``found`` are ready. now_s: any clock that only runs forward."""
        self._since = {
            name: self._since[name] if self._since.get(name, (None,))[0] == seen else (seen, now_s)
            for name, seen in found.items()
        }
        return {name for name, (_, since) in self._since.items() if now_s - since >= self.settle_s}
