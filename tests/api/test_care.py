"""Cameras that cannot be relied on, and what they raised, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework.devices.conditions import begin, end
from casework.devices.tables import Device
from detector.care.model import Condition, Finding
from tests import builders as b
from tests.api.office import Office
from tests.api.test_rules_and_life import ok

TURNED = Finding(Condition.MOVED, "turn_deg", 4.25, 1.0)
DARK = Finding(Condition.DARK, "dark_level", 9.0, 24.0)
SPAN = {"since": b.at(0).isoformat(), "until": b.at(3600).isoformat()}


@pytest.fixture
def troubled(office: Office) -> Office:
    """CAM-A was dark for ten minutes (after a minute of the office's own) and is turned now; CAM-B is dark."""
    sha256 = office.store.put(b.a_png(90, 1280, 720))
    with office.database.write() as session:
        here, away = (
            session.scalars(select(Device).where(Device.code == code)).one() for code in ("CAM-A", "CAM-B")
        )
        begin(session, here, DARK, b.at(0), sha256, None)
        end(session, here, b.at(600))
        begin(session, here, TURNED, b.at(900), sha256, None)
        begin(session, away, DARK, b.at(60), sha256, None)
    return office


def test_whoever_looks_is_told_which_cameras_are_suspended(troubled: Office) -> None:
    told = ok(troubled.as_("leader").get("/api/camera-conditions"))
    assert [(t["device"]["code"], t["condition"]["kind"]) for t in told] == [
        ("CAM-B", "dark"),
        ("CAM-A", "moved"),  # longest first
    ]
    assert (told[1]["squad"]["code"], told[1]["condition"]["until"]) == ("SQ-A", None)
    # Somebody of one squad is told of that squad's cameras.
    theirs = ok(troubled.as_("leader-b").get("/api/camera-conditions"))
    assert [t["device"]["code"] for t in theirs] == ["CAM-B"]
    with troubled.database.write() as session:
        session.scalars(select(Device).where(Device.code == "CAM-B")).one().active = False
    assert ok(troubled.as_("leader-b").get("/api/camera-conditions")) == []  # out of use


def test_the_picture_of_a_condition_is_served_to_those_who_see_devices(troubled: Office) -> None:
    reviewer = troubled.as_("reviewer")
    now, before, _ = ok(reviewer.get("/api/devices/CAM-A"))["conditions"]
    assert (now["kind"], now["value"], now["limit"], before["until"] is not None) == (
        "moved",
        4.25,
        1.0,
        True,
    )
    answer = reviewer.get(now["picture"], params={"width": 320})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert reviewer.get(now["picture"].replace("CAM-A", "CAM-B")).status_code == 404
    assert reviewer.get("/api/devices/CAM-A/conditions/99/picture").status_code == 404


def test_a_leader_sees_a_span_before_it_is_withdrawn_and_restores_it(office: Office) -> None:
    leader, id = office.as_("leader"), office.ids["candidate"]
    found = ok(leader.get("/api/devices/CAM-A/span", params=SPAN))
    assert [c["id"] for c in found["withdraw"]["items"]] == [id]
    # The row that stands for a filed one is decided on.
    assert (found["withdraw"]["count"], found["restore"]["count"], found["decided"]) == (1, 0, 1)
    body = {**SPAN, "reason": "镜头被撞歪", "count": 1}
    stale = ok(leader.post("/api/devices/CAM-A/withdraw", json={**body, "count": 3}), 409)
    assert stale["code"] == "changed_meanwhile"
    assert "现为 1 件" in stale["detail"]
    assert ok(leader.post("/api/devices/CAM-A/withdraw", json=body))["candidates"] == [id]
    gone = ok(leader.get(f"/api/candidates/{id}"))
    assert (gone["state"], gone["acts"]) == ("withdrawn", ["restore"])
    assert [(e["act"], e["by"], e["reason"]) for e in gone["events"]] == [
        ("withdraw", "某leader", "镜头被撞歪")
    ]
    assert ok(leader.get("/api/devices/CAM-A/span", params=SPAN))["restore"]["count"] == 1
    assert ok(leader.post("/api/devices/CAM-A/restore", json=body))["candidates"] == [id]
    assert ok(leader.get(f"/api/candidates/{id}"))["state"] == "open"
    said = ok(office.as_("auditor").get("/api/audit?size=200"))["items"]
    assert [e["action"] for e in said if e["subject"] == "device:CAM-A"][:2] == [
        "span_restore",
        "span_withdraw",
    ]


def test_what_a_span_cannot_be(office: Office) -> None:
    leader = office.as_("leader")
    backwards = {"since": SPAN["until"], "until": SPAN["since"]}
    assert ok(leader.get("/api/devices/CAM-A/span", params=backwards), 422)["code"] == "bad_span"
    naive = {"since": "2026-10-12T02:00:00", "until": SPAN["until"]}
    assert leader.get("/api/devices/CAM-A/span", params=naive).status_code == 422
    long = {**SPAN, "until": (b.START + timedelta(days=400)).isoformat()}
    assert leader.get("/api/devices/CAM-A/span", params=long).status_code == 422
    assert leader.get("/api/devices/NONE/span", params=SPAN).status_code == 404
    # Another squad's leader finds nothing there, and cannot withdraw it.
    stranger = office.as_("leader-b")
    assert ok(stranger.get("/api/devices/CAM-A/span", params=SPAN))["withdraw"]["count"] == 0
    body = {**SPAN, "reason": "r", "count": 1}
    assert stranger.post("/api/devices/CAM-A/withdraw", json=body).status_code == 409


def test_a_merge_choice_by_number(office: Office) -> None:
    reviewer, id = office.as_("reviewer"), office.ids["candidate"]
    other = ok(reviewer.get(f"/api/candidates/{office.ids['candidate_b']}"))["number"]
    url = f"/api/candidates/{id}/merge-choices"
    [found] = ok(reviewer.get(url, params={"number": f" {other.lower()}"}))
    assert found["number"] == other
    own = ok(reviewer.get(f"/api/candidates/{id}"))["number"]
    assert ok(reviewer.get(url, params={"number": own}), 422)["code"] == "same_candidate"
    missing = ok(reviewer.get(url, params={"number": "YS-20260101-0001"}), 404)
    assert "YS-20260101-0001" in missing["detail"]


def test_the_reason_of_the_shipped_rules_in_both_languages(office: Office) -> None:
    [brief] = ok(office.as_("admin").get("/api/rules"))
    assert (brief["reason"], brief["reason_en"]) == (
        "随软件发布的规则",
        "Rules as shipped with the software",
    )
