"""For all tests: sockets stay on this machine; a migrated database of each kind, fresh for every test.

``database`` runs a test once on SQLite and once on PostgreSQL; ``sqlite`` is for tests where the kind does not
matter. Both are copies of a template that Alembic migrated once. One PostgreSQL server is started per session,
on a Unix socket in a folder of its own, and stopped by its process at the end.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from pytest_socket import socket_allow_hosts

ROOT = Path(__file__).resolve().parents[1]
if (
    str(ROOT) not in sys.path
):  # so that ``tests.builders`` and ``scripts`` are found however pytest is started
    sys.path.insert(0, str(ROOT))

from casework import schema  # noqa: E402
from casework.db import Database  # noqa: E402
from casework.storage import FileStore  # noqa: E402

os.environ.setdefault("JIEXUN_BACKEND", "onnxruntime")  # the same boxes on every machine, and no self-test
LOOPBACK = ["127.0.0.1", "::1", "localhost"]
START_LIMIT_S = 60.0


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup() -> None:
    """No test talks to another machine (pytest-socket takes the guard away after each test)."""
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(scope="session")
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: databases of tests need no disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="jiexun-test-", dir=memory if os.access(memory, os.W_OK) else None
    ) as name:
        yield Path(name)


@pytest.fixture
def folder(fast_folder: Path) -> Iterator[Path]:
    """An empty folder for one test, quick to flush to."""
    path = Path(tempfile.mkdtemp(dir=fast_folder))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def store(folder: Path) -> FileStore:
    """An empty evidence store."""
    return FileStore(folder / "evidence")


# SQLite -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(fast_folder: Path) -> Path:
    """A migrated SQLite file. Closing its last connection folds the write-ahead log into it."""
    path = fast_folder / "template.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def _sqlite_engine(fast_folder: Path) -> Database:
    """One for all tests, so that statements are compiled once; the file under it is another for each."""
    return Database(f"sqlite:///{fast_folder / 'jiexun.db'}")


@pytest.fixture
def sqlite(sqlite_template: Path, _sqlite_engine: Database, fast_folder: Path) -> Iterator[Database]:
    """A fresh SQLite database."""
    for left in fast_folder.glob("jiexun.db*"):
        left.unlink()
    shutil.copyfile(sqlite_template, fast_folder / "jiexun.db")
    yield _sqlite_engine
    _sqlite_engine.close()


# PostgreSQL -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PostgresServer:
    """A running server: its socket folder, its superuser."""

    folder: Path
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


def _postgres_programs() -> Path | None:
    """The folder with ``postgres`` and ``initdb``: on the path, or Debian's newest."""
    found = shutil.which("postgres")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True
    )
    return next((p for p in places if (p / "postgres").exists() and (p / "initdb").exists()), None)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the account to run it as, none when this is no root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the session. Skips, saying why, only where PostgreSQL is not installed."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL here (no postgres/initdb): apt-get install postgresql")
    account = _unprivileged()
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="jx-pg-", dir=memory if os.access(memory, os.W_OK) else None))
    if account is not None:
        os.chown(folder, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
    process = None
    try:
        _init(programs, folder, account)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", "-k", folder, "-h", "", *_quick()],
                user=account,
                cwd=folder,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
            )
        server = PostgresServer(folder)
        _await(process, server)
        server.run("CREATE DATABASE template_jiexun")
        template = Database(server.url("template_jiexun"))
        schema.upgrade(template)
        template.close()
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: ends sessions, leaves no processes behind
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _init(programs: Path, folder: Path, account: str | None) -> None:
    done = subprocess.run(
        [
            programs / "initdb",
            *("-D", folder / "data", "-U", "jiexun", "-A", "trust", "-E", "UTF8", "--locale=C"),
            *("--no-sync", "--no-instructions"),
        ],
        user=account,
        cwd=folder,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')}")


def _end_with_parent() -> None:
    """Linux: a run of the tests that is killed takes its server with it (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT, 0, 0, 0)


def _quick() -> list[str]:
    """Settings for data that nobody needs tomorrow."""
    settings = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "max_connections": "120",
        "shared_buffers": "64MB",
        "max_wal_size": "4GB",
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _await(process: subprocess.Popen[bytes], server: PostgresServer) -> None:
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


@pytest.fixture(scope="session")
def _postgres_engine(postgres_server: PostgresServer) -> Database:
    """One for all tests, as with SQLite."""
    return Database(postgres_server.url("jiexun"))


@pytest.fixture
def postgresql(postgres_server: PostgresServer, _postgres_engine: Database) -> Iterator[Database]:
    """A fresh PostgreSQL database."""
    postgres_server.run("CREATE DATABASE jiexun TEMPLATE template_jiexun")
    yield _postgres_engine
    _postgres_engine.close()
    postgres_server.run("DROP DATABASE jiexun WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh database at the current schema: the test runs on SQLite and on PostgreSQL."""
    found: Database = request.getfixturevalue(request.param)
    return found
