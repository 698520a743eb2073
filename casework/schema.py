"""Bringing a database to the current schema."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from casework.db import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("casework").joinpath("migrations")))
    return config


def head() -> str:
    """The newest revision."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:  # pragma: no cover - the package always ships one
        raise RuntimeError("no migrations in the package; reinstall jiexun")
    return found


def current(database: Database) -> str | None:
    """The database's revision, none when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> str:
    """Bring the database to the newest revision, in one transaction; returns it."""
    config = _config()
    with database.engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return head()
