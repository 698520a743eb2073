"""An application for the tests of the API: over a fresh database, with a small district and people of every role."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from api.app import make_app
from api.context import Context
from casework.db import Database
from casework.devices.conditions import begin as begin_condition
from casework.devices.conditions import end as end_condition
from casework.devices.service import give_key
from casework.people.roles import Role
from casework.people.service import person_of
from casework.privacy.views import Views
from casework.storage import FileStore
from detector.care.model import Condition, Finding
from detector.privacy.finder import RegionFinder
from tests import builders as b
from tests import warehouse as w

with (
    warnings.catch_warnings()
):  # Starlette would rather have httpx2; it works with the httpx that the project has
    warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
    from fastapi.testclient import TestClient

PEOPLE = [role for role in Role if role is not Role.DEVICE]


class Caller(TestClient):
    """Somebody's browser: keeps the cookie, sends the CSRF token with what is unsafe."""

    csrf: str | None = None

    def request(self, method: str, url: Any, **given: Any) -> httpx.Response:  # type: ignore[override]
        headers = httpx.Headers(given.pop("headers", None))
        if self.csrf is not None and method.upper() not in ("GET", "HEAD", "OPTIONS"):
            headers.setdefault("X-CSRF-Token", self.csrf)
        return super().request(method, url, headers=headers, **given)


@dataclass
class Office:
    """The application with a district: squads SQ-A and SQ-B, a camera in each, a vehicle with a key, a case.

    ``as_(role)``: a client that is signed in. ``anybody()``: one that is not.
    """

    app: Any
    context: Context
    database: Database
    store: FileStore
    key: str
    ids: dict[str, int]
    woken: list[int] = field(default_factory=list)
    _clients: list[Caller] = field(default_factory=list)

    def anybody(self, **settings: Any) -> Caller:
        client = Caller(self.app, raise_server_exceptions=settings.pop("raises", True), **settings)
        client.__enter__()
        self._clients.append(client)
        return client

    def as_(self, who: str) -> Caller:
        """Signed in under a name; the people are called like their roles."""
        client = self.anybody()
        answer = client.post("/api/session", json={"username": who, "password": b.PASSWORD})
        assert answer.status_code == 200, answer.text
        client.csrf = answer.json()["csrf_token"]
        return client

    def vehicle(self) -> Caller:
        """The vehicle, with its key."""
        return self.anybody(headers={"Authorization": f"Bearer {self.key}"})

    def close(self) -> None:
        for client in self._clients:
            client.__exit__()


@cache
def _finder() -> RegionFinder:
    """One for all tests: its networks are opened once."""
    return RegionFinder(threads=1)


def views_of(database: Database, store: FileStore, folder: Path) -> Views:
    """As the server makes them."""
    return Views(database, store, FileStore(folder / "views"), _finder())


def open_office(database: Database, folder: Path, **settings: Any) -> Office:
    """Make the district and the application over it."""
    store = FileStore(folder / "evidence")
    page = folder / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>街巡</title>", "utf-8")
    (page / "assets" / "app-1a2b.js").write_text("export {}", "utf-8")
    for name in ("uploads", "footage"):
        (folder / name).mkdir()
    woken: list[int] = []
    context = Context(
        database,
        store,
        views_of(database, store, folder),
        page,
        folder / "uploads",
        folder / "footage",
        wake=lambda: woken.append(1),
        **settings,
    )
    with database.write() as session:
        squad, other = b.a_squad(session, "SQ-A"), b.a_squad(session, "SQ-B", 1)
        street = b.a_street(session, squad)
        b.a_shop(session, street)
        camera = b.a_device(session, "CAM-A", squad=squad, street=street)
        away = b.a_device(session, "CAM-B", squad=other, latitude=None)
        car = b.a_device(session, "CAR-1", "vehicle", squad=squad)
        key = give_key(session, "system", car)
        accounts = {r.value: b.an_account(session, r.value, r.value) for r in PEOPLE}
        accounts["leader-b"] = b.an_account(session, "leader", "leader-b", other)
        accounts["reviewer2"] = b.an_account(session, "reviewer", "reviewer2")
        first = b.a_candidate(session, store, camera, b.a_violation(device="CAM-A"))
        second = b.a_candidate(session, store, away, b.a_violation(device="CAM-B"))
        filed = b.a_candidate_row(session, camera, state="filed")
        dark = Finding(Condition.DARK, "dark_level", 9.0, 24.0)
        over = begin_condition(session, camera, dark, b.START, store.put(b.a_png()), None)
        end_condition(session, camera, b.at(60))
        case = b.a_case_row(session, filed)
        algorithm = w.an_algorithm(session, "9", by=person_of(accounts["admin"]))
        found, sample = (
            w.a_finding(session, store, algorithm, camera),
            w.a_sample(session, camera, store=store),
        )
        ids = {
            "condition": over.id, "algorithm": algorithm.id, "shadow-finding": found, "sample": sample,
            "candidate": first.id, "candidate_b": second.id, "filed": filed.id, "case": case.id,
            **{name: account.id for name, account in accounts.items()},
        }  # fmt: skip
    return Office(make_app(context), context, database, store, key, ids, woken)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The application over real HTTP on a free loopback port; yields its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    started = threading.Event()
    startup: Callable[..., Any] = server.startup

    async def tell(*given: Any, **named: Any) -> None:
        await startup(*given, **named)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, name="uvicorn-of-a-test", daemon=True)
    thread.start()
    try:
        assert started.wait(30), "the server did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
