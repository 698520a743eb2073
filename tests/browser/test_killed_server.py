"""The server killed (-9) while reviewers decide: sent again with the same key, every decision is there once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from sqlalchemy import func, select

from casework.review.tables import Decision
from casework.tables import Candidate
from casework.verify import verify
from jiexun.house import open_house
from jiexun.settings import load
from tests.browser.driving import Server, serve
from tests.builders import PASSWORD, a_candidate, a_device, a_footage, a_squad, an_account

KILLS = int(os.environ.get("JIEXUN_STRESS_KILLS", "3"))
CANDIDATES = max(60, 15 * KILLS)
REVIEWERS = 4


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with candidates and reviewers."""
    home = tmp_path / "home"
    with open_house(settings=load(home, legal_mode="evidence")) as house, house.database.write() as session:
        device = a_device(session, squad=a_squad(session))
        footage = a_footage(session, device)
        for i in range(REVIEWERS):
            an_account(session, "reviewer", f"reviewer{i}")
        for _ in range(CANDIDATES):
            a_candidate(session, house.store, device, footage=footage)
    yield home
    shutil.rmtree(home, ignore_errors=True)


class Address:
    """Where the server is now: it moves when it is started again."""

    def __init__(self, server: Server) -> None:
        self.server = server


def _patiently(
    client: httpx.Client, where: Address, method: str, path: str, **more: object
) -> httpx.Response:
    """Send until somebody answers, as the page's outbox does."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            return client.request(method, f"{where.server.url}{path}", **more)  # type: ignore[arg-type]
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not come back")


def _review(where: Address, number: int) -> dict[str, int]:
    """One reviewer until the queue is empty. Returns key -> candidate of every decision that was acknowledged."""
    done: dict[str, int] = {}
    with httpx.Client(timeout=10) as client:
        signed = _patiently(
            client,
            where,
            "POST",
            "/api/session",
            json={"username": f"reviewer{number}", "password": PASSWORD},
        )
        headers = {"X-CSRF-Token": signed.json()["csrf_token"]}
        client.cookies = httpx.Cookies({"jiexun_session": signed.cookies["jiexun_session"]})
        while True:
            taken = _patiently(client, where, "POST", "/api/queue/next", json={}, headers=headers).json()
            if taken["candidate"] is None:
                if taken["waiting"] == 0:
                    return done
                time.sleep(0.1)
                continue
            key, candidate = str(uuid.uuid4()), taken["candidate"]["id"]
            shown = [{"picture": picture["id"], "ms": 400} for picture in taken["candidate"]["pictures"]]
            body = {"stage": "first", "verdict": "keep", "seconds": 1.0, "key": key, "shown": shown}
            answer = _patiently(
                client, where, "POST", f"/api/candidates/{candidate}/decisions", json=body, headers=headers
            )
            assert answer.status_code == 200, answer.text
            done[key] = candidate


def test_killed_while_deciding(home: Path) -> None:
    where = Address(serve(home))
    over = Event()
    chance = random.Random(11)
    kills = 0

    def kill() -> None:
        nonlocal kills
        while not over.wait(chance.uniform(0.3, 1.2)) and kills < KILLS:
            where.server.stop(signal.SIGKILL)
            where.server = serve(home)
            kills += 1

    killer = Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(REVIEWERS) as pool:
            acknowledged = list(pool.map(lambda n: _review(where, n), range(REVIEWERS)))
    finally:
        over.set()
        killer.join()
        where.server.stop()
    assert kills > 0
    everything = {key: candidate for part in acknowledged for key, candidate in part.items()}
    assert sorted(everything.values()) == list(range(1, CANDIDATES + 1))
    with open_house(home) as house, house.database.read() as session:
        kept = {d.key: d.candidate_id for d in session.scalars(select(Decision))}
        assert kept == everything
        assert session.scalar(select(func.count()).where(Candidate.state == "kept")) == CANDIDATES
        assert verify(session, house.store).bad == []
