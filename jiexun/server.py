"""Running the server: uvicorn over the API, with a worker beside it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from functools import partial

import uvicorn

from api.app import make_app
from api.context import Context
from detector.backends import open_detector
from detector.errors import BadWeights
from jiexun.house import House
from jiexun.pipeline.replay import replay_one_at_a_time
from jiexun.pipeline.worker import Worker
from jiexun.warehouse import Detectors, adopt_default, offers, opener

LOG = logging.getLogger("jiexun.server")


def context_of(house: House, wake: Callable[[], None] = lambda: None) -> Context:
    """The API's context over an open house."""
    s = house.settings
    return Context(
        house.database,
        house.store,
        s.page_dir,
        s.uploads_dir,
        s.footage_dir,
        s.upload_max_bytes,
        s.secure_cookies,
        wake,
        s.algorithms_dir,
        lambda: offers(s),
        partial(replay_one_at_a_time, house),
    )


def serve_house(
    house: House, port: int | None = None, ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until interrupted. port: 0 takes any free one; none: the settings'."""
    settings = house.settings
    worker = _worker(house) if settings.worker else None
    app = make_app(context_of(house, worker.wake if worker else lambda: None))
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_keep_alive=30, timeout_graceful_shutdown=10
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port if port is None else port))
        listener.listen(128)  # from here on a caller waits instead of being refused
        if worker is not None:
            worker.start()
        ready(f"http://{settings.host}:{listener.getsockname()[1]}/")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            if worker is not None:
                worker.stop()


def _worker(house: House) -> Worker | None:
    """The worker, or none when there is no model: review and cases go on without it."""
    s = house.settings
    try:
        detector = open_detector(s.backend, s.weights_dir, threads=s.threads, memory=s.backend_memory)
        return Worker(house, Detectors(detector, opener(s), adopt_default(house)))
    except BadWeights as error:
        LOG.error("uploads are kept but not looked at: %s", error)
        return None
