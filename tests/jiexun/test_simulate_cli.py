"""``jiexun simulate`` and ``jiexun bench rules``: keys and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jiexun.cli import app

KEYS = {
    "precision",
    "recall",
    "duplicates",
    "permitted_false",
    "dwell_error_looks",
    "position_error_m",
    "method",
}


def test_simulate_tells_the_figures() -> None:
    done = CliRunner().invoke(
        app, ["simulate", "--cameras", "0", "--days", "0", "--passes", "2", "--no-table", "--json"]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report.keys() >= KEYS
    assert set(report["dwell_error_looks"]) == set(report["position_error_m"]) == {"median", "p95"}
    assert report["permitted_false"] == 0
    assert report["vehicle"]["events"] == report["events"] > 0


def test_simulate_tells_what_each_disturbance_costs() -> None:
    done = CliRunner().invoke(app, ["simulate", "--cameras", "0", "--passes", "1", "--json"])
    table = json.loads(done.stdout)["by_disturbance"]
    assert {"drops_60_percent", "clock_back_20_minutes", "vehicle_gps_outage_40_s"} <= table.keys()


@pytest.mark.parametrize("arguments", [["--cameras", "0", "--passes", "0"], ["--cameras", "-1"]])
def test_numbers_that_make_no_district(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["simulate", *arguments]).exit_code == 2


def test_a_broken_error_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "errors.toml").write_text("floor = 2\n", "utf-8")
    done = CliRunner().invoke(app, ["simulate", "--errors-of", str(tmp_path / "errors.toml")])
    assert "no error model" in str(done.exception)


def test_without_a_rendered_day_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", "--rendered", str(tmp_path)])
    assert done.exit_code != 0
    assert "python -m scripts.street.render day" in str(done.exception)


def test_bench_rules() -> None:
    done = CliRunner().invoke(
        app, ["bench", "rules", "--boxes", "6", "--zones", "4", "--looks", "60", "--json"]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["ms_per_look"] > 0
    assert report["mb_per_1000_cameras"] > 0
    assert report["things"] == 6
