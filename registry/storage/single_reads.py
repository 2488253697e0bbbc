# SPDX-License-Identifier: Apache-2.0
"""Statements that read alone, without a transaction: one statement is consistent by itself.

On PostgreSQL a read of `Database.read` takes five round trips, for the pool's look whether the connection lives, for
the transaction's begin and end; here it takes one, and a prepared statement.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import TechnicalError
from registry.storage.engine import Database


class SingleReads:
    """A few connections to PostgreSQL of its own, each used by one thread at a time; closed with the database's."""

    def __init__(self, database: Database, connections: int) -> None:
        self._engine = create_engine(
            database.url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=database.limits.acquire_s,
            pool_reset_on_return=None,
            connect_args={**database.connect_args, "autocommit": True},
        )
        self._errors = (self._engine.dialect.loaded_dbapi.Error, SQLAlchemyError)
        event.listen(database.engine, "engine_disposed", lambda _engine: self._engine.dispose())

    def compiled(self, statement: Select[Any]) -> str:
        """The text of a statement, for `first`."""
        return str(statement.compile(dialect=self._engine.dialect))

    def first(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row; values are given, and come back, as they are stored. Raises TechnicalError."""
        try:
            try:
                return self._first(statement, values)
            except self._errors:
                # A server that was started anew has closed all connections. To look before each use would cost as
                # much as the statement.
                self._engine.dispose()
                return self._first(statement, values)
        except self._errors as error:
            raise TechnicalError(f"the database failed: {type(error).__name__}") from error

    def _first(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        pooled = self._engine.raw_connection()
        try:
            driver: Any = pooled.driver_connection
            row: tuple[Any, ...] | None = driver.execute(statement, values, prepare=True, binary=True).fetchone()
        except self._errors:
            pooled.invalidate()
            raise
        finally:
            pooled.close()
        return row
