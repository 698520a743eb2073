"""A Ray of several nodes on this machine, with a token, in a folder of its own, ended by process id: for measurements
and for tests. A node is a machine simulated: with ``pinned`` all its processes share one core.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from jiexun.processes import end_with_parent, kill

START_S = 120.0
STORE_BYTES = 80_000_000
"""Ray's own shared memory, the least that it takes: nothing of ours goes through it."""


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """environment: for what joins. address: of the head. head: its process. nodes: of the others, in order.

    folder: of Ray's files, with what each node said in a log.
    """

    environment: dict[str, str]
    address: str
    head: subprocess.Popen[bytes]
    nodes: tuple[subprocess.Popen[bytes], ...]
    folder: Path

    def check(self) -> None:
        """Raises RuntimeError with its own words when a node has ended by itself."""
        for number, node in enumerate(self.nodes):
            if node.poll() is not None:
                said = (self.folder / f"node-{number}.log").read_text(errors="replace")
                raise RuntimeError(f"node {number} of Ray ended: {said}")


@contextmanager
def own_cluster(
    *, head_cpus: int, nodes: int, pinned: Sequence[int] = (), more: Mapping[str, str] | None = None
) -> Iterator[OwnCluster]:
    """A head with so many CPUs, and nodes of one CPU each. more: environment of all. pinned: cores, a node each.

    Raises RuntimeError when the head takes no connection in time.
    """
    folder = Path(tempfile.mkdtemp(prefix="jx-ray-"))  # short: Ray puts sockets below it
    token = folder / "token"
    token.write_text(secrets.token_hex(16))
    token.chmod(0o600)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
        **(more or {}),
    }
    common = ["--node-ip-address=127.0.0.1", f"--object-store-memory={STORE_BYTES}", "--block"]
    first = ["--head", f"--port={address.rpartition(':')[2]}", "--include-dashboard=false"]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)

        def node(name: str, options: list[str], core: int | None) -> subprocess.Popen[bytes]:
            with (folder / f"{name}.log").open("wb") as log:
                started = _node(environment, [*options, *common], core, log)
            stack.callback(kill, started)
            return started

        head = node("head", [*first, f"--num-cpus={head_cpus}", f"--temp-dir={folder}"], None)
        _answers(address, head, folder / "head.log")
        join = [f"--address={address}", "--num-cpus=1"]
        others = [node(f"node-{n}", join, pinned[n] if pinned else None) for n in range(nodes)]
        yield OwnCluster(environment, address, head, tuple(others), folder)


def _node(
    environment: dict[str, str], options: list[str], core: int | None, log: BinaryIO
) -> subprocess.Popen[bytes]:
    before = os.sched_getaffinity(0)
    try:
        if core is not None:
            os.sched_setaffinity(
                0, {core}
            )  # of this thread: what it starts, and all that those start, inherit it
        return subprocess.Popen(
            [Path(sys.executable).parent / "ray", "start", *options],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, signal.SIGTERM),
        )
    finally:
        os.sched_setaffinity(0, before)


def _answers(address: str, head: subprocess.Popen[bytes], log: Path) -> None:
    """Until Ray's head takes connections."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + START_S
    while time.monotonic() < end and head.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Ray did not start within {START_S:.0f} s: {log.read_text(errors='replace')}")
