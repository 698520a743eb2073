"""For all tests: sockets stay on this machine; a migrated database of each kind, fresh for every test.

``database`` runs a test once on SQLite and once on PostgreSQL; ``sqlite`` is for tests where the kind does not
matter. Both are copies of a template that Alembic migrated once. One PostgreSQL server is started per session,
on a Unix socket in a folder of its own, and stopped by its process at the end.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import socket_allow_hosts

ROOT = Path(__file__).resolve().parents[1]
if (
    str(ROOT) not in sys.path
):  # so that ``tests.builders`` and ``scripts`` are found however pytest is started
    sys.path.insert(0, str(ROOT))

from casework import schema  # noqa: E402
from casework.db import Database  # noqa: E402
from casework.review import quality_rules  # noqa: E402
from casework.storage import FileStore  # noqa: E402
from jiexun.own_postgres import OwnPostgres, programs, running  # noqa: E402

os.environ.setdefault("JIEXUN_BACKEND", "onnxruntime")  # the same boxes on every machine, and no self-test
# No decision is drawn for a second look and nothing is planted, but where a test asks for it.
QUIET = ROOT / "tests" / "quiet_quality.toml"
quality_rules.use_file(QUIET)
os.environ["JIEXUN_QUALITY_FILE"] = str(QUIET)  # for servers that tests start
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


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


QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
}
"""Settings for data that nobody needs tomorrow."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[OwnPostgres]:
    """One server for the session. Skips, saying why, only where PostgreSQL is not installed."""
    bin_dir = programs()
    if bin_dir is None:
        pytest.skip("no PostgreSQL here (no postgres/initdb): apt-get install postgresql")
    with running(bin_dir, QUICK) as server:
        server.run("CREATE DATABASE template_jiexun")
        template = Database(server.url("template_jiexun"))
        schema.upgrade(template)
        template.close()
        yield server


@pytest.fixture(scope="session")
def _postgres_engine(postgres_server: OwnPostgres) -> Database:
    """One for all tests, as with SQLite."""
    return Database(postgres_server.url("jiexun"))


@pytest.fixture
def postgresql(postgres_server: OwnPostgres, _postgres_engine: Database) -> Iterator[Database]:
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
