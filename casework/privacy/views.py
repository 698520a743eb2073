"""Copies for viewing: every picture and clip that a person is shown comes from here, without faces and plates."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from casework.db import Database
from casework.errors import Conflict, NotCovered
from casework.evidence.pictures import opened, written
from casework.privacy import queries
from casework.storage import BlobStore
from detector.errors import DetectorError
from detector.privacy.covering import covered
from detector.privacy.regions import Limits, Regions
from ingest.frame import Image


class Finder(Protocol):
    """Finds faces and plates; ``detector.privacy.finder.RegionFinder``. Safe to share between threads."""

    @property
    def limits(self) -> Limits:
        """How they are covered."""
        ...

    @property
    def id(self) -> str:
        """What it found is kept under this name."""
        ...

    def regions_of(self, image: Image) -> Regions:
        """Of one picture (H, W, 3) uint8 BGR."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """One viewing copy of a picture. caption: written on it; width: at most, px; clear: as it was recorded."""

    sha256: str
    caption: str = ""
    width: int | None = None
    clear: bool = False


class Views:
    """Makes viewing copies; the sealed files are only read.

    copies: where blurred clips lie: apart from evidence, they can be made again. memory: bytes of the last pictures
    that are kept ready.
    """

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        copies: BlobStore,
        finder: Finder,
        memory: int = 64 << 20,
    ) -> None:
        self._database, self.store, self.copies, self.finder = database, store, copies, finder
        self._memory, self._lock = memory, Lock()
        self._ready: OrderedDict[Wanted, bytes] = OrderedDict()

    def picture(self, wanted: Wanted) -> bytes:
        """A JPEG. Raises NotFound when the file is missing or broken, NotCovered, StorageDown."""
        if wanted.clear:  # never kept: who may see it is decided anew each time
            return written(opened(self.store.get(wanted.sha256)), wanted.caption, wanted.width)
        with self._lock:
            if wanted in self._ready:
                self._ready.move_to_end(wanted)
                return self._ready[wanted]
        image = opened(self.store.get(wanted.sha256))
        image = covered(image, self.regions(wanted.sha256, image), self.finder.limits)
        copy = written(image, wanted.caption, wanted.width)
        self._remember(wanted, copy)
        return copy

    def regions(self, sha256: str, image: Image | None = None) -> Regions:
        """Faces and plates of a kept picture: looked for once. image: the same picture, where it is open already.

        Raises NotCovered when the models cannot be used: nothing is shown then.
        """
        with self._telling():
            with self._database.read() as session:
                known = queries.regions_of(session, sha256, self.finder.id)
            if known is not None:
                return known
            found = self.finder.regions_of(opened(self.store.get(sha256)) if image is None else image)
            queries.keep_regions(self._database, sha256, self.finder.id, found)
            return found

    def clip(self, sha256: str) -> str | None:
        """SHA-256 of a clip's blurred copy among ``copies``; none while it is being made, which this asks for.

        Raises Conflict when it cannot be made, NotCovered.
        """
        with self._telling(), self._database.read() as session:
            row = queries.clip_copy(session, sha256, self.finder.id)
        if row is None:
            queries.ask_for_copy(self._database, sha256, self.finder.id)
            return None
        if row.state == "failed":
            raise Conflict(
                "clip_not_blurred",
                zh=f"无法为该视频生成遮挡副本（{row.because}）；请查看图片，或填写理由后查看清晰视频",
                en=f"no blurred copy of this clip can be made ({row.because}); look at the pictures, or ask to see it "
                "unblurred with a reason",
            )
        return row.copy_sha256

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except DetectorError as error:
            raise NotCovered(
                "not_covered",
                zh="人脸和车牌遮挡模型无法使用，画面暂不显示；请管理员检查 weights 目录",
                en=f"faces and plates cannot be covered, so nothing is shown: {error}",
            ) from error

    def _remember(self, wanted: Wanted, copy: bytes) -> None:
        with self._lock:
            self._ready[wanted] = copy
            held = sum(map(len, self._ready.values()))
            while held > self._memory:
                held -= len(self._ready.popitem(last=False)[1])
