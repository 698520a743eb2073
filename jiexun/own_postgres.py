"""A PostgreSQL of one's own on this machine, thrown away afterwards: for measurements and for tests.

It listens on a Unix socket in a folder of its own, and is ended by its process.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from jiexun.processes import end_with_parent

START_LIMIT_S = 60.0
END_LIMIT_S = 30.0


@dataclass(frozen=True)
class OwnPostgres:
    """A running server: its socket folder, its process, its superuser."""

    folder: Path
    process: int
    user: str = "jiexun"

    def url(self, name: str) -> str:
        """SQLAlchemy's address of one of its databases."""
        return f"postgresql+psycopg://{self.user}@/{name}?host={self.folder}"

    def run(self, statement: str) -> None:
        """One statement outside a transaction, in the maintenance database."""
        with psycopg.connect(
            host=str(self.folder), user=self.user, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


def programs() -> Path | None:
    """The folder with ``postgres`` and ``initdb``: on the path, or Debian's newest."""
    found = shutil.which("postgres")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True
    )
    return next((p for p in places if (p / "postgres").exists() and (p / "initdb").exists()), None)


@contextmanager
def running(bin_dir: Path, settings: Mapping[str, str]) -> Iterator[OwnPostgres]:
    """Until the end of the block. bin_dir: see ``programs``. settings: of the server.

    Raises RuntimeError with the server's own words when it does not start.
    """
    account = _unprivileged()
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    folder = Path(tempfile.mkdtemp(prefix="jx-pg-", dir=memory if os.access(memory, os.W_OK) else None))
    if account is not None:
        os.chown(folder, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
    process = None
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    try:
        _init(bin_dir, folder, account)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [bin_dir / "postgres", "-D", folder / "data", "-k", folder, "-h", "", *options],
                user=account,
                cwd=folder,
                stdout=log,
                stderr=log,
                preexec_fn=partial(end_with_parent, signal.SIGINT),
            )
        server = OwnPostgres(folder, process.pid)
        _await(process, server)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: ends sessions, leaves no processes behind
            try:
                process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the account to run it as, none when this is no root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _init(bin_dir: Path, folder: Path, account: str | None) -> None:
    done = subprocess.run(
        [
            bin_dir / "initdb",
            *("-D", folder / "data", "-U", "jiexun", "-A", "trust", "-E", "UTF8", "--locale=C"),
            *("--no-sync", "--no-instructions"),
        ],
        user=account,
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=START_LIMIT_S,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')}")


def _await(process: subprocess.Popen[bytes], server: OwnPostgres) -> None:
    """Until it answers; a server that ended instead is an error with its log."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    "PostgreSQL did not start: " + (server.folder / "log").read_text(errors="replace")
                ) from None
            time.sleep(0.05)
