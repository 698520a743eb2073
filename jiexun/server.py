"""Running the server: uvicorn over the API, with what works beside it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import uvicorn

from api.app import make_app
from api.context import Context
from api.queue_events import QueueEvents
from casework.footage.limits import Limits
from casework.privacy.preparing import Preparer
from jiexun.house import House
from jiexun.live.executor import executor_of
from jiexun.pipeline.replay import replay_one_at_a_time
from jiexun.settings import Settings
from jiexun.warehouse import offers


def limits_of(settings: Settings) -> Limits:
    """What a device may send."""
    return Limits(
        max_bytes=settings.upload_max_bytes,
        day_bytes=settings.upload_day_bytes,
        open_most=settings.upload_open_most,
        keep_free=settings.upload_keep_free_bytes,
        kept=timedelta(days=settings.upload_kept_days),
        idle_s=settings.upload_idle_s,
        late=timedelta(days=settings.upload_late_days),
    )


def context_of(house: House, wake: Callable[[], None] = lambda: None) -> Context:
    """The API's context over an open house."""
    s = house.settings
    return Context(
        house.database,
        house.store,
        house.views,
        s.page_dir,
        s.uploads_dir,
        s.footage_dir,
        limits_of(s),
        s.secure_cookies,
        wake,
        s.algorithms_dir,
        lambda: offers(s),
        partial(replay_one_at_a_time, house),
        s.metrics_token.get_secret_value() if s.metrics_token else None,
    )


class _Server(uvicorn.Server):
    """Ends the pages' lines of events when it is to stop: they would hold it until its grace is over."""

    def __init__(self, config: uvicorn.Config, events: QueueEvents) -> None:
        super().__init__(config)
        self._events = events

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, without them."""
        self._events.close()
        await super().shutdown(sockets)


def serve_house(
    house: House, port: int | None = None, ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until interrupted. port: 0 takes any free one; none: the settings'."""
    settings = house.settings
    worker = executor_of(house) if settings.worker else None
    preparer = Preparer(house.database, house.views)
    context = context_of(house, worker.wake if worker else lambda: None)
    app = make_app(context)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_keep_alive=30, timeout_graceful_shutdown=10
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port if port is None else port))
        listener.listen(128)  # from here on a caller waits instead of being refused
        if worker is not None:
            worker.start()
        preparer.start()
        ready(f"http://{settings.host}:{listener.getsockname()[1]}/")
        try:
            _Server(config, context.events).run(sockets=[listener])
        finally:
            preparer.stop()
            if worker is not None:
                worker.stop()
