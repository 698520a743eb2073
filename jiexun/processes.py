"""Processes of this machine, from /proc (proc(5)): who descends from whom, what CPU time they took. Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def family(process: int) -> set[int]:
    """A process and its descendants."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(_fields(stat)[1])
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def cpu_s(processes: Iterable[int]) -> float:
    """CPU time that they and their ended children took, s; 0 for those that are gone."""
    ticks = 0
    for process in processes:
        with suppress(OSError):
            ticks += sum(map(int, _fields(Path(f"/proc/{process}/stat"))[11:15]))
    return ticks / TICKS_PER_S


def kill(started: subprocess.Popen[bytes]) -> None:
    """With all that it started, as when a machine is switched off."""
    for process in family(started.pid):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    started.wait(20)


def end_with_parent(number: int) -> None:
    """For a process that begins: it gets this signal when the one that started it has ended (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, number, 0, 0, 0)


def _fields(stat: Path) -> list[str]:
    """From the third on (state); the second, the name, may hold blanks and brackets."""
    return stat.read_text("ascii", errors="replace").rpartition(")")[2].split()
