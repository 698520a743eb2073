"""The warehouse over HTTP: the way of a version, samples, hints, corrected boxes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.app import make_app
from casework.algorithms.tables import Algorithm
from casework.db import Database
from casework.evidence.tables import EvidenceItem
from casework.review.tables import Decision
from casework.verify import verify
from detector.errors import BadWeights
from tests import builders as b
from tests import warehouse as w
from tests.api.office import Caller, Office, open_office


@pytest.fixture
def office(sqlite: Database, folder: Path) -> Any:
    """With two models in the weights folder; the first is in use."""
    made = open_office(sqlite, folder)
    offers = []
    for version in ("1", "2"):
        path = folder / f"street-{version}.onnx"
        path.write_bytes(f"weights {version}".encode())
        offers.append(w.an_offer(version, path=path))
    context = dataclasses.replace(made.context, algorithms_dir=folder / "algorithms", offers=lambda: offers)
    made.context, made.app = context, make_app(context)
    with sqlite.write() as session:
        w.service.adopt(session, offers[0], 10)
    yield made
    made.close()


def sent(caller: Caller, url: str, code: int, **body: Any) -> Any:
    answer = caller.post(url, json=body)
    assert answer.status_code == code, answer.text
    return answer.json() if answer.content else None


def test_the_way_of_a_version(office: Office) -> None:
    admin, other = office.as_("admin"), office.as_("statistician")
    seen = admin.get("/api/algorithms").json()
    assert [(o["version"], o["registered"]) for o in seen["offers"]] == [("1", True), ("2", False)]
    assert [(a["role"], a["scope"], a["algorithm"]["version"]) for a in seen["assignments"]] == [
        ("active", "district", "1")
    ]
    added = sent(admin, "/api/algorithms", 201, model_id=seen["offers"][1]["model_id"], reason="新训练")
    url = f"/api/algorithms/{added['id']}"
    assert (added["state"], added["next"], added["added_by"]) == ("trained", ["shadow", "retire"], "某admin")
    shadowed = sent(admin, f"{url}/steps", 200, act="shadow", reason="试运行")
    assert [h["role"] for h in shadowed["holds"]] == ["shadow"]
    refused = sent(admin, f"{url}/steps", 409, act="promote", reason="急")
    assert refused["code"] == "guards_failed"
    guards = other.get(f"{url}/guards").json()
    assert [(g["code"], g["ok"]) for g in guards] == [
        ("evaluation", False), ("shadow_span", False), ("other_person", True),
    ]  # fmt: skip
    with office.database.write() as session:
        rows = {r.version: r for r in session.scalars(select(Algorithm))}
        figures = {v: w.figures(r) for v, r in rows.items()}
        first = rows["1"].id
        w.looked(session, rows["2"], b.a_footage(session, b.a_device(session, "CAM-9")))
    sent(admin, f"/api/algorithms/{first}/evaluations", 201, dataset="val", figures=figures["1"])
    wrong = sent(admin, f"{url}/evaluations", 422, dataset="val", figures=figures["1"])
    assert wrong["code"] == "other_model"
    sent(admin, f"{url}/evaluations", 201, dataset="val", figures=figures["2"])
    promoted = sent(other, f"{url}/steps", 200, act="promote", reason="各类不差")
    assert (promoted["state"], promoted["approved_by"]) == ("active", "某statistician")
    assert [e["act"] for e in promoted["events"]] == ["add", "shadow", "evaluation", "promote"]
    assert promoted["shadow"]["looks"] == 5000
    held = promoted["holds"][0]["id"]
    back = sent(other, f"/api/assignments/{held}/rollback", 200, reason="误报增多")
    assert back["assignment"]["algorithm"]["version"] == "1"
    assert sent(other, f"/api/assignments/{held}/rollback", 409, reason="再点")["code"] == "not_in_use"
    assert other.get(url).json()["state"] == "retired"
    with office.database.read() as session:
        # The office's own rows were written without steps: candidates and cases that verify does not believe.
        assert [line for line in verify(session, office.store).bad if not line.startswith("ca")] == []


def test_a_shadow_run_ends(office: Office) -> None:
    admin = office.as_("admin")
    model = admin.get("/api/algorithms").json()["offers"][1]["model_id"]
    added = sent(admin, "/api/algorithms", 201, model_id=model, reason="新")
    body = {"act": "shadow", "scope": {"kind": "device", "target": "CAM-A"}, "reason": "试"}
    [held] = sent(admin, f"/api/algorithms/{added['id']}/steps", 200, **body)["holds"]
    assert (held["scope"], held["target"]) == ("device", "CAM-A")
    sent(admin, f"/api/assignments/{held['id']}/end", 204, reason="够了")
    assert admin.get(f"/api/algorithms/{added['id']}").json()["holds"] == []
    assert sent(admin, f"/api/assignments/{held['id']}/end", 409, reason="再")["code"] == "not_in_shadow"
    assert sent(admin, "/api/algorithms", 404, model_id="none", reason="新")["code"] == "not_found"


def test_a_broken_weights_folder_is_said(office: Office) -> None:
    def broken() -> list[Any]:
        raise BadWeights("manifest.json: no manifest there")

    office.app = make_app(dataclasses.replace(office.context, offers=broken))
    seen = office.as_("admin").get("/api/algorithms").json()
    assert (seen["offers"], seen["offers_problem"]) == ([], "manifest.json: no manifest there")
    assert [a["version"] for a in seen["algorithms"]] == ["1", "9"]


def test_precision_and_the_candidates_version(office: Office) -> None:
    with office.database.write() as session:
        row = session.scalars(select(Algorithm).where(Algorithm.version == "1")).one()
        device = b.a_device(session, "CAM-9")
        kept = w.decided(session, device, 3, "kept", model_id=row.model_id)
        w.decided(session, device, 1, "rejected", model_id=row.model_id)
        number = row.id
    seen = office.as_("auditor").get(f"/api/algorithms/{number}").json()
    assert (seen["precision"]["hits"], seen["precision"]["trials"], seen["precision"]["value"]) == (
        3,
        4,
        0.75,
    )
    assert {r["by"] for r in seen["precision_rows"]} == {"all", "type", "device", "hour"}
    candidate = office.as_("reviewer").get(f"/api/candidates/{kept[0]}").json()
    assert candidate["algorithm"] == {
        "id": number,
        "name": "street",
        "version": "1",
        "model_id": row.model_id,
    }
    unknown = office.as_("reviewer").get(f"/api/candidates/{office.ids['candidate']}").json()
    assert (unknown["model_id"], unknown["algorithm"]) == ("model-1", None)


def test_samples_are_labelled_on_the_page(office: Office) -> None:
    with office.database.write() as session:
        device = b.a_device(session, "CAM-9")
        first = office.ids["sample"]
        number = w.a_sample(session, device, 1000, turn=0.1, store=office.store)
    reviewer = office.as_("reviewer")
    taken = sent(reviewer, "/api/samples/next", 200)
    assert (taken["sample"]["id"], taken["waiting"]) == (number, 2)
    assert reviewer.get(taken["sample"]["url"]).headers["content-type"] == "image/jpeg"
    thing = {"type": "stall", "xyxy": [0.1, 0.1, 0.4, 0.4]}
    bad = {**thing, "xyxy": [0.1, 0.1, 1.4, 0.4]}
    assert sent(reviewer, f"/api/samples/{number}/label", 422, missed=[bad])["code"] == "bad_boxes"
    sent(reviewer, f"/api/samples/{number}/label", 201, missed=[thing])
    assert sent(reviewer, "/api/samples/next", 200)["sample"]["id"] == first
    found = office.as_("legal").get("/api/samples/estimate").json()
    assert (found["looks"], found["labelled"], found["waiting"]) == (1000, 1, 1)
    assert next(t for t in found["types"] if t["type"] == "stall")["per_1000"] == 1000.0


def test_a_hint_is_answered_and_says_where_it_is_applied(office: Office) -> None:
    with office.database.write() as session:
        w.decided(session, b.a_device(session, "CAM-9"), 5, "rejected", reason="permitted")
    admin = office.as_("admin")
    seen = admin.get("/api/hints").json()
    [hint] = seen["hints"]
    assert (hint["device"]["code"], hint["cure"], hint["apply"]) == (
        "CAM-9", "ignore_zone", "/api/zones/device:CAM-9",
    )  # fmt: skip
    assert (seen["days"], seen["least_rejected"], seen["precision_below"]) == (30, 5, 0.5)
    body = {"key": hint["key"], "verdict": "accept", "reason": "画区"}
    answer = sent(admin, "/api/hints/decisions", 201, **body)
    assert (answer["verdict"], answer["apply"]) == ("accept", "/api/zones/device:CAM-9")
    assert admin.get("/api/devices/CAM-9").json()["zones"] == []
    assert admin.get("/api/hints").json()["hints"] == []
    assert sent(admin, "/api/hints/decisions", 404, **body)["code"] == "not_found"


def test_corrected_boxes_are_kept_with_the_decision(office: Office) -> None:
    reviewer, number = office.as_("reviewer"), office.ids["candidate"]
    sent(reviewer, "/api/queue/next", 200, stage="first")
    with office.database.read() as session:
        [one, two] = session.scalars(
            select(EvidenceItem.id).where(EvidenceItem.candidate_id == number, EvidenceItem.kind == "picture")
        )
        foreign = session.scalars(
            select(EvidenceItem.id).where(EvidenceItem.candidate_id == office.ids["candidate_b"])
        ).first()
    shown = [{"picture": picture, "ms": 400} for picture in (one, two)]
    body = {"stage": "first", "verdict": "keep", "seconds": 1, "key": "corrected-1", "shown": shown}
    url = f"/api/candidates/{number}/decisions"
    box = {"label": "stall", "xyxy": [0.25, 0.5, 0.75, 1.0]}
    for boxes in (
        [{"picture": foreign, "boxes": [box]}],
        [{"picture": one, "boxes": [box]}, {"picture": one, "boxes": []}],
        [{"picture": one, "boxes": [{**box, "xyxy": [0.75, 0.5, 0.25, 1.0]}]}],
        [{"picture": one, "boxes": [{**box, "xyxy": [0.25, 0.5, 0.75, 1.01]}]}],
    ):
        assert sent(reviewer, url, 422, **body, boxes=boxes)["code"] == "bad_boxes"
    good = [{"picture": one, "boxes": [box]}, {"picture": two, "boxes": []}]
    first = sent(reviewer, url, 200, **body, boxes=good)
    again = sent(reviewer, url, 200, **body, boxes=good)
    assert first["decision"]["boxes"] == again["decision"]["boxes"] == good
    with office.database.read() as session:
        assert [d.boxes for d in session.scalars(select(Decision))] == [good]
        # The office's own rows were written without steps: candidates and cases that verify does not believe.
        assert [line for line in verify(session, office.store).bad if not line.startswith("ca")] == []
