"""What a monitoring system reads (Prometheus text format). States come from the database, so every server and worker
is in them; times of requests are those of this process. No names of persons, shops or files, no addresses.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from casework.db import Database, utcnow
from casework.operations.queries import Figures, figures

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """The registry of one app."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests = Histogram(
            "jiexun_request_seconds",
            "Time from a request to its answer, in seconds.",
            ("method", "route", "status"),
            registry=self._registry,
            buckets=BUCKETS,
        )

    def collect(self) -> Iterator[Metric]:
        """The states of now, in one reading transaction. Called by the registry."""
        with self._database.read() as session:
            told = figures(session, utcnow())
        yield from _states(told)

    def describe(self) -> list[Metric]:
        """Nothing: the database is not asked when the registry is made."""
        return []

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)

    async def timed(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Middleware: how long each route takes; the route's pattern, never its path, so ids do not count."""
        start, status = time.perf_counter(), 500
        try:
            response = await call_next(request)
            status = response.status_code
        finally:
            route = request.scope.get("route")
            pattern = getattr(route, "path", "none")
            self._requests.labels(request.method, pattern, status).observe(time.perf_counter() - start)
        return response


def _states(told: Figures) -> Iterator[Metric]:
    yield _gauge("jiexun_cameras", "Street cameras by state.", "state", told.cameras)
    yield _number("jiexun_looks_due", "Looks whose time has come.", told.due)
    yield _number(
        "jiexun_look_lateness_seconds", "How late the latest due look is, in seconds.", told.latest_s
    )
    yield _gauge("jiexun_looks_per_minute", "Looks a minute over ten minutes.", "worker", told.per_minute)
    yield _gauge("jiexun_looks_held", "Looks that a worker holds.", "worker", told.held)
    yield _gauge("jiexun_alarms", "What needs a person now, by kind.", "kind", told.alarms)
    yield _gauge("jiexun_footage", "Footage by state.", "state", told.footage)
    yield _gauge("jiexun_candidates", "Candidates by state.", "state", told.candidates)
    yield _number("jiexun_uploads_open", "Uploads that are not whole yet.", told.uploads_open)
    yield CounterMetricFamily(
        "jiexun_looks", "Looks that were judged, of all footage.", value=float(told.looks)
    )


def _number(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value=float(value))


def _gauge(name: str, help_: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    return family
