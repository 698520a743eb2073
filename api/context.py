"""What requests work with: database, evidence store, folders, limits. Given once, at the making of the app."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from fastapi import Request

from api.queue_events import QueueEvents
from casework.algorithms.files import Offer
from casework.db import Database
from casework.errors import Invalid
from casework.footage.limits import Limits
from casework.privacy.views import Views
from casework.review.counts import Counts
from casework.rules.preview import Ask, Preview
from casework.storage import BlobStore


def _nothing() -> None:
    return None


def _no_preview(ask: Ask, labels: Collection[str]) -> Preview:
    raise Invalid(
        "no_preview",
        zh="此服务不能回放检测结果",
        en="this server cannot replay stored looks; use jiexun replay",
    )


@dataclass(frozen=True, slots=True)
class Context:
    """views: copies of pictures and clips for people; what is kept is handed out through it alone. page_dir: the
    built web application. wake: called when footage was handed in, so that a worker looks.

    algorithms_dir: the warehouse's copies of models; offers: what lies in the weights folder. preview: judges stored
    looks by other rules (``jiexun.pipeline.replay``), given what may be named in them. metrics_token: of whom may read
    the figures for monitoring; none: nobody. counts, events: of the queue, one for the process.
    """

    database: Database
    store: BlobStore
    views: Views
    page_dir: Path
    uploads_dir: Path
    footage_dir: Path
    upload_limits: Limits = field(default_factory=Limits)
    secure_cookies: bool = False
    wake: Callable[[], None] = field(default=_nothing)
    algorithms_dir: Path = Path("algorithms")
    offers: Callable[[], list[Offer]] = field(default=list)
    preview: Callable[[Ask, Collection[str]], Preview] = field(default=_no_preview)
    metrics_token: str | None = field(default=None, repr=False)
    counts: Counts = field(default_factory=Counts)
    events: QueueEvents = field(default_factory=QueueEvents)


def context_of(request: Request) -> Context:
    """The app's context."""
    return cast(Context, request.app.state.context)
