# SPDX-License-Identifier: Apache-2.0
"""Databases whose restore has begun and not come to its end, which nobody may work with.

SQLite is restored beside its place and moved there when it is complete; PostgreSQL in its place, where a table of its
own tells until the last transaction.
"""

from pathlib import Path

from registry.errors import ConfigurationError
from registry.storage import postgresql_dump
from registry.storage.engine import Database


def file_of(database: Database) -> Path:
    """The file of a SQLite database. Raises ConfigurationError for one in memory."""
    if not database.url.database or database.url.database == ":memory:":
        raise ConfigurationError("a database in memory can't be backed up or restored")
    return Path(database.url.database).absolute()


def staging_file(file: Path) -> Path:
    """Where a SQLite database is made ready before it takes its place."""
    return file.with_name(f"{file.name}.restoring")


def is_unfinished(database: Database) -> bool:
    """Whether a restore of this database has begun and not come to its end."""
    if database.is_sqlite:
        named = database.url.database
        return bool(named) and staging_file(Path(str(named))).exists()
    return postgresql_dump.is_unfinished(database)


def refuse_unfinished(database: Database) -> None:
    """Raises ConfigurationError where `is_unfinished`."""
    if is_unfinished(database):
        way_back = f", or remove {staging_file(file_of(database))} to go on without it" if database.is_sqlite else ""
        raise ConfigurationError(f"a restore of this database has not come to its end: run it again{way_back}")
