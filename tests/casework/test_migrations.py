"""The schema: built by Alembic from nothing, equal to the tables, and closed against changing the past."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Executable, inspect, text
from sqlalchemy.exc import DBAPIError

from casework import schema
from casework.candidates.life import withdraw
from casework.candidates.queries import Filter
from casework.candidates.tables import Candidate
from casework.db import Database
from casework.devices.pictures import add_picture
from casework.places.service import set_zones
from casework.review.service import Choice, decide, take_next
from casework.rules.service import adopt_shipped
from casework.storage import FileStore
from casework.tables import Base
from tests import builders as b
from tests import warehouse as w

APPEND_ONLY = {
    "audit_event": {"actor": "nobody"},
    "decision": {"note": "changed"},
    "evidence_seal": {"manifest_sha256": ""},
    "evidence_item": {"role": "latest"},
    "case_event": {"reason": "changed"},
    "candidate_event": {"reason": "changed"},
    "rule_set": {"text": ""},
    "algorithm_event": {"reason": "changed"},
    "algorithm_evaluation": {"figures": {}},
    "sample_label": {"missed": []},
    "hint_decision": {"reason": "changed"},
    "zone_revision": {"reason": "changed"},
    "reference_picture": {"sha256": ""},
}


def test_upgrade_from_nothing_makes_every_table(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'new.db'}")
    assert schema.current(database) is None
    assert schema.upgrade(database) == schema.head() == schema.current(database)
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    schema.upgrade(database)  # again: nothing to do
    assert schema.current(database) == schema.head()
    database.close()


def test_migrated_tables_equal_the_metadata(database: Database) -> None:
    assert schema.current(database) == schema.head()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def _one_row_of_each(database: Database, store: FileStore) -> None:
    """A candidate that was reviewed twice and became a case: every append-only table has a row."""
    with database.write() as session:
        first, second = b.a_person(session, "reviewer"), b.a_person(session, "legal")
        device = b.a_device(session)
        candidate = b.a_candidate(session, store, device)
        withdraw(session, None, b.a_candidate_row(session, device).id, "a test")
        adopt_shipped(session)
        w.a_hint_answered(session, device)
        set_zones(session, "system", None, [b.a_ground_place()])
        add_picture(session, store, "system", device, b.a_png(width=640, height=360))
        w.a_label(session, device)
        w.an_evaluation(session, w.an_algorithm(session))
        for person, choice in (
            (first, Choice("first", "keep", "key-first")),
            (second, Choice("legal", "accept", "key-legal")),
        ):
            take_next(session, person, choice.stage, Filter())
            decide(session, person, candidate.id, replace(choice, shown=b.seen(session, candidate.id)))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_past_cannot_be_changed(database: Database, store: FileStore, table: str) -> None:
    _one_row_of_each(database, store)
    rows = Base.metadata.tables[table]
    acts: list[Executable] = [rows.update().values(**APPEND_ONLY[table]), rows.delete()]
    if database.engine.dialect.name == "postgresql":
        acts.append(text(f"TRUNCATE {table} CASCADE"))
    with database.read() as session:
        before = session.execute(rows.select()).all()
    assert before
    for act in acts:
        with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
            session.execute(act)
    with database.read() as session:
        assert session.execute(rows.select()).all() == before


def test_all_append_only_tables_are_guarded(database: Database) -> None:
    """A table that is called append-only in its docstring is in the list above, and the list in the triggers."""
    said = set()
    for table in (mapper.class_ for mapper in Base.registry.mappers):
        words = f"{table.__doc__} {sys.modules[table.__module__].__doc__}".lower()
        if table.__name__ != "Case" and ("append-only" in words or "never updated or deleted" in words):
            said.add(table.__tablename__)
    assert said == set(APPEND_ONLY)


def test_going_back_is_refused(sqlite: Database) -> None:
    config = schema._config()
    with sqlite.engine.connect() as connection:
        config.attributes["connection"] = connection
        with pytest.raises(NotImplementedError, match="restore a backup"):
            command.downgrade(config, "0001")


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="naive time"), database.write() as session:
        b.a_candidate_row(session, b.a_device(session), first_at=b.START.replace(tzinfo=None))


def test_times_come_back_aware_in_utc(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    with database.write() as session:
        row = b.a_candidate_row(session, b.a_device(session), first_at=b.START.astimezone(shanghai))
        number = row.id
    with database.read() as session:
        found = session.get_one(Candidate, number).first_at
    assert (found, found.utcoffset()) == (b.START, timedelta(0))
