"""Twenty reviewers at once over real HTTP, on 200 candidates: 200 decisions, none doubled, none lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from sqlalchemy import func, select

from casework.audit.tables import AuditEvent
from casework.candidates.tables import Candidate
from casework.db import Database
from casework.devices.tables import Device
from casework.review.tables import Decision
from casework.verify import verify
from tests import builders as b
from tests.api.office import open_office, serving

REVIEWERS, CANDIDATES = 20, 200


def test_twenty_reviewers_at_once(database: Database, folder: Path) -> None:
    office = open_office(database, folder)
    with database.write() as session:
        camera = session.scalars(select(Device).where(Device.code == "CAM-A")).one()
        before = session.scalar(select(func.count()).where(Candidate.state == "open")) or 0
        for _ in range(CANDIDATES - before):
            b.a_candidate_row(session, camera)
        for i in range(REVIEWERS):
            b.an_account(session, "reviewer", f"reviewer-{i}")

    def work(address: str, name: str) -> list[int]:
        """Take, decide, until nothing is left; every third decision is sent twice, as after a broken line."""
        done: list[int] = []
        with httpx.Client(base_url=address, timeout=60) as page:
            me = page.post("/api/session", json={"username": name, "password": b.PASSWORD})
            assert me.status_code == 200, me.text
            page.headers["X-CSRF-Token"] = me.json()["csrf_token"]
            while True:
                taken = page.post("/api/queue/next", json={"stage": "first"})
                assert taken.status_code == 200, taken.text
                candidate = taken.json()["candidate"]
                if candidate is None:
                    return done
                number = candidate["id"]
                shown = [{"picture": picture["id"], "ms": 400} for picture in candidate["pictures"]]
                body = {"stage": "first", "verdict": "keep", "seconds": 2, "key": f"{name}:{number}"}
                body["shown"] = shown
                for _ in range(2 if number % 3 == 0 else 1):
                    answer = page.post(f"/api/candidates/{number}/decisions", json=body)
                    assert answer.status_code == 200, answer.text
                    assert answer.json()["state"] == "kept"
                done.append(number)

    with serving(office.app) as address, ThreadPoolExecutor(REVIEWERS) as pool:
        names = [f"reviewer-{i}" for i in range(REVIEWERS)]
        by_person = list(pool.map(lambda name: work(address, name), names))
    office.close()

    decided = [number for numbers in by_person for number in numbers]
    assert len(decided) == len(set(decided)) == CANDIDATES
    with database.read() as session:
        rows = session.scalars(select(Decision)).all()
        assert sorted(d.candidate_id for d in rows) == sorted(decided)
        assert all(d.key.endswith(f":{d.candidate_id}") for d in rows)
        states = session.execute(
            select(Candidate.state, func.count()).where(Candidate.id.in_(decided)).group_by(Candidate.state)
        ).all()
        assert [tuple(s) for s in states] == [("kept", CANDIDATES)]
        logged = session.scalar(select(func.count()).where(AuditEvent.action == "decision"))
        assert logged == CANDIDATES
        # The office's case has no events and no decision of its own; nothing else may be amiss.
        filed = office.ids["filed"]
        ours = (f"candidate {filed}:", f"case {office.ids['case']}:")
        assert [line for line in verify(session, office.store).bad if not line.startswith(ours)] == []
