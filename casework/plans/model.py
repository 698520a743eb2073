"""What crosses between the schedule and those who look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ingest.streams.model import StreamAddress


@dataclass(frozen=True, slots=True)
class Due:
    """One camera to be looked at now, held by ``token`` until its lease ends. Times are aware UTC.

    interval_s: between two looks of this camera by plan, as it holds now. types: violation types, empty: all.
    algorithm_id none: what the warehouse names. last_look_at: capture time of the last picture. quick: a follow-up
    look, because something may be starting.
    """

    device_id: int
    code: str
    due_at: datetime
    interval_s: float
    plan_id: int
    types: tuple[str, ...]
    algorithm_id: int | None
    tiling: str | None
    token: str
    address: StreamAddress
    squad_id: int | None
    last_look_at: datetime | None
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a look. captured_at none: no picture came, and ``fault`` (a code of ingest.streams) says why.

    quick: something that may become a violation stands there, or began to: follow-up looks are wanted.
    clock_offset_s: the camera's clock less ours when the picture came, where the camera stamps its pictures.
    """

    device_id: int
    token: str
    captured_at: datetime | None
    fault: str | None = None
    fault_text: str | None = None
    quick: bool = False
    clock_offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """taken: looks that were written down. stale: ignored, because their lease was somebody else's by then."""

    taken: int
    stale: int
    missed: int = 0
