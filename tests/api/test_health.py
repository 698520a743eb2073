"""For machines that watch: the process, the database, and figures that are those of the database."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from api.app import make_app
from casework.candidates.tables import Candidate
from tests.api.office import Office

TOKEN = "a-token-of-the-monitoring"


def _figures(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_answers_and_says_what_it_lacks(office: Office) -> None:
    client = TestClient(make_app(office.context))
    assert client.get("/api/health").json() == {"status": "ok"}
    answer = client.get("/api/ready")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "uploads": "ok"})
    shutil.rmtree(office.context.uploads_dir)
    assert client.get("/api/ready").status_code == 503


def test_figures_are_for_whoever_holds_the_token(office: Office) -> None:
    closed = TestClient(make_app(office.context))
    assert closed.get("/api/metrics").status_code == 401
    assert closed.get("/api/metrics", headers={"Authorization": "Bearer None"}).status_code == 401
    client = TestClient(make_app(replace(office.context, metrics_token=TOKEN)))
    assert client.get("/api/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/api/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_figures_are_counted_in_the_database(office: Office) -> None:
    client = TestClient(make_app(replace(office.context, metrics_token=TOKEN)))
    for _ in range(3):
        client.get("/api/health")
    client.get("/api/candidates/999999")
    told = _figures(client.get("/api/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text)
    candidates = {
        dict(labels)["state"]: n for (name, labels), n in told.items() if name == "jiexun_candidates"
    }
    with office.database.read() as session:
        assert candidates == dict(Counter(session.scalars(select(Candidate.state)).all()))
    assert candidates
    route = (("method", "GET"), ("route", "/health"), ("status", "200"))
    assert told["jiexun_request_seconds_count", route] == 3
    assert not [labels for name, labels in told if "999999" in str(labels)]
    assert told["jiexun_looks_due", ()] == 0
    assert TOKEN not in repr(office.context) + repr(client.app)
