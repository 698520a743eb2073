"""Rules, merges and splits, remembered places and watches over HTTP; and what no database keeps."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.app import make_app
from casework.candidates import life
from casework.candidates.queries import sightings_of
from casework.candidates.tables import Candidate
from casework.db import Database, utcnow
from casework.devices.tables import Device
from casework.rules.preview import Ask, Finding, Preview
from casework.storage import FileStore
from detector.scene.rules_data import shipped
from tests import builders as b
from tests.api.office import Caller, Office, open_office

SOON = utcnow() + timedelta(days=3)


def changed(dwell_s: float, version: int) -> str:
    """The shipped rules, the stall's with another dwell as another version."""
    text = shipped().replace("version = 2", f"version = {version}", 1)
    return text.replace("dwell_s = 300.0", f"dwell_s = {dwell_s}", 1)


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_rules_are_listed_entered_and_read(office: Office) -> None:
    keeper, reader = office.as_("statistician"), office.as_("reviewer")
    [first] = ok(reader.get("/api/rules"))
    assert (first["version"], first["holds"], first["valid_to"]) == (1, True, None)
    assert ok(reader.get("/api/rules/1"))["text"] == shipped()
    new = {"text": changed(600, 3), "reason": "夜间放宽", "after": 1, "valid_from": SOON.isoformat()}
    added = ok(keeper.post("/api/rules", json=new), 201)
    assert (added["version"], added["holds"], added["made_by"]) == (2, False, "account:statistician")
    assert [r["version"] for r in ok(reader.get("/api/rules"))] == [2, 1]
    late = keeper.post("/api/rules", json={**new, "text": changed(700, 4)})
    assert (late.status_code, late.json()["code"]) == (409, "rules_changed")
    assert (
        ok(keeper.post("/api/rules", json={**new, "text": "[[rule", "after": 2}), 422)["code"] == "bad_rules"
    )
    assert ok(keeper.get("/api/rules/7"), 404)["code"] == "not_found"


def test_a_preview_is_given_in_pieces(office: Office) -> None:
    asked: list[tuple[Ask, Collection[str]]] = []

    def preview(ask: Ask, labels: Collection[str]) -> Preview:
        asked.append((ask, labels))
        kept = [
            Finding("kept", "stall", "CAM-A", b.START, b.at(300), "stall", 1, 1, "YS-1", "confirmed")
        ] * 300
        lost = [
            Finding("lost", "stall", "CAM-A", b.at(9), b.at(300), None, None, 2, "YS-2", "rejected")
        ] * 300
        return Preview(900, 1, [], kept + lost, next=7)

    app = make_app(replace(office.context, preview=preview))
    caller = Caller(app)
    caller.csrf = caller.post("/api/session", json={"username": "admin", "password": b.PASSWORD}).json()[
        "csrf_token"
    ]
    body = {"text": "x", "since": "2026-10-12T00:00:00Z", "until": "2026-10-13T08:00:00+08:00", "after": 3}
    found = ok(caller.post("/api/rules/preview", json=body))
    assert (found["looks"], found["footage"], found["next"], found["left_out"]) == (900, 1, 7, 100)
    assert len(found["findings"]) == 500
    assert found["findings"][0]["outcome"] == "lost"  # changes first
    assert (found["counts"]["rejected_avoided"], found["counts"]["confirmed_kept"]) == (300, 300)
    [(ask, labels)] = asked
    assert (ask.after, ask.until.isoformat(), ask.budget_s) == (3, "2026-10-13T08:00:00+08:00", 20.0)
    assert {"stall", "pile"} <= set(labels)


def test_merge_unmerge_and_split(office: Office) -> None:
    first = office.ids["candidate"]
    with office.database.write() as session:
        camera = session.get_one(Device, session.get_one(Candidate, first).device_id)
        box = (700, 200, 800, 300)
        second = b.a_candidate(session, office.store, camera, b.a_violation(device="CAM-A", box=box)).id
        b.a_candidate(session, office.store, camera, b.a_violation(device="CAM-A", start=b.at(3600)))
        moving = sightings_of(session, session.get_one(Candidate, first))[1].id
    reviewer = office.as_("reviewer")
    # The stay an hour later joined the first; nothing is offered to itself.
    choices = ok(reviewer.get(f"/api/candidates/{second}/merge-choices"))
    assert [c["id"] for c in choices] == [first, office.ids["filed"]]
    assert ok(reviewer.get(f"/api/candidates/{second}"))["acts"] == ["merge", "split"]
    kept = ok(reviewer.post(f"/api/candidates/{second}/merge", json={"into": first, "reason": "同一"}))
    assert kept["id"] == first
    assert [(m["id"], m["state"]) for m in kept["merged"]] == [(second, "merged")]
    assert [s["candidate"] for s in kept["sightings"]] == [first, second, first]
    assert [(e["act"], e["candidate"], e["other"]) for e in kept["events"]] == [("merge", second, first)]
    gone = ok(reviewer.get(f"/api/candidates/{second}"))
    assert (gone["state"], gone["merged_into"]["id"], len(gone["pictures"])) == ("merged", first, 2)
    assert gone["acts"] == ["unmerge"]
    assert second not in [c["id"] for c in ok(reviewer.get(f"/api/candidates/{first}/merge-choices"))]
    assert ok(reviewer.post(f"/api/candidates/{second}/unmerge", json={"reason": "不是"}))["state"] == "open"
    new = ok(reviewer.post(f"/api/candidates/{first}/split", json={"sightings": [moving], "reason": "两家"}))
    assert (new["state"], len(new["sightings"]), len(new["pictures"])) == ("open", 1, 2)
    assert new["picture"] in [p["url"] for p in new["pictures"]]
    listed = {c["id"]: c["picture"] for c in ok(reviewer.get("/api/candidates"))["items"]}
    assert listed[new["id"]] == new["picture"] != listed[first]
    with office.database.write() as session:
        life.withdraw(session, None, new["id"], "zones suspended")
    assert (
        ok(reviewer.post(f"/api/candidates/{new['id']}/restore", json={"reason": "没问题"}))["state"]
        == "open"
    )


def test_places_are_remembered_listed_and_ended(office: Office) -> None:
    reviewer = office.as_("reviewer")
    body = {"candidate": office.ids["candidate"], "reason": "雕塑", "until": SOON.isoformat()}
    made = ok(reviewer.post("/api/fixtures", json=body), 201)
    assert (made["device"], made["type"], made["over"], made["held_back"]) == ("CAM-A", "stall", False, 0)
    assert len(made["polygon"]) == 4
    [listed] = ok(reviewer.get("/api/fixtures"))["items"]
    assert listed == made
    ended = ok(reviewer.post(f"/api/fixtures/{made['id']}/expire", json={"reason": "已搬走"}))
    assert (ended["over"], ended["end_reason"]) == (True, "已搬走")
    assert ok(office.as_("leader-b").get("/api/fixtures"))["total"] == 0
    assert ok(reviewer.post("/api/fixtures", json={**body, "until": "2020-01-01T00:00:00Z"}), 422)[
        "code"
    ] == ("bad_until")


def test_watches_are_asked_for_and_listed(office: Office) -> None:
    officer = office.as_("officer")
    body = {"candidate": office.ids["candidate"], "since": b.at(3600).isoformat(), "until": SOON.isoformat()}
    made = ok(officer.post("/api/watches", json=body), 201)
    assert (made["state"], made["after"], made["seen_at"]) == ("waiting", None, None)
    assert officer.get(made["before"]).status_code == 200
    assert ok(officer.get(f"/api/watches?candidate={body['candidate']}"))["items"] == [made]
    assert ok(officer.get("/api/watches?candidate=99"))["total"] == 0
    assert ok(office.as_("leader-b").get("/api/watches"))["total"] == 0
    late = {**body, "since": b.at(60).isoformat(), "until": b.at(120).isoformat()}
    assert ok(officer.post("/api/watches", json=late), 201)["state"] == "not_seen"  # it is long over


# What no database keeps -------------------------------------------------------------------------------------


@pytest.fixture
def either(database: Database, folder: Any, store: FileStore) -> Any:
    """An office on SQLite and on PostgreSQL."""
    opened = open_office(database, folder)
    yield opened
    opened.close()


HUGE = [2**31, 2**63, 10**30, -(2**64)]


def test_numbers_and_characters_beyond_the_database_are_refused(either: Office) -> None:
    """Neither an id that no column holds nor a zero character or half a surrogate pair gives a server error."""
    callers = {
        who: either.as_(who) for who in ("reviewer", "leader", "legal", "admin", "statistician", "auditor")
    }
    gets = [
        ("reviewer", "/api/candidates/{}"), ("reviewer", "/api/evidence/{}"), ("legal", "/api/cases/{}"),
        ("admin", "/api/rules/{}"), ("admin", "/api/algorithms/{}"), ("reviewer", "/api/watches?candidate={}"),
        ("reviewer", "/api/candidates?page={}"), ("reviewer", "/api/footage?page={}"),
        ("auditor", "/api/audit?page={}"),
    ]  # fmt: skip
    for who, url in gets:
        for number in HUGE:
            answer = callers[who].get(url.format(number))
            assert answer.status_code in (404, 422), (url, number, answer.text)
    posts: list[tuple[str, str, dict[str, Any]]] = [
        ("reviewer", "/api/candidates/{}/release", {}),
        ("reviewer", "/api/candidates/{}/unmerge", {"reason": "r"}),
        ("reviewer", "/api/fixtures/{}/expire", {"reason": "r"}),
        ("leader", "/api/cases/{}/steps", {"to": "paid", "reason": "r", "key": "0123456789"}),
    ]
    for who, url, body in posts:
        for number in HUGE:
            answer = callers[who].post(url.format(number), json=body)
            assert answer.status_code in (404, 422), (url, number, answer.text)
    first = either.ids["candidate"]
    for number in HUGE:
        for body in ({"into": number, "reason": "r"},):
            answer = callers["reviewer"].post(f"/api/candidates/{first}/merge", json=body)
            assert answer.status_code in (404, 422), answer.text
        taken = callers["reviewer"].post("/api/queue/next", json={"stage": "first", "skip": [number]})
        assert taken.status_code in (200, 422), taken.text
    decision = {"stage": "first", "verdict": "keep", "seconds": 1, "key": "0123456789"}
    for text in ("a\\u0000b", "a\\ud800b"):
        raw = json.dumps({**decision, "note": "TEXT"}).replace("TEXT", text)
        headers = {"Content-Type": "application/json"}
        answer = callers["reviewer"].post(f"/api/candidates/{first}/decisions", content=raw, headers=headers)
        assert answer.status_code == 422, answer.text
        raw = json.dumps({"username": "TEXT", "password": "x"}).replace("TEXT", text)
        assert either.anybody().post("/api/session", content=raw, headers=headers).status_code in (401, 422)
    for url in (
        "/api/candidates?type=%00",
        "/api/devices/%00",
        "/api/devices?query=%00",
        "/api/candidates?squad=a%00b",
        "/api/zones/%00",
    ):
        assert callers["reviewer"].get(url).status_code in (200, 404, 422), url
