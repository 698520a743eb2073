"""``jiexun bench cameras --nodes``: what it refuses, how figures are made of measurements, and a run on a real Ray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from casework.db import Database, utcnow
from casework.errors import Invalid
from casework.live.rehearsal import Progress, is_empty, many_cameras, progress
from casework.live.service import Around, Begin, NewLook, begin_days, write_looks
from casework.plans.model import Done
from casework.plans.schedule import lease_due, looked, refresh
from jiexun.cli import app
from jiexun.live.scaling import told
from jiexun.live.scaling_window import Window
from jiexun.processes import cpu_s, family

NODES = int(os.environ.get("JIEXUN_STRESS_NODES", "0"))
BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
NEST = (
    f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\n"
    "inner = subprocess.Popen(['sleep', '60'])\nprint(inner.pid, flush=True)\ninner.wait()\n"
)


def window(nodes: int, looks_per_s: float, looks_per_cpu_s: float, always_due: bool = True) -> Window:
    return Window(nodes, 30.0, looks_per_s, looks_per_cpu_s, always_due, {})


def test_figures_are_medians_over_the_rounds() -> None:
    one = [window(1, looks, cpu) for looks, cpu in ((20, 25), (18, 24), (30, 30))]
    two = [window(2, looks, cpu) for looks, cpu in ((34, 22), (36, 24), (10, 12))]
    found = told([w for pair in zip(one, two, strict=True) for w in pair])
    assert (found.one_node_looks_per_s, found.nodes_looks_per_s, found.nodes_ratio) == (20, 34, 1.7)
    assert (found.one_node_looks_per_cpu_s, found.nodes_looks_per_cpu_s, found.cpu_ratio) == (25, 22, 0.88)
    assert found.always_due
    assert not told([*one, window(2, 30, 22, always_due=False)]).always_due


def test_progress_tells_looks_and_cameras_that_wait(database: Database) -> None:
    now = utcnow()
    later = now + timedelta(seconds=101)
    with database.write() as session:
        assert is_empty(session)
        many_cameras(session, 10, 100.0, lambda n: f"http://127.0.0.1:9/{n}", lambda n: ("0" * 64, 8, 6), now)
        assert not is_empty(session)
        refresh(session, now)
        assert progress(session, now, now + timedelta(seconds=100)) == Progress(0, 10, 10)
        one, _other, _third = lease_due(session, later, 3, "w")
        assert progress(session, now, later) == Progress(0, 7, 10)
        assert progress(session, now, later + timedelta(seconds=61)) == Progress(0, 10, 10)  # leases ended
        looked(session, later, [Done(one.device_id, one.token, later)])
        assert progress(session, now, later) == Progress(0, 7, 9)
        around = Around("s", ("stall",), "m-1", "0" * 64, 100.0, now)
        [day] = begin_days(session, [Begin(one.device_id, one.code, now.date(), around)])
        write_looks(session, [NewLook(day.footage_id, one.device_id, None, 0, later, "http", 0, None)])
        assert progress(session, now, later) == Progress(1, 7, 9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--nodes", "2", "--database", "sqlite:///x.db"], "must be a PostgreSQL"),
        (["--nodes", "64"], "--nodes 64: each simulated node takes a core"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_starts(options: list[str], said: str) -> None:
    pytest.importorskip("ray", reason="the extra [cluster] is not installed: make everything")
    if "64" in options and len(os.sched_getaffinity(0)) >= 64:
        pytest.skip("this machine has a core for each of 64 nodes")
    done = CliRunner().invoke(app, ["bench", "cameras", *options])
    assert isinstance(done.exception, Invalid)
    assert said in done.exception.en


def test_a_database_is_only_for_several_nodes() -> None:
    done = CliRunner().invoke(app, ["bench", "cameras", "--database", "postgresql+psycopg:///x"])
    assert done.exit_code == 2
    assert "only with --nodes 2 or more" in " ".join(done.output.split())


def test_cpu_time_of_a_family_counts_those_that_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", NEST], stdout=subprocess.PIPE, text=True) as outer:
        assert outer.stdout is not None
        inner = int(outer.stdout.readline())
        try:
            assert family(outer.pid) == {outer.pid, inner}
            assert 0.3 <= cpu_s(family(outer.pid)) < 3.0
            assert cpu_s([inner]) < 0.1
        finally:
            outer.kill()
            os.kill(inner, 9)


@pytest.mark.skipif(not NODES, reason="starts Ray and PostgreSQL for a minute or more: make stress")
def test_nodes_are_measured_in_turn(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "jiexun", "bench", "cameras", "--json", "--nodes", str(NODES)),
            *("--count", "8", "--interval", "1", "--seconds", "4", "--rounds", "1"),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told_ = json.loads(done.stdout)
    one, several = told_["windows"]
    assert (one["nodes"], several["nodes"]) == (1, NODES)
    assert told_["one_node_looks_per_s"] == pytest.approx(one["looks_per_s"], abs=0.01)
    assert told_["nodes_looks_per_s"] == pytest.approx(several["looks_per_s"], abs=0.01)
    assert told_["nodes_ratio"] == pytest.approx(several["looks_per_s"] / one["looks_per_s"], abs=0.01)
    assert min(one["looks_per_s"], several["looks_per_s"]) > 0.5
    parts = {"actors", "nodes_beside", "head", "bench", "snapshots", "database"}
    assert set(one["cores"]) == parts
    assert one["cores"]["actors"] <= 1.05  # all on one core
