"""Street cameras, plans and operations over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import event, update

from casework.db import Database, utcnow
from casework.plans.model import Done
from casework.plans.schedule import lease_due, looked, refresh
from casework.plans.tables import LookDue
from casework.streams.tables import Stream
from tests.api.office import Office
from tests.cameras import a_camera, a_plan

PLAN: dict[str, Any] = {"name": "全区", "targets": {"district": True}, "interval_s": 300, "base": 0}


@pytest.fixture
def street(office: Office) -> Office:
    """The office with three street cameras: C-1 works, C-2 is at fault, C-3 is in no plan."""
    now = utcnow()
    with office.database.write() as session:
        for code in ("C-1", "C-2", "C-3"):
            a_camera(session, code, group="路口" if code != "C-3" else None, owner="公安分局")
        a_plan(session, "P-1", interval_s=600, targets={"groups": ["路口"]})
        refresh(session, now - timedelta(minutes=30))
        session.execute(update(LookDue).values(due_at=now - timedelta(seconds=5)))
        for one in lease_due(session, now, 9, "w1"):
            good = one.code == "C-1"
            done = Done(one.device_id, one.token, now if good else None, None if good else "sign_in", "401")
            looked(session, now, [done])
    return office


def test_the_list_has_states_counts_and_filters(street: Office) -> None:
    client = street.as_("reviewer")
    page = client.get("/api/cameras").json()
    assert [(c["code"], c["state"]) for c in page["items"]] == [
        ("C-1", "ok"),
        ("C-2", "fault"),
        ("C-3", "unplanned"),
    ]
    assert (page["counts"]["ok"], page["counts"]["fault"], page["counts"]["unplanned"]) == (1, 1, 1)
    assert page["groups"] == ["路口"]
    for query, codes in (
        ("state=fault", ["C-2"]),
        ("group=路口", ["C-1", "C-2"]),
        ("text=c-3", ["C-3"]),
        ("plan=P-1&order=oldest", ["C-2", "C-1"]),
        ("fault=sign_in", ["C-2"]),
        ("alarm=unapproved", []),
        ("unusable_below=50", []),
        ("size=2&page=2", ["C-3"]),
    ):
        assert [c["code"] for c in client.get(f"/api/cameras?{query}").json()["items"]] == codes, query
    assert client.get("/api/cameras?state=broken").status_code == 422


def test_the_list_needs_the_same_statements_for_one_and_for_fifty(street: Office) -> None:
    client = street.as_("admin")
    assert _statements(street.database, lambda: client.get("/api/cameras?size=1")) == _statements(
        street.database, lambda: client.get("/api/cameras?size=50")
    )


def _statements(database: Database, act: Any) -> int:
    seen: list[str] = []
    listen = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        assert act().status_code == 200
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)
    return len(seen)


def test_one_camera_tells_its_address_and_never_the_password(street: Office) -> None:
    with street.database.write() as session:
        session.execute(
            update(Stream).values(
                url="rtsp://10.0.0.1/live?token=abc", kind="rtsp", user="admin", password_sealed="g1.sealed"
            )
        )
    answer = street.as_("reviewer").get("/api/cameras/C-1")
    found = answer.json()
    assert (found["address"], found["user"], found["has_password"]) == ("rtsp://10.0.0.1/live", "admin", True)
    assert "sealed" not in answer.text
    assert "abc" not in answer.text
    assert street.as_("reviewer").get("/api/cameras/V-1").status_code == 404


def test_an_inventory_is_shown_and_then_taken(street: Office) -> None:
    client = street.as_("statistician")
    data = "编码,名称,流地址,经度\nC-9,甲,http://127.0.0.1:9/a.jpg,\nC 8,乙,http://127.0.0.1:9/b.jpg,121.4\n".encode()
    shown = client.post("/api/camera-inventory", content=data).json()
    assert (shown["rows"], shown["new"], shown["faulty"], shown["applied"]) == (2, 1, 1, False)
    assert [(f["line"], f["column"]) for f in shown["faults"]] == [(3, "编码"), (3, "")] or shown["faults"]
    assert client.get("/api/cameras/C-9").status_code == 404
    refused = client.post("/api/camera-inventory?apply=true", content=data)
    assert (refused.status_code, refused.json()["code"]) == (422, "faulty_rows")
    english = client.post("/api/camera-inventory", content=data, headers={"Accept-Language": "en"}).json()
    assert "letters" in english["faults"][0]["message"]
    taken = client.post("/api/camera-inventory?apply=true&skip_faulty=true", content=data).json()
    assert (taken["new"], taken["applied"]) == (1, True)
    assert client.get("/api/cameras/C-9").json()["name"] == "甲"


def test_a_camera_is_taken_out_of_use(street: Office) -> None:
    client = street.as_("admin")
    out = client.post("/api/cameras/C-1/active", json={"active": False, "reason": "拆除"}).json()
    assert (out["state"], out["plan"]) == ("off", None)
    assert client.post("/api/cameras/C-1/active", json={"active": True, "reason": ""}).status_code == 422
    assert (
        client.post("/api/cameras/C-1/active", json={"active": True, "reason": "装回"}).json()["state"]
        == "unplanned"
    )


class _Camera(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.server.picture  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return None


@pytest.fixture
def snapshots() -> Iterator[str]:
    """A camera that answers with a picture."""
    street = np.random.default_rng(5).integers(0, 255, (90, 160, 3), np.uint8)
    _, picture = cv2.imencode(".jpg", cv2.resize(street, (1280, 720)))
    with HTTPServer(("127.0.0.1", 0), _Camera) as server:
        server.picture = picture.tobytes()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/snap.jpg"
        server.shutdown()
        thread.join(5)


def test_a_stream_is_tested(street: Office, snapshots: str) -> None:
    client = street.as_("admin")
    with street.database.write() as session:
        session.execute(update(Stream).values(url=snapshots))
    found = client.post("/api/cameras/C-2/test").json()
    assert (found["fault"], found["width"], found["height"]) == (None, 1280, 720)
    assert found["parts"]["size"] == 1.0
    camera = client.get("/api/cameras/C-2").json()
    assert (camera["fault"], camera["usability"], camera["state"]) == (None, found["score"], "ok")


def test_a_dead_camera_is_a_result_in_words(street: Office) -> None:
    found = street.as_("admin").post("/api/cameras/C-1/test").json()
    assert found["fault"] in ("refused", "unreachable")
    assert found["message"]
    assert street.as_("admin").get("/api/cameras/C-1").json()["state"] == "fault"


def test_a_plan_is_tried_saved_changed_and_ended(street: Office) -> None:
    client = street.as_("statistician")
    body = {**PLAN, "interval_s": 60, "calendar": {"hours": [["00:00", "24:00"]]}, "types": ["stall"]}
    tried = client.post("/api/plans/P-2/trial", json=body).json()
    # The group's plan names two of the three more exactly; one camera is left, 60 looks an hour beside their 2 x 6.
    assert (tried["own"]["cameras"], tried["own"]["wanted"], tried["whole"]["wanted"]) == (1, 60, 72)
    saved = client.put("/api/plans/P-2", json=body).json()
    plan = next(p for p in saved["plans"] if p["code"] == "P-2")
    assert (plan["version"], plan["holds"], plan["load"]["cameras"], plan["words"]) == (
        1,
        True,
        1,
        "全年全天",
    )
    assert client.put("/api/plans/P-2", json=body).json()["code"] == "plan_changed"
    ended = client.put("/api/plans/P-2", json={**body, "base": 1, "active": False, "reason": "撤销"}).json()
    assert next(p for p in ended["plans"] if p["code"] == "P-2")["holds"] is False
    assert [v["version"] for v in client.get("/api/plans/P-2/versions").json()] == [2, 1]
    assert client.get("/api/cameras/C-3").json()["state"] == "unplanned"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"interval_s": 0.2}, "检看间隔"),
        ({"targets": {}}, "请选择"),
        ({"targets": {"devices": ["C-77"]}}, "C-77"),
        ({"types": ["parking"]}, "parking"),
        ({"slowest_s": 100}, "最慢间隔"),
        ({"weight": 0}, "权重"),
        ({"calendar": {"weekdays": [1], "dates": [["2026-10-03", "2026-10-03"]]}}, "永远不成立"),
        (
            {"special": [{"name": "x", "since": "2026-11-05T00:00:00Z", "until": "2026-11-01T00:00:00Z"}]},
            "结束须晚于",
        ),
    ],
)
def test_a_plan_that_cannot_hold_is_refused(street: Office, changes: dict[str, Any], says: str) -> None:
    answer = street.as_("admin").put("/api/plans/P-2", json={**PLAN, **changes})
    assert answer.status_code in (404, 422)
    assert says in answer.json()["detail"]


def test_a_budget_stretches_intervals_and_is_an_alarm(street: Office) -> None:
    client = street.as_("admin")
    after = client.put("/api/look-budget", json={"looks_per_hour": 6, "machines": 1, "reason": "实测"}).json()
    # Two cameras want 6 an hour each; 90 % of 6 are given: 12 / 5.4 = 2.22, rounded up to 1.05^17 = 2.292.
    assert after["load"]["wanted"] == 12
    assert after["load"]["given"] == pytest.approx(12 / 2.292, abs=0.01)
    kinds = {a["kind"]: a for a in client.get("/api/operations").json()["alarms"]}
    assert kinds["short"]["value"] == 2.22
    assert "预算" in kinds["short"]["title"]


def test_operations_tell_workers_looks_and_alarms(street: Office) -> None:
    client = street.as_("auditor")
    now = client.get("/api/operations").json()
    assert (now["counts"]["ok"], now["counts"]["fault"], len(now["minutes"])) == (1, 1, 60)
    (worker,) = now["workers"]
    assert (worker["name"], worker["working"], worker["faults"]) == ("w1", True, 1)
    assert sum(m["looks"] for m in now["minutes"]) == 1
    past = datetime.now(UTC) - timedelta(hours=2)
    with street.database.write() as session:
        session.execute(update(LookDue).values(due_at=past))
        session.execute(update(Stream).values(since=past, clock_offset_s=7.5, last_picture_at=past))
    found = {
        a["kind"]: a
        for a in client.get("/api/operations", headers={"Accept-Language": "en"}).json()["alarms"]
    }
    assert found["silent"]["subjects"][0]["fault"] == "sign_in"
    assert (found["late"]["count"], found["drifting"]["count"]) == (2, 3)
    assert found["drifting"]["subjects"][0]["value"] == 7.5
    assert found["late"]["what_to_do"].startswith("The machines do not keep up")
    assert "stopped" not in found  # w1 wrote something down a moment ago


def test_only_keepers_change_cameras_and_plans(street: Office) -> None:
    client = street.as_("leader")
    assert client.put("/api/plans/P-2", json=PLAN).status_code == 403
    assert client.post("/api/camera-inventory", content=b"x").status_code == 403
    assert client.post("/api/cameras/C-1/test").status_code == 403
