"""The queue over HTTP: filters, last decisions, undoing, groups, and the events over a real server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from api import queue_events
from casework.candidates import life
from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.people.queries import account_by_name
from casework.people.service import person_of
from casework.review.changes import changes_since, newest
from tests import builders as b
from tests.api.office import Caller, Office, serving


def taken(page: Caller, **want: Any) -> Any:
    answer = page.post("/api/queue/next", json=want)
    assert answer.status_code == 200, answer.text
    return answer.json()["candidate"]


def decided(page: Caller, candidate: Any, verdict: str = "keep", **more: Any) -> Any:
    shown = [{"picture": picture["id"], "ms": 400} for picture in candidate["pictures"]]
    body = {
        "stage": "first",
        "verdict": verdict,
        "seconds": 2,
        "key": f"decide-{candidate['id']}",
        "shown": shown,
    }
    answer = page.post(f"/api/candidates/{candidate['id']}/decisions", json={**body, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["decision"]


@pytest.mark.parametrize(
    ("want", "found"),
    [
        ({"device": "CAM-B"}, "candidate_b"),
        ({"squad": "SQ-B"}, "candidate_b"),
        ({"device": "CAM-A", "squad": "SQ-A", "type": "stall"}, "candidate"),
        ({"street": "ST-A", "algorithm": "model-1"}, "candidate"),
        ({"device": "CAM-A", "squad": "SQ-B"}, None),
        ({"algorithm": "model-2"}, None),
        ({"device": "CAM-Z"}, None),
    ],
)
def test_the_queue_is_narrowed(office: Office, want: dict[str, str], found: str | None) -> None:
    page = office.as_("reviewer")
    assert page.get("/api/queue", params=want).json()["waiting"] == (found is not None)
    candidate = taken(page, **want)
    assert (candidate and candidate["id"]) == (found and office.ids[found])


def test_a_leader_sees_only_their_squads_queue(office: Office) -> None:
    with office.database.write() as session:
        for row in session.scalars(select(Candidate).where(Candidate.state == "open")):
            row.state = "escalated"
    page = office.as_("leader-b")
    assert page.get("/api/queue?stage=senior").json()["waiting"] == 1
    assert page.get("/api/queue?stage=senior&squad=SQ-A").json()["waiting"] == 0
    assert taken(page, stage="senior", type="stall")["id"] == office.ids["candidate_b"]


def test_an_algorithm_is_named_in_three_ways(office: Office) -> None:
    from casework.algorithms.tables import Algorithm

    with office.database.write() as session:
        row = session.get_one(Algorithm, office.ids["algorithm"])
        session.get_one(Candidate, office.ids["candidate"]).model_id = row.model_id
        names = [row.model_id, row.name, f"{row.name}@{row.version}"]
    page = office.as_("reviewer")
    assert [page.get("/api/queue", params={"algorithm": n}).json()["waiting"] for n in names] == [1, 1, 1]


@pytest.mark.parametrize(("language", "because"), [("zh-CN", "下一步审核"), ("en", "the next stage")])
def test_the_last_decisions_and_taking_one_back(office: Office, language: str, because: str) -> None:
    page, legal = office.as_("reviewer"), office.as_("legal")
    page.headers["Accept-Language"] = language
    first = decided(page, taken(page), type="cross_door")
    assert (first["from_type"], first["to_type"], first["undoes"]) == ("stall", "cross_door", None)
    second = decided(page, taken(page), "reject", reason="duplicate")
    assert taken(legal, stage="legal")["id"] == office.ids["candidate"]
    rows = page.get("/api/queue/recent").json()
    assert [(r["id"], r["verdict"], r["undoable"], r["count"]) for r in rows] == [
        (second["id"], "reject", True, 1), (first["id"], "keep", False, 1),
    ]  # fmt: skip
    assert because in rows[1]["because"]
    refused = page.post(f"/api/decisions/{first['id']}/undo", json={"key": "undo-first"})
    assert (refused.status_code, refused.json()["code"]) == (409, "held_by_next")
    undone = page.post(f"/api/decisions/{second['id']}/undo", json={"key": "undo-second"}).json()
    assert (undone["stage"], undone["candidate"]["state"]) == ("first", "open")
    assert [d["verdict"] for d in undone["candidate"]["decisions"]] == ["reject", "undo"]
    renewed = page.post(f"/api/candidates/{undone['candidate']['id']}/renew")
    assert renewed.json()["lease_until"] > undone["lease_until"]
    assert page.get("/api/queue/recent").json()[0]["id"] == first["id"]


def test_a_group_from_the_list_to_its_end(office: Office) -> None:
    page = office.as_("reviewer")
    numbers = [office.ids["candidate"], office.ids["candidate_b"]]
    with office.database.write() as session:
        for number in numbers:
            session.get_one(Candidate, number).group_id = numbers[0]
    [group] = page.get("/api/queue/groups").json()
    assert (group["id"], group["waiting"], group["type"], group["device"]["code"]) == (
        numbers[0], 2, "stall", "CAM-B",
    )  # fmt: skip
    assert group["picture"].startswith("/api/evidence/")
    assert page.get("/api/queue/groups?device=CAM-A").json() == []
    got = page.post(f"/api/queue/groups/{group['id']}/take", json={"limit": 10}).json()
    assert [m["candidate"]["id"] for m in got["members"]] == numbers
    assert [[p["role"] for p in m["pictures"]] for m in got["members"]] == [["first", "latest"]] * 2
    members = [
        {"id": m["candidate"]["id"], "shown": [{"picture": p["id"], "ms": 500} for p in m["pictures"]]}
        for m in got["members"]
    ]
    members[1]["shown"] = []
    body = {"key": "the-group-1", "verdict": "reject", "reason": "normal_use", "members": members}
    done = page.post(f"/api/queue/groups/{group['id']}/decide", json={**body, "fixture": True}).json()
    assert done["decided"] == numbers[:1]
    assert [r["id"] for r in done["refused"]] == numbers[1:]
    assert "请先查看" in done["refused"][0]["because"]
    assert page.get("/api/fixtures").json()["items"][0]["id"] == done["fixture_id"]
    assert page.post(f"/api/queue/groups/{group['id']}/release").status_code == 204
    candidate = taken(page)
    assert (candidate["id"], candidate["group_id"], candidate["group_waiting"]) == (numbers[1], numbers[0], 1)


# Events ------------------------------------------------------------------------------------------------------


class Line:
    """A page that listens, in a thread of its own. events: (id, name, data)."""

    def __init__(self, address: str, cookie: str, last: str | None = None, seconds: int = 20) -> None:
        self.events: list[tuple[str | None, str, Any]] = []
        headers = {"Last-Event-ID": last} if last is not None else {}
        self.given = (f"{address}/api/queue/events?seconds={seconds}", headers, {"jiexun_session": cookie})
        threading.Thread(target=self._read, daemon=True).start()
        self.until("counts")

    def _read(self) -> None:
        url, headers, cookies = self.given
        with (
            httpx.Client(cookies=cookies, timeout=30) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                else:
                    self.events.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
                    fields = {}

    def until(self, name: str, limit: float = 15.0) -> None:
        """Wait for such an event."""
        deadline = time.monotonic() + limit
        while name not in [event[1] for event in self.events]:
            assert time.monotonic() < deadline, self.events
            time.sleep(0.02)

    def told(self) -> list[tuple[int, str, str]]:
        return [(d["id"], d["change"], d["state"]) for _, name, d in self.events if name == "candidate"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_events, "POLL_S", 0.05)


@pytest.fixture
def address(office: Office, quick: None) -> Iterator[str]:
    with serving(office.app) as where:
        yield where
        office.context.events.close()


def test_events_of_the_queue_over_a_real_server(office: Office, address: str) -> None:
    page, leader = office.as_("reviewer"), office.as_("leader-b")
    numbers = office.ids["candidate"], office.ids["candidate_b"]
    cookies = [caller.cookies["jiexun_session"] for caller in (page, leader)]
    everywhere, of_squad_b = (Line(address, cookie) for cookie in cookies)
    first = decided(page, taken(page))
    everywhere.until("candidate")
    with office.database.write() as session:
        leader_b = account_by_name(session, "leader-b")
        assert leader_b is not None
        life.withdraw(session, person_of(leader_b), numbers[1], "画面错")
    of_squad_b.until("candidate")
    with office.database.write() as session:
        camera = session.scalars(select(Device).where(Device.code == "CAM-A")).one()
        new = b.a_candidate(
            session, office.store, camera, b.a_violation(device="CAM-A", box=(700, 200, 800, 300))
        )
        number = new.id
    page.post(f"/api/decisions/{first['id']}/undo", json={"key": "undo-first"})
    deadline = time.monotonic() + 15
    expected = [
        (numbers[0], "decided", "kept"), (numbers[1], "withdrawn", "withdrawn"), (number, "new", "open"),
        (numbers[0], "new", "open"),
    ]  # fmt: skip
    while len(everywhere.told()) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert everywhere.told() == expected
    assert of_squad_b.told() == [(numbers[1], "withdrawn", "withdrawn")]
    # Somebody whose line broke after the first event is told the rest.
    seen = next(i for i, name, _ in everywhere.events if name == "candidate")
    assert Line(address, cookies[0], last=seen).told() == expected[1:]
    assert Line(address, cookies[0], last="1").told() == []  # too long ago: counts alone, go and ask


def test_a_line_ends_when_its_time_is_over_and_pings_meanwhile(
    office: Office, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_events, "PING_S", 0.3)
    cookie = office.as_("reviewer").cookies["jiexun_session"]
    with httpx.Client(cookies={"jiexun_session": cookie}, timeout=20) as client:
        begun = time.monotonic()
        answer = client.get(f"{address}/api/queue/events?seconds=1")
        assert 0.9 < time.monotonic() - begun < 15
    assert answer.text.startswith("id: ")
    assert answer.text.count("event: ping") >= 2
    nobody = httpx.get(f"{address}/api/queue/events?seconds=0")
    assert nobody.status_code == 401


def test_a_blind_second_look_is_no_event_for_reviewers(office: Office) -> None:
    with office.database.write() as session:
        seq = newest(session)
        about = session.get_one(Candidate, office.ids["candidate"])
        life.withdraw(session, None, about.id, "a test")
        about.state = "second"
    with office.database.read() as session:
        [change], last = changes_since(session, seq)
        assert (change.change, change.state, last) == ("withdrawn", "second", seq + 1)
        people = {n: person_of(account_by_name(session, n)) for n in ("reviewer", "auditor")}  # type: ignore[arg-type]
    assert not queue_events._sees(people["reviewer"], change)
    assert queue_events._sees(people["auditor"], change)
