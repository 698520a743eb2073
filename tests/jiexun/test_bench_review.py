"""``jiexun bench review``, on a small queue."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from casework.review import quality_rules
from jiexun.cli import app, bench_review


def test_the_queue_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_review, "ALONE", 5)
    monkeypatch.setattr(bench_review, "TAKINGS", 1)
    before = quality_rules.rules()
    try:
        done = CliRunner().invoke(
            app,
            ["bench", "review", "--candidates", "1000", "--reviewers", "4", "--decisions", "20", "--json"],
        )
    finally:
        quality_rules.use(before)
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert (made["candidates"], made["backend"], made["reviewers"]) == (1000, "sqlite", 4)
    assert (made["doubled"], made["lost"]) == (0, 0)
    assert made["decided"] == made["acknowledged"] >= 20
    assert 0 < made["next_p50_ms"] <= made["next_p95_ms"]
    assert 0 < made["decide_p50_ms"] <= made["decide_p95_ms"]
    assert made["queries_per_next"] <= 25
    assert made["queries_per_decide"] <= 20
    assert len(made["filters_ms"]) == 13
