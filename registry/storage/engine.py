# SPDX-License-Identifier: Apache-2.0
"""The database behind the registry: SQLite in WAL mode, or PostgreSQL."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from registry.clock import Clock
from registry.errors import ConfigurationError, TechnicalError
from registry.storage.unit_of_work import UnitOfWork

_BUSY_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, for the audit: a name such as ``token:ops`` or ``certificate:CN=…``, and the request's id."""

    name: str
    request_id: str = ""


class Database:
    """Connections, and the two ways to use them: `read` and `write`.

    Raises `ConfigurationError` for a URL that can't be used. Errors of the database itself leave `read` and `write`
    as `TechnicalError`.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        try:
            self.url = make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            self.engine: Engine = create_engine(url, pool_pre_ping=not self.is_sqlite, **self._options())
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise ConfigurationError(f"the database URL can't be used: {error}") from error
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    def _options(self) -> dict[str, Any]:
        if self.is_sqlite:
            # Use cases run in worker threads; a connection is used by one thread at a time, never by two at once.
            return {"connect_args": {"check_same_thread": False, "isolation_level": None}}
        return {"isolation_level": "READ COMMITTED"}

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection inside a read transaction: one consistent state."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _translated(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self, actor: Actor) -> Iterator[UnitOfWork]:
        """One transaction; commits at the end of the block, rolls back when the block raises.

        What was given to `UnitOfWork.after_commit` runs once the commit has succeeded.
        """
        with _translated():
            with self.engine.connect().execution_options(registry_writes=True) as connection:
                work = UnitOfWork(connection, self._clock(), actor.name, actor.request_id or uuid.uuid4().hex)
                with connection.begin():
                    yield work
            work.committed()

    def now(self) -> datetime:
        """The present moment by this database's clock."""
        return self._clock()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise TechnicalError(f"the database failed: {error.orig}") from error
    except DBAPIError as error:
        raise TechnicalError(f"the database refused: {type(error.orig).__name__}") from error
    except SQLAlchemyError as error:
        raise TechnicalError(f"the database failed: {type(error).__name__}") from error


def _configure_sqlite(connection: Any, _record: object) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "mmap_size = 268435456",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a transaction that reads first and then writes could fail half-way.
    writes = connection.get_execution_options().get("registry_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
