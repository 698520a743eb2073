"""The database: one engine, read and write transactions, UTC times.

SQLite (WAL) is the embedded default, PostgreSQL the large form; the code above this module is the same.
On SQLite a write transaction begins IMMEDIATE, so that two writers wait for each other at the start and not
with an error in the middle. On PostgreSQL rows are locked where it matters (queues, chain heads, counters).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, text
from sqlalchemy.exc import DataError
from sqlalchemy.exc import OperationalError as DatabaseDown
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import JSON, TypeDecorator

from casework.errors import Invalid

__all__ = ["Base", "Database", "DatabaseDown", "Session", "UtcDateTime", "canonical", "make_engine", "utcnow"]

LOCK_WAIT_S = 30


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps it naive, PostgreSQL with its zone; outside it is always aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value}: every time here is aware UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. Constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


def utcnow() -> datetime:
    """Now, for acts of people and machines here. Never for what a camera saw: that has its capture time."""
    return datetime.now(UTC)


def canonical(value: object) -> str:
    """JSON with one spelling: sorted keys, no spaces, UTF-8 kept. What hashes are taken over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def make_engine(url: str) -> Engine:
    """An engine with time-outs on everything that waits."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S}, pool_size=20, max_overflow=20)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return create_engine(
        url,
        pool_size=10,
        max_overflow=30,
        pool_timeout=LOCK_WAIT_S,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "options": f"-c lock_timeout={LOCK_WAIT_S}s -c timezone=UTC"},
    )


def _sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={LOCK_WAIT_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Any) -> None:
    mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def _refusing() -> Iterator[None]:
    """What a driver cannot take is the giver's mistake: a number beyond the column's bits, a zero character."""
    try:
        yield
    except (OverflowError, UnicodeEncodeError, DataError) as error:
        raise Invalid(
            "unusable_value",
            zh="输入的数字过大，或文字含有不能保存的字符",
            en="a number is too large, or a text holds characters that cannot be kept",
        ) from error


class Database:
    """Opens transactions. One per request or task. info: what every session carries along (``Session.info``)."""

    def __init__(self, url: str, info: Mapping[str, object] | None = None) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._info = dict(info or {})
        self._turn = threading.Lock() if url.startswith("sqlite") else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads. Raises Invalid for values that no database keeps."""
        with _refusing(), Session(self.engine, expire_on_commit=False, info=self._info) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that writes: committed at the end, rolled back on any error. Raises Invalid as ``read``."""
        with (
            _refusing(),
            self._in_turn(),
            Session(self.engine, expire_on_commit=False, info=self._info) as session,
        ):
            session.connection(execution_options={"writes": True})
            yield session
            session.commit()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time, and lets whoever asks most often in. With many threads some would wait until
        they give up: those of this process queue up here. What other processes write is left to SQLite."""
        mine = self._turn is not None and self._turn.acquire(timeout=LOCK_WAIT_S)
        try:
            yield
        finally:
            if mine and self._turn is not None:
                self._turn.release()

    def answers(self) -> bool:
        """Whether it can be asked now."""
        try:
            with Session(self.engine) as session:
                session.execute(text("SELECT 1"))
        except DatabaseDown:
            return False
        return True

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
