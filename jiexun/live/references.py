"""Features of reference pictures, for thousands of cameras: half a megabyte each, on disk, a few in memory."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from casework.storage import BlobStore
from detector.care.aligning import Reference, reference_of
from detector.care.features import Features
from ingest.picture_file import decode_picture

FORMAT = 1
"""Counted up whenever features are made otherwise."""
IN_MEMORY = 64


class References:
    """store: where the pictures are. folder: where their features are kept; what is lost there is made again."""

    def __init__(self, store: BlobStore, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Reference] = OrderedDict()

    def of(self, sha256: str) -> Callable[[], Reference]:
        """What fetches the features of a picture. Raises NotFound where there is no such picture."""
        if not self._path(sha256).exists():
            self._get(sha256)
        return lambda: self._get(sha256)

    def _get(self, sha256: str) -> Reference:
        with self._lock:
            found = self._held.get(sha256)
            if found is not None:
                self._held.move_to_end(sha256)
                return found
        found = self._read(sha256) or self._make(sha256)
        with self._lock:
            self._held[sha256] = found
            while len(self._held) > IN_MEMORY:
                self._held.popitem(last=False)
        return found

    def _read(self, sha256: str) -> Reference | None:
        try:
            with np.load(io.BytesIO(self._path(sha256).read_bytes()), allow_pickle=False) as parts:
                width, height, bright, sharpness = parts["numbers"].tolist()
                own = Features(
                    (int(width), int(height)),
                    parts["grey"], parts["edges"], parts["strength"], parts["thumbnail"], bright, sharpness,
                )  # fmt: skip
                return Reference(own, parts["places"])
        except (OSError, ValueError, KeyError):
            return None

    def _make(self, sha256: str) -> Reference:
        made = reference_of(decode_picture(self._store.get(sha256), "reference"))
        own, out = made.own, io.BytesIO()
        np.savez(
            out,
            numbers=np.array([*own.size, own.bright, own.sharpness], np.float64),
            grey=own.grey, edges=own.edges, strength=own.strength, thumbnail=own.thumbnail, places=made.places,
        )  # fmt: skip
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{threading.get_ident()}")
        part.write_bytes(out.getvalue())
        part.replace(path)
        return made

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}-{FORMAT}.npz"
