"""Second looks, planted items, figures and completeness as the page gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from casework.candidates.tables import Candidate
from casework.devices.queries import device_by_code
from tests import builders as b
from tests.api.office import Caller, Office
from tests.casework.review.room import numbers


@pytest.fixture
def drawn(office: Office) -> Iterator[Office]:
    """Every decision is drawn for a second look; reviewer2 is at work."""
    other = office.as_("reviewer2")
    with office.database.write() as session:
        row = b.a_candidate_row(session, _camera(session))
        own = row.id
    taken = _take(other, skip=[office.ids["candidate"], office.ids["candidate_b"]])
    assert taken["candidate"]["id"] == own
    _decide(other, taken["candidate"], "reject", reason="duplicate", key="reviewer2-at-work")
    with numbers(second_share=1.0):
        yield office


def _camera(session: Any) -> Any:
    return device_by_code(session, "CAM-A")


def _take(caller: Caller, stage: str = "first", **given: Any) -> dict[str, Any]:
    answer = caller.post("/api/queue/next", json={"stage": stage, **given})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _decide(caller: Caller, candidate: dict[str, Any], verdict: str, **given: Any) -> dict[str, Any]:
    body = {
        "stage": "first",
        "verdict": verdict,
        "seconds": 3,
        "shown": [{"picture": p["id"], "ms": 900} for p in candidate["pictures"]],
        "key": f"decision-{candidate['id']}-{verdict}",
        **given,
    }
    answer = caller.post(f"/api/candidates/{candidate['id']}/decisions", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_second_person_sees_what_is_open(drawn: Office) -> None:
    one, other, legal = drawn.as_("reviewer"), drawn.as_("reviewer2"), drawn.as_("legal")
    before = _take(one)["candidate"]
    decided = _decide(one, before, "keep")
    assert decided["state"] == "kept"
    number = before["id"]
    again = _take(other)["candidate"]
    assert again == before  # not a letter differs
    assert (again["state"], again["decisions"]) == ("open", [])
    listed = other.get("/api/candidates", params={"state": "open"}).json()["items"]
    assert number in {row["id"] for row in listed}
    assert other.get("/api/candidates", params={"state": "second"}).json()["total"] == 0
    assert legal.get(f"/api/candidates/{number}").json()["state"] == "second"
    mine = one.get(f"/api/candidates/{number}").json()
    assert (mine["state"], [d["verdict"] for d in mine["decisions"]]) == ("kept", ["keep"])
    assert _decide(other, again, "reject", reason="permitted")["state"] == "rejected"
    seen = drawn.as_("leader").get(f"/api/candidates/{number}").json()
    assert (seen["state"], [d["verdict"] for d in seen["decisions"]]) == ("disputed", ["keep", "reject"])
    assert [d["verdict"] for d in other.get(f"/api/candidates/{number}").json()["decisions"]] == ["reject"]


def test_a_planted_item_looks_like_any_other(office: Office) -> None:
    """The same fields with the same kinds of values, from taking to taking back."""
    leader, one = office.as_("leader"), office.as_("reviewer")
    with office.database.write() as session:
        camera = _camera(session)
        known = b.a_candidate(
            session, office.store, camera, b.a_violation(device="CAM-A", box=(600, 200, 700, 300))
        )
        known.state = "filed"
        b.a_case_row(session, known)
        number = known.id
    body = {"candidate": number, "verdict": "keep"}
    made = leader.post("/api/review/planted", json=body)
    assert made.status_code == 201, made.text
    assert leader.post("/api/review/planted", json=body).status_code == 409
    assert office.as_("reviewer").post("/api/review/planted", json=body).status_code == 403
    with numbers(planted_share=1.0):
        planted = _take(one)
    real = _take(one, skip=[number, office.ids["candidate_b"]])
    assert planted["candidate"]["id"] == number
    for key, value in planted["candidate"].items():
        assert type(value) is type(real["candidate"][key]), key
    for key in ("state", "decisions", "case_id", "case_number", "reason", "acts", "events", "group_waiting"):
        assert planted["candidate"][key] == real["candidate"][key], key
    answers = []
    for taken in (planted, real):
        candidate = taken["candidate"]
        assert one.post(f"/api/candidates/{candidate['id']}/renew").status_code == 200
        refused = one.post(
            f"/api/candidates/{candidate['id']}/decisions",
            json={"stage": "first", "verdict": "keep", "seconds": 1, "key": "not-seen-it"},
        )
        assert refused.json()["code"] == "not_shown"
        answers.append(_decide(one, candidate, "reject", reason="permitted"))
    assert answers[0].keys() == answers[1].keys()
    assert answers[1]["decision"]["id"] == answers[0]["decision"]["id"] + 1
    assert {a["state"] for a in answers} == {"rejected"}
    recent = one.get("/api/queue/recent").json()
    assert [r["candidate"]["id"] for r in recent[:2]] == [real["candidate"]["id"], number]
    assert {(r["candidate"]["state"], r["undoable"], r["count"]) for r in recent[:2]} == {
        ("rejected", True, 1)
    }
    undone = one.post(f"/api/decisions/{answers[0]['decision']['id']}/undo", json={"key": "undo-that"})
    assert (undone.status_code, undone.json()["candidate"]["state"]) == (200, "open")
    assert one.post(f"/api/candidates/{number}/release").status_code == 204
    with office.database.read() as session:
        assert session.get_one(Candidate, number).state == "filed"
    (item,) = leader.get("/api/review/planted").json()["items"]
    assert (item["candidate"]["id"], item["right"]["trials"], item["ended_at"]) == (number, 0, None)
    assert leader.delete(f"/api/review/planted/{item['id']}").status_code == 204
    assert one.get(f"/api/candidates/{number}").json()["state"] == "filed"


def test_figures_are_the_reviewers_first(office: Office) -> None:
    one, leader = office.as_("reviewer"), office.as_("leader")
    _decide(one, _take(one)["candidate"], "keep")
    (line,) = [
        p
        for p in leader.get("/api/review/quality/people").json()["people"]
        if p["reviewer"]["username"] == "reviewer"
    ]
    assert line["figures"] is None or line["figures"]["decisions"] == 0
    mine = one.get("/api/review/quality").json()
    assert mine["rows"][0]["decisions"] == 1
    assert mine["rows"][0]["keeps"] == {
        "hits": 0, "trials": 0, "value": None, "low": None, "high": None, "small": True,
    }  # fmt: skip
    assert {row["by"] for row in mine["rows"]} == {"all", "type", "device", "hour"}
    theirs = leader.get("/api/review/quality/reviewer").json()
    assert theirs["rows"][0]["decisions"] == 1
    assert leader.get("/api/review/quality/legal").status_code == 404
    bad = one.get("/api/review/quality", params={"from": "2026-10-02", "to": "2026-10-01"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_span")


def test_completeness_in_both_languages(office: Office) -> None:
    legal = office.as_("legal")
    path = f"/api/candidates/{office.ids['candidate']}/completeness"
    chinese = legal.get(path, headers={"Accept-Language": "zh-CN"}).json()
    english = legal.get(path, headers={"Accept-Language": "en"}).json()
    assert chinese["complete"] is False  # two pictures, nobody kept it
    assert [i["code"] for i in chinese["items"]] == [i["code"] for i in english["items"]]
    pictures = {i["code"]: i for i in english["items"]}["pictures"]
    assert (pictures["ok"], pictures["title"], pictures["words"]) == (
        False, "Pictures", "only 2 sealed, 3 asked for",
    )  # fmt: skip
    assert {i["code"]: i for i in chinese["items"]}["seal"]["ok"] is True
    assert office.as_("reviewer").get(path).status_code == 403
