"""How workers on a Ray cluster scale: one simulated node and several, in turn, over the same cameras.

A simulated node is a Ray node with all its processes on one core, one actor with one looker. More cameras are due than
the nodes look at, so what is measured is what they can do: looks that stand in the database.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

from casework.errors import Invalid
from casework.live.rehearsal import is_empty
from jiexun.house import open_house
from jiexun.live.measuring import DIFFERENT, OneModel, furnish
from jiexun.live.on_ray import the_ray
from jiexun.live.own_cluster import own_cluster
from jiexun.live.scaling_window import Bench, Step, Window, measured
from jiexun.live.snapshots import pictures, serving
from jiexun.own_postgres import programs, running
from jiexun.settings import Settings


@dataclass(frozen=True, slots=True)
class Scaled:
    """Medians over the rounds; nodes_…: of all nodes together. The ratio of looks per CPU second is what the executor
    itself keeps; that of looks a second also falls where the nodes, the database and the snapshots lack cores.
    """

    one_node_looks_per_s: float
    nodes_looks_per_s: float
    nodes_ratio: float
    one_node_looks_per_cpu_s: float
    nodes_looks_per_cpu_s: float
    cpu_ratio: float
    always_due: bool
    windows: list[Window]


@dataclass(frozen=True, slots=True)
class Load:
    """count cameras, each due every interval_s; each form is measured ``rounds`` times for so many seconds."""

    nodes: int
    count: int
    interval_s: float
    seconds: float
    rounds: int


def measure_scaling(
    settings: Settings, make: OneModel, load: Load, database_url: str | None, step: Step = lambda said: None
) -> Scaled:
    """Start a database (unless one is given), snapshots, a cluster; measure one node and all of them, in turn.

    database_url: an empty PostgreSQL. Raises Invalid: no Ray, no PostgreSQL or a database that will not do, too few
    cores.
    """
    if find_spec("ray") is None:  # it must not be imported yet: then it reads whether a token is asked for
        the_ray()
    cores = sorted(os.sched_getaffinity(0))
    if load.nodes > len(cores):
        raise Invalid(
            "too_few_cores",
            zh=f"模拟 {load.nodes} 个节点需要同样多的 CPU 核，这里只有 {len(cores)} 个；请减小 --nodes",
            en=f"--nodes {load.nodes}: each simulated node takes a core, and here are {len(cores)}; ask for fewer",
        )
    with ExitStack() as stack:
        url, database = stack.enter_context(_postgresql(database_url))
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="jiexun-bench-", ignore_cleanup_errors=True)
        )
        shown = pictures(DIFFERENT)
        address = stack.enter_context(serving(shown))
        parts = {"snapshots": [child.pid for child in multiprocessing.active_children() if child.pid]}
        one = {"threads": 1, "ray_worker_cpus": 1.0, "live": True, "s3_endpoint": None}
        own = {"home": Path(folder), "database_url": SecretStr(url), **one}
        house = stack.enter_context(open_house(settings=settings.model_copy(update=own)))
        with house.database.read() as session:
            if not is_empty(session):
                raise Invalid(
                    "not_empty",
                    zh="--database 给出的库里已有设备：请新建一个空库",
                    en="the database of --database holds devices; make an empty one for the measurement",
                )
        step(f"writing down {load.count} cameras")
        furnish(house, shown[0], address, load.count, load.interval_s)
        step(f"starting Ray with {load.nodes} nodes")
        cluster = stack.enter_context(own_cluster(head_cpus=0, nodes=load.nodes, pinned=cores))
        stack.enter_context(_environment(cluster.environment))
        bench = Bench(house, make, cluster, parts | database, step)
        turns = [1, load.nodes] * load.rounds
        return told([measured(bench, nodes, load.seconds) for nodes in turns])


def told(windows: Sequence[Window]) -> Scaled:
    """windows: of one node and of all nodes."""
    most = max(window.nodes for window in windows)
    one, all_ = ([w for w in windows if w.nodes == nodes] for nodes in (1, most))
    looks = [statistics.median(w.looks_per_s for w in form) for form in (one, all_)]
    per_cpu = [statistics.median(w.looks_per_cpu_s for w in form) for form in (one, all_)]
    return Scaled(
        round(looks[0], 2),
        round(looks[1], 2),
        round(looks[1] / max(looks[0], 1e-9), 3),
        round(per_cpu[0], 2),
        round(per_cpu[1], 2),
        round(per_cpu[1] / max(per_cpu[0], 1e-9), 3),
        all(window.always_due for window in windows),
        list(windows),
    )


@contextmanager
def _postgresql(url: str | None) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """The address of an empty database, and the server's process where it is our own."""
    if url is None:
        if (bin_dir := programs()) is None:
            raise Invalid(
                "no_postgresql",
                zh="多节点需要 PostgreSQL（多台机器不能同时写 SQLite 文件）：请安装，或用 --database 给出空库地址",
                en="several nodes need PostgreSQL (machines cannot share a SQLite file): apt-get install postgresql, "
                "or give the address of an empty database with --database",
            )
        with running(bin_dir, {"max_connections": "200"}) as server:
            server.run("CREATE DATABASE bench")
            yield server.url("bench"), {"database": [server.process]}
        return
    if not url.startswith("postgresql"):
        raise Invalid(
            "not_postgresql",
            zh="--database 必须是 PostgreSQL 地址：SQLite 文件不能由多台机器同时写",
            en="--database must be a PostgreSQL (postgresql+psycopg://…): machines cannot share a SQLite file",
        )
    yield url, {}


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Ray reads the token's place from the environment of whoever joins."""
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
