"""A real Ray of two nodes on this machine, with a token, in folders of its own, ended by process id; for tests."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jiexun.live.own_cluster import START_S, own_cluster

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def two_nodes() -> Iterator[tuple[dict[str, str], str, subprocess.Popen[bytes]]]:
    """Environment for what joins, the address, and the second node (a process group of its own)."""
    more = {
        "RAY_health_check_initial_delay_ms": "1000",
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_failure_threshold": "3",
        "PYTHONPATH": str(ROOT),
    }
    with own_cluster(head_cpus=1, nodes=1, more=more) as cluster:
        yield cluster.environment, cluster.address, cluster.nodes[0]


@contextmanager
def driver(environment: dict[str, str], home: Path, url: str, address: str) -> Iterator[Told]:
    """The executor in a process of its own."""
    script = Path(__file__).parent / "ray_street.py"
    with subprocess.Popen(
        [sys.executable, str(script), str(home), url, address, "2"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        try:
            yield Told(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


class Told:
    """The names of the workers, as the driver told them last."""

    def __init__(self, driver: subprocess.Popen[str]) -> None:
        self._driver, self._last = driver, list[str]()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def both(self, other_than: set[str]) -> set[str]:
        """Two workers, at least one of them new."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if len(self._last) == 2 and not set(self._last) <= other_than:
                return set(self._last)
            time.sleep(0.1)
        raise AssertionError(f"not two workers within {START_S:.0f} s: {self._last}")

    def _read(self) -> None:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            words = line.split()
            if words[:1] == ["workers"]:
                self._last = words[1:]
