# SPDX-License-Identifier: Apache-2.0
"""Changes audit events as somebody could who owns the database: without the triggers, and past the program."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from registry.storage.engine import Actor, Database

FORGER = Actor("forger")


@contextmanager
def tampering(database: Database) -> Iterator[Connection]:
    """A transaction in which events can be changed; positions may be doubled, too, as long as it lasts."""
    with database.write(FORGER) as work:
        if database.is_sqlite:
            listed = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
            for (name,) in work.connection.execute(listed).all():
                work.connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            work.connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER USER")
        work.connection.exec_driver_sql("DROP INDEX IF EXISTS uq_event_position")
        yield work.connection
