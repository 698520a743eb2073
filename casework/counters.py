"""Numbers without gaps, and the heads of the hash chains. Both are rows that writers lock one after the other."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from casework.db import Base


class Counter(Base):
    """The last number given under a name."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class ChainHead(Base):
    """Length and last hash of a chain. A chain cut at its end no longer fits its head."""

    __tablename__ = "chain_head"
    name: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(default=0)
    hash: Mapped[str] = mapped_column(default="")


Row = TypeVar("Row", Counter, ChainHead)


def lock_counter(session: Session, name: str) -> Counter:
    """The counter's row, locked until the transaction ends; made when it is not there yet."""
    return _locked(session, Counter, name)


def lock_head(session: Session, name: str) -> ChainHead:
    """The chain's head, locked until the transaction ends."""
    return _locked(session, ChainHead, name)


def next_number(session: Session, name: str) -> int:
    """1, 2, 3 ... without gaps: the number is given back when the transaction is rolled back."""
    counter = lock_counter(session, name)
    counter.value += 1
    session.flush()
    return counter.value


def _locked(session: Session, table: type[Row], name: str) -> Row:
    row = session.get(table, name, with_for_update=True, populate_existing=True)
    if row is not None:
        return row
    # Two first users at once: one inserts, the other waits for it and finds the row.
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    empty = {"value": 0} if table is Counter else {"seq": 0, "hash": ""}
    session.execute(insert(table).values(name=name, **empty).on_conflict_do_nothing())
    return session.scalars(
        select(table).where(table.name == name).with_for_update().execution_options(populate_existing=True)
    ).one()
