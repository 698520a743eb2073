"""Drawing lots among a live camera's judged looks, as for footage (jiexun/pipeline/draw.py).

A look's lot is known at once; whether it was part of a violation only when the day is closed. Until then the picture
lies in the spool: where that is lost, so is the sample, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from casework.live.queries import LookTime
from casework.samples.service import Drawn
from casework.storage import BlobStore
from ingest.frame import Image
from jiexun.live.spool import Spool
from jiexun.pipeline.draw import MOST, lot
from jiexun.pipeline.shadow import jpeg

Span = tuple[datetime, datetime]


def keep_drawn(spool: Spool, name: str, number: int, image: Image, one_in: int) -> None:
    """Keep the picture of a look that is drawn. name: of the camera's day in the spool. Raises StorageFull."""
    if lot(name, number) * one_in < 1 <= one_in:
        spool.keep(name, _file(number), jpeg(image))


def drawn_of(
    store: BlobStore, spool: Spool, name: str, looks: Sequence[LookTime], spans: Sequence[Span], one_in: int
) -> tuple[int, list[Drawn]]:
    """(judged looks without a candidate, those that were drawn, written to the store). spans: of what was raised.

    Raises StorageFull.
    """
    plain = [one for one in looks if not any(start <= one.captured_at <= end for start, end in spans)]
    drawn: list[Drawn] = []
    for turn, number, one in sorted((lot(name, one.number) * one_in, one.number, one) for one in plain):
        if turn >= 1 or one_in == 0 or len(drawn) == MOST:
            break
        data = spool.read(name, _file(number))
        if data is not None:
            drawn.append(Drawn(one.captured_at, store.put(data), "image/jpeg", one.width, one.height, turn))
    return len(plain), drawn


def _file(number: int) -> str:
    return f"drawn-{number}"
