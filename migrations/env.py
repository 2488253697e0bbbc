# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: runs the migrations on the engine that the registry hands over, or on REGISTRY_DATABASE_URL."""

import os
from typing import Any

from alembic import context

from registry.clock import system_clock
from registry.storage.engine import Database
from registry.storage.tables import metadata

_LOCK = 7_310_580_254_117  # any number, as long as it stays the same


def run() -> None:
    """Run the migrations in one transaction."""
    engine = (
        context.config.attributes.get("engine") or Database(os.environ["REGISTRY_DATABASE_URL"], system_clock).engine
    )
    with engine.connect().execution_options(registry_writes=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=False,
            # For SQLite Alembic would take it for impossible, read the version outside, and let two processes that
            # start at once both create what is missing. It needs but a BEGIN, which the engine says.
            transactional_ddl=True,
        )
        if connection.dialect.name == "sqlite":
            # To change a table SQLite often makes it anew, and dropping the old one would delete whatever refers to
            # it. It ignores this inside a transaction, so it goes around the engine, which would begin one.
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA foreign_keys = OFF")
            try:
                _migrate()
            finally:
                driver.execute("PRAGMA foreign_keys = ON")
            if broken := driver.execute("PRAGMA foreign_key_check").fetchone():
                raise RuntimeError(f"a migration broke the reference {tuple(broken)}")
        else:
            _migrate()


def _migrate() -> None:
    with context.begin_transaction():
        if context.get_bind().dialect.name == "postgresql":
            # Who comes second waits, however long it takes, and then finds nothing to do; on SQLite by BEGIN IMMEDIATE.
            _execute("SET LOCAL lock_timeout = 0", "SET LOCAL statement_timeout = 0")
            _execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
            # A table that is in use is not waited for without end: whoever uses it next would wait behind this.
            _execute("SET LOCAL lock_timeout TO DEFAULT")
        context.run_migrations()


def _execute(*statements: str) -> None:
    for statement in statements:
        context.get_bind().exec_driver_sql(statement)


run()
