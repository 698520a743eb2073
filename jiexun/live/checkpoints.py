"""A camera's scene on disk, now and then: whoever takes over goes on from there, and judges no whole day again.

Kept in the spool, which only this program writes, by pickle: of the very same code only, else all is judged anew from
the stored looks. Nothing is lost with it but time, and what camera care and the class-free path had learnt.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import detector
import jiexun
from jiexun.live.spool import Spool

EVERY = 12
"""Looks: at one in five minutes once an hour. A look is judged again in about a millisecond, a day in a third of a
second, which 13,000 cameras cannot have at once."""
FILE, BACKGROUND = "scene", "background"
_BROKEN = (
    pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a camera knew after so many looks of its day were committed. parts: by name, see ``LiveCamera.memory``."""

    code: str
    looks: int
    parts: dict[str, Any]


def _read_only(value: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(value)


def _proxy(value: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _read_only, (dict(value),)


class _Pickler(pickle.Pickler):
    """Takes read-only mappings too."""

    dispatch_table = copyreg.dispatch_table | {MappingProxyType: _proxy}


def save(spool: Spool, name: str, looks: int, parts: dict[str, Any], file: str = FILE) -> None:
    """Raises StorageFull."""
    out = io.BytesIO()
    _Pickler(out, protocol=5).dump(Checkpoint(_code(), looks, parts))
    spool.keep(name, file, out.getvalue())


def load(spool: Spool, name: str, looks: int, file: str = FILE) -> Checkpoint | None:
    """The checkpoint, if it is of this code and no later than what is committed (``looks``)."""
    data = spool.read(name, file)
    if data is None:
        return None
    try:
        found = pickle.loads(data)
    except _BROKEN:
        return None
    fits = isinstance(found, Checkpoint) and found.code == _code() and found.looks <= looks
    return found if fits else None


@cache
def _code() -> str:
    """Of the code that made what is kept."""
    digest = hashlib.sha256()
    for package in (detector, jiexun):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
