"""Queue, candidates, decisions, evidence and cases as the page sees them."""

from __future__ import annotations

import io
from typing import Any

import httpx
import openpyxl
import pytest

from casework.candidates.tables import Candidate
from tests.api.office import Caller, Office


def _take(page: Caller, stage: str = "first", **want: Any) -> dict[str, Any]:
    answer = page.post("/api/queue/next", json={"stage": stage, **want})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _decide(page: Caller, number: int, verdict: str = "keep", **more: Any) -> httpx.Response:
    pictures = page.get(f"/api/candidates/{number}").json()["pictures"]
    shown = [{"picture": picture["id"], "ms": 1200} for picture in pictures]
    body = {
        "stage": "first",
        "verdict": verdict,
        "seconds": 3,
        "key": f"key-{number}-{verdict}",
        "shown": shown,
    }
    body.update(more)
    answer: httpx.Response = page.post(f"/api/candidates/{number}/decisions", json=body)
    return answer


def test_the_whole_way_from_the_queue_to_a_case(office: Office) -> None:
    reviewer, legal = office.as_("reviewer"), office.as_("legal")
    number = office.ids["candidate"]
    assert reviewer.get("/api/queue").json()["waiting"] == 2
    taken = _take(reviewer)
    candidate = taken["candidate"]
    assert (candidate["id"], candidate["number"], taken["waiting"]) == (number, "YS-20261012-0001", 2)
    assert taken["lease_until"].endswith("Z")
    assert (candidate["squad"]["code"], candidate["street"]["code"]) == ("SQ-A", "ST-A")
    assert [p["role"] for p in candidate["pictures"]] == ["first", "latest"]
    assert candidate["pictures"][0]["captured_at"] == "2026-10-12T02:00:00Z"
    assert candidate["picture"] == candidate["pictures"][1]["url"]
    assert candidate["clip"]["url"].startswith("/api/evidence/")
    assert {c["code"]: c["ok"] for c in candidate["checks"]} == {
        "dwell": True, "pictures": True, "spacing": True, "zone": None, "approval": True, "clock": True,
        "permitted": None,  # this candidate has no place on the ground
    }  # fmt: skip
    assert [s["device"] for s in candidate["sightings"]] == ["CAM-A"]
    assert (candidate["decisions"], len(candidate["seals"])) == ([], 1)

    kept = _decide(reviewer, number)
    assert (kept.status_code, kept.json()["state"], kept.json()["case_id"]) == (200, "kept", None)
    assert kept.json()["decision"]["by"] == "某reviewer"
    summary = reviewer.get("/api/queue").json()
    assert (summary["waiting"], summary["mine_today"], summary["median_s"]) == (1, 1, 3.0)

    assert _take(legal, "legal")["candidate"]["id"] == number
    filed = _decide(legal, number, "accept", stage="legal").json()
    assert filed["state"] == "filed"
    assert filed["case_number"].startswith("非现〔")
    case = legal.get(f"/api/cases/{filed['case_id']}").json()
    assert (case["state"], case["stage"], case["candidate"]["id"]) == ("opened", "evidence_lock", number)
    assert [(n["to"], n["mine"]) for n in case["next"]] == [("identified", False), ("withdrawn", True)]
    again = office.as_("auditor").get(f"/api/candidates/{number}").json()
    assert [d["verdict"] for d in again["decisions"]] == ["keep", "accept"]
    assert again["case_number"] == filed["case_number"]


def test_an_empty_queue(office: Office) -> None:
    assert _take(office.as_("reviewer"), type="stacked_goods") == {
        "candidate": None, "lease_until": None, "waiting": 0,
    }  # fmt: skip


def test_giving_back(office: Office) -> None:
    reviewer, other = office.as_("reviewer"), office.as_("reviewer2")
    number = _take(reviewer)["candidate"]["id"]
    assert _take(other)["candidate"]["id"] != number
    assert reviewer.post(f"/api/candidates/{number}/release").status_code == 204
    with office.database.read() as session:
        assert session.get_one(Candidate, number).lease_by is None


def test_a_decision_sent_again_gives_the_same_answer(office: Office) -> None:
    reviewer = office.as_("reviewer")
    number = _take(reviewer)["candidate"]["id"]
    first = _decide(reviewer, number, "reject", reason="duplicate")
    again = _decide(reviewer, number, "reject", reason="duplicate")
    assert first.status_code == 200
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"verdict": "reject"}, 422, "reason_needed"),
        ({"verdict": "accept"}, 422, "bad_verdict"),
        ({"verdict": "maybe"}, 422, "bad_fields"),
        ({"seconds": -1}, 422, "bad_fields"),
        ({"key": "short"}, 422, "bad_fields"),
        ({"note": "x" * 501}, 422, "bad_fields"),
        ({"stage": "legal"}, 403, "not_your_stage"),
        ({"shown": [{"picture": 1, "ms": -5}]}, 422, "bad_fields"),
    ],
)
def test_decisions_that_are_refused(office: Office, change: dict[str, Any], status: int, code: str) -> None:
    reviewer = office.as_("reviewer")
    number = _take(reviewer)["candidate"]["id"]
    answer = _decide(reviewer, number, **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_comes_second_is_told(office: Office) -> None:
    one, two = office.as_("reviewer"), office.as_("reviewer2")
    number = _take(one)["candidate"]["id"]
    assert (_decide(two, number).status_code, _decide(two, number).json()["code"]) == (409, "held_by_other")
    _decide(one, number)
    assert _decide(two, number, key="another-key").json()["code"] == "already_decided"


# Figures ---------------------------------------------------------------------------------------------


def test_every_number_of_the_month_opens_its_list(office: Office) -> None:
    page = office.as_("statistician")
    month = page.get("/api/statistics/2026-10").json()
    assert (month["complete"], "2026-10" in month["months"]) == (True, True)
    figures = [f["code"] for f in month["figures"]]
    opened = 0
    for row in month["rows"]:
        where = {k: v for k, v in (("squad", (row["squad"] or {}).get("code")), ("type", row["type"])) if v}
        for code in figures:
            number = row["figures"][code]
            if number is None:
                continue
            found = page.get(
                "/api/statistics/2026-10/list", params={"figure": code, "size": 200, **where}
            ).json()
            rows = found[found["kind"]]
            assert len(rows) == found["total"]
            assert found["sum"] == number, (row, code)
            if code not in ("looks", "fines"):
                assert found["total"] == number
            opened += 1
    assert opened == 12 * 9 + 3
    assert month["rows"][-4]["figures"]["candidates"] == 3  # all squads: two raised, one filed


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("figure=cases&reason=duplicate", "no_reason"),
        ("figure=candidates&reason=duplicate", "no_reason"),
        ("figure=candidates&type=parking", "no_type"),
        ("figure=looks&type=stall", "no_type"),
    ],
)
def test_lists_that_no_number_counts_are_refused(office: Office, query: str, code: str) -> None:
    """Only rejected candidates have a reason, and looks have no type: such a list would count something else."""
    answer = office.as_("statistician").get(f"/api/statistics/2026-10/list?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "中队"), ("en", "Squad")])
def test_the_sheet_comes_in_the_asked_language(office: Office, language: str, title: str) -> None:
    answer = office.as_("leader").get("/api/statistics/2026-10/sheet", headers={"Accept-Language": language})
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert "2026-10.xlsx" in answer.headers["content-disposition"]
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]["A3"].value == title
