"""A real Ray of two nodes on this machine, with a token, in folders of its own, ended by process id; for tests."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0


@contextmanager
def two_nodes() -> Iterator[tuple[dict[str, str], str, subprocess.Popen[bytes]]]:
    """Environment for what joins, the address, and the second node (a process group of its own)."""
    folder = Path(tempfile.mkdtemp(prefix="jx-ray-"))  # short: Ray puts sockets below it
    token = folder / "token"
    token.write_text(secrets.token_hex(16))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_health_check_initial_delay_ms": "1000",
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_failure_threshold": "3",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    common = ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=80000000", "--block"]
    head = ["--head", f"--port={address.rpartition(':')[2]}", "--include-dashboard=false"]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _node(stack, environment, [*head, f"--temp-dir={folder}", *common])
        _answers(address)
        second = _node(stack, environment, [f"--address={address}", *common])
        yield environment, address, second


def _node(stack: ExitStack, environment: dict[str, str], options: list[str]) -> subprocess.Popen[bytes]:
    node = subprocess.Popen(
        [Path(sys.executable).parent / "ray", "start", *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stack.callback(kill, node)
    return node


def kill(node: subprocess.Popen[bytes]) -> None:
    """With all that it started, as when a machine is switched off."""
    for process in family(node.pid):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    node.wait(20)


def family(process: int) -> set[int]:
    """A process and its descendants, from /proc."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _answers(address: str) -> None:
    """Until Ray's head takes connections."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"Ray did not start within {START_S:.0f} s")


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
