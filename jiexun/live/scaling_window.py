"""One measurement of workers on simulated nodes: placed, every camera opened, looks and CPU time counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from casework.db import Database, utcnow
from casework.live.rehearsal import Progress, progress
from jiexun.house import House
from jiexun.live.measuring import OneModel
from jiexun.live.on_ray import NAMESPACE, RayExecutor, the_ray
from jiexun.live.own_cluster import START_S, OwnCluster
from jiexun.processes import cpu_s, family

ASK_S = 0.5
STOP_S = 20.0
OPEN_S = 2.0
"""For each camera that is opened, on a machine that is busy with other things."""

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Window:
    """One measurement. looks_per_cpu_s: of the actors' processes. always_due: cameras waited for a look all the time,
    so this is what the nodes can do. cores: taken by each part meanwhile; the database's only where it is our own.
    """

    nodes: int
    seconds: float
    looks_per_s: float
    looks_per_cpu_s: float
    always_due: bool
    cores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Bench:
    """What stands during all rounds. parts: processes besides the nodes' and this one, by name."""

    house: House
    make: OneModel
    cluster: OwnCluster
    parts: dict[str, list[int]]
    step: Step


def measured(bench: Bench, nodes: int, seconds: float) -> Window:
    """With so many of the nodes at work, after each camera was opened. Raises RuntimeError when Ray is too slow."""
    ray, settings = the_ray(), bench.house.settings
    placed = {"executor": "ray", "ray_address": bench.cluster.address, "ray_workers": nodes}
    house = replace(bench.house, settings=settings.model_copy(update=placed))
    ray.init(address=bench.cluster.address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    try:
        _until(
            lambda: _rooms(ray, bench.cluster) == len(bench.cluster.nodes),
            START_S,
            "not all nodes joined Ray",
        )
        executor, began = RayExecutor(house, bench.make), utcnow()
        executor.start()
        try:
            _until(lambda: len(executor.reports) == nodes, START_S, "not all workers started")
            bench.step(f"{nodes} node(s): each camera is opened")
            limit = START_S + OPEN_S * _progress(house.database, began).unseen
            _until(lambda: _progress(house.database, began).unseen == 0, limit, "not all cameras were opened")
            actors = [int(name.split(":")[1]) for name in executor.reports.values()]
            return _counted(bench, nodes, actors, seconds)
        finally:
            executor.stop(STOP_S)
    finally:
        ray.shutdown()  # else it ends this process as soon as the cluster is gone


def _counted(bench: Bench, nodes: int, actors: Sequence[int], seconds: float) -> Window:
    database = bench.house.database
    begin, cpu, at = _progress(database, utcnow()), _taken(bench, actors), time.monotonic()
    due, end = begin.waiting > 0, begin
    while time.monotonic() < at + seconds:
        time.sleep(min(ASK_S, seconds))
        end = _progress(database, utcnow())
        due = due and end.waiting > 0
    took = time.monotonic() - at
    cores = {name: (spent - cpu[name]) / took for name, spent in _taken(bench, actors).items()}
    looks = end.looks - begin.looks
    bench.step(f"{nodes} node(s): {looks / took:.1f} looks/s")
    return Window(
        nodes,
        round(took, 1),
        looks / took,
        looks / max(took * cores["actors"], 1e-9),
        due,
        {name: round(share, 3) for name, share in cores.items()},
    )


def _taken(bench: Bench, actors: Sequence[int]) -> dict[str, float]:
    """CPU time so far, s, by part."""
    nodes = {process for node in bench.cluster.nodes for process in family(node.pid)}
    return {
        "actors": cpu_s(actors),
        "nodes_beside": cpu_s(nodes - set(actors)),
        "head": cpu_s(family(bench.cluster.head.pid)),
        "bench": time.process_time(),
        **{name: cpu_s(set().union(*map(family, started))) for name, started in bench.parts.items()},
    }


def _progress(database: Database, since: datetime) -> Progress:
    with database.read() as session:
        return progress(session, since, utcnow())


def _rooms(ray: Any, cluster: OwnCluster) -> int:
    """Nodes that take actors. Raises RuntimeError when one has ended."""
    cluster.check()
    return sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())


def _until(done: Callable[[], bool], limit_s: float, otherwise: str) -> None:
    """Raises RuntimeError when it takes longer."""
    end = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"{otherwise} within {limit_s:.0f} s")
        time.sleep(ASK_S)
