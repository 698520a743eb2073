"""Names of workers, as leases carry them: machine, process id, and when the process began.

The beginning tells a process from a later one that was given the same id.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def worker_name() -> str:
    """This process."""
    return f"{socket.gethostname()}:{os.getpid()}:{_began(os.getpid())}"


def is_gone(worker: str) -> bool:
    """Whether a worker of this machine has ended. Of another machine nothing is known: its lease decides."""
    machine, _, rest = worker.rpartition(":")[0].rpartition(":")
    began = worker.rpartition(":")[2]
    return machine == socket.gethostname() and rest.isdigit() and _began(int(rest)) != began


def _began(process: int) -> str:
    """Clock ticks from the machine's start to the process's (proc(5), stat field 22); empty when there is none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
