"""Live cameras on Ray, with the colour detector: ``python ray_street.py HOME DATABASE_URL ADDRESS WORKERS``.

Writes the workers' names whenever they change, and ends when its input is closed.
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path

import ray

from detector.backends.scripted import ScriptedDetector, Seen
from ingest.frame import Image
from jiexun.house import House, open_house
from jiexun.live.on_ray import NAMESPACE, RayExecutor
from jiexun.warehouse import Detectors
from tests.jiexun.live_street import live_settings
from tests.jiexun.painted import NAMES, see


def see_slowly(image: Image) -> list[Seen]:
    """So that a film lasts longer than workers wait before they ask for the next one."""
    time.sleep(0.045)
    return see(image)


def slow_detectors(house: House, threads: int | None) -> Detectors:
    """For actors: a function that they can import."""
    return Detectors(ScriptedDetector(see_slowly, NAMES))


def main() -> None:
    """Run the executor."""
    home, url, address, workers = sys.argv[1:5]
    settings = live_settings(
        Path(home), url, executor="ray", ray_address=address, ray_workers=int(workers), ray_worker_cpus=0.1
    )
    with open_house(settings=settings) as house:
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
        while sum(node["Alive"] for node in ray.nodes()) < 2:  # or both workers are placed on the first
            time.sleep(0.2)
        executor = RayExecutor(house, slow_detectors)
        executor.start()
        print("begun", flush=True)
        told: dict[int, str] = {}
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            if executor.reports != told:
                told = executor.reports
                print("workers", *told.values(), flush=True)
        executor.stop()
        print("done", flush=True)
        time.sleep(0.1)


if __name__ == "__main__":
    from tests.jiexun.ray_street import (
        main as run,
    )  # by its name, so that actors can import what it hands over

    run()
