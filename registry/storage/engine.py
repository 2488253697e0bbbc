# SPDX-License-Identifier: Apache-2.0
"""The database behind the registry: SQLite in WAL mode, or PostgreSQL."""

import functools
import math
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from registry.clock import Clock
from registry.errors import ConfigurationError, TechnicalError
from registry.master_key import MasterKey
from registry.storage.liveness import ask_idle_connections
from registry.storage.unit_of_work import Topic, UnitOfWork

CHANNEL = "registry"
"""Where PostgreSQL tells listeners which topics have changed, as names with commas between them."""
_NOTIFY = text("SELECT pg_notify(:channel, :topics)")
_TRIES = 8
_RETRY_S = 0.02
_CONNECT_S = 10
_ONE: dict[str, Any] = {"pool_size": 1, "max_overflow": 0}
_TRANSIENT = frozenset({"40001", "40P01", "23503", "23505"})
"""Of PostgreSQL: serialization failure, deadlock, foreign key, unique. A use case looks before it writes, so it breaks
the last two only where another transaction has changed meanwhile what it saw; the next time it sees that, and says so
in its own words."""
_P = ParamSpec("_P")
_R = TypeVar("_R")


class TransientError(TechnicalError):
    """The transaction was given up, for the sake of another one above all; the same again will do."""

    def before_again(self) -> None:
        """What has to be done first, outside of the transaction."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, for the audit: a name such as ``token:ops`` or ``certificate:CN=…``, and the request's id."""

    name: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What a process may take of a PostgreSQL server; SQLite has but the time-out of locks.

    Times are in seconds.
    """

    connections: int = 20
    acquire_s: float = 10.0
    """How long to wait for a free connection."""
    statement_s: float = 60.0
    lock_s: float = 10.0


class Database:
    """Connections, and the two ways to use them: `read` and `write`.

    Raises `ConfigurationError` for a URL that can't be used. Errors of the database itself leave `read` and `write`
    as `TechnicalError`, those that vanish by trying again as `TransientError`, see `retried`.
    """

    def __init__(
        self, url: str, clock: Clock, *, master_key: MasterKey | None = None, limits: PoolLimits | None = None
    ) -> None:
        """Without `master_key` nothing can be written that the audit has to seal."""
        self._clock = clock
        self.master_key = master_key
        self.limits = limits or PoolLimits()
        self._watching: list[Callable[[frozenset[Topic]], None]] = []
        self._writing = threading.Lock()
        self._running: ContextVar[UnitOfWork | None] = ContextVar("unit_of_work", default=None)
        try:
            self.url = make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            self.engine: Engine = create_engine(url, **self._options())
            # SQLite forgets the pages that a connection knows once another one has written: one does all the writing.
            self._writers = create_engine(url, **self._options(), **_ONE) if self.is_sqlite else self.engine
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise ConfigurationError(f"the database URL can't be used: {error}") from error
        if self.is_sqlite:
            for engine, cache_kib in ((self.engine, 16_384), (self._writers, 65_536)):
                configure = functools.partial(_configure_sqlite, lock_s=self.limits.lock_s, cache_kib=cache_kib)
                event.listen(engine, "connect", configure)
                event.listen(engine, "begin", _begin_sqlite)
        else:
            ask_idle_connections(self.engine)

    def _options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {"connect_args": self.connect_args}
        return {
            "isolation_level": "READ COMMITTED",
            "pool_size": self.limits.connections,
            "max_overflow": 0,  # beyond it each would be opened and closed for one use
            "pool_timeout": self.limits.acquire_s,
            "connect_args": self.connect_args,
        }

    @property
    def connect_args(self) -> dict[str, Any]:
        """What the driver is told at each new connection: the time-outs, above all."""
        if self.is_sqlite:
            # Use cases run in worker threads; a connection is used by one thread at a time, never by two at once.
            return {"check_same_thread": False, "isolation_level": None}
        limits = self.limits
        timeouts = {
            "statement_timeout": limits.statement_s,
            "lock_timeout": limits.lock_s,
            "idle_in_transaction_session_timeout": 2 * limits.statement_s,
        }
        options = " ".join(f"-c {name}={math.ceil(seconds * 1000)}" for name, seconds in timeouts.items())
        return {"options": options, "application_name": "edelivery-registry", "connect_timeout": _CONNECT_S}

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection inside a read transaction: one consistent state.

        Inside a `write` of the same context it is that one's connection, which sees what was written.
        """
        if (running := self._running.get()) is not None:
            running.settle()
            yield running.connection
            return
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with translated(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self, actor: Actor) -> Iterator[UnitOfWork]:
        """One transaction; commits at the end of the block, rolls back when the block raises.

        What was given to `UnitOfWork.after_commit` runs once the commit has succeeded. Inside another `write` of the
        same context it is a part of that one: taken back alone where it raises, committed with the whole. So use
        cases can be put together to one that is done as a whole or not at all.
        """
        running = self._running.get()
        if running is not None:
            with translated():
                running.settle()
                with running.connection.begin_nested():
                    part = self._unit(running.connection, running.now, actor, running.request_id)
                    part.belong_to(running)
                    yield part
                    part.settle()
            running.adopt(part)
            return
        with translated():
            with self._turn(), self._writers.connect().execution_options(registry_writes=True) as connection:
                work = self._unit(connection, self._clock(), actor, uuid.uuid4().hex)
                with connection.begin():
                    token = self._running.set(work)
                    try:
                        yield work
                        work.settle()
                    finally:
                        self._running.reset(token)
                    if work.topics and not self.is_sqlite:
                        # Delivered by the commit, to every process that listens.
                        connection.execute(_NOTIFY, {"channel": CHANNEL, "topics": ",".join(sorted(work.topics))})
            if work.topics:
                for watch in self._watching:
                    watch(frozenset(work.topics))
            work.committed()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """This thread's turn to write, where the database has one writer at a time.

        SQLite's own lock is asked for again and again, after ever longer sleeps: whoever has just come gets it first,
        and it lies idle between two owners.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._writing.acquire(timeout=self.limits.lock_s):
            raise TechnicalError("the database failed: database is locked")
        try:
            yield
        finally:
            self._writing.release()

    def watch(self, callback: Callable[[frozenset[Topic]], None]) -> None:
        """Have `callback` told of the topics of each commit of this object, before `write` returns.

        What is kept in memory forgets by it what its own process has changed. For other processes, see
        `storage.changes.ChangeListener`.
        """
        self._watching.append(callback)

    def _unit(self, connection: Connection, now: datetime, actor: Actor, request_id: str) -> UnitOfWork:
        return UnitOfWork(connection, now, actor.name, actor.request_id or request_id, self.master_key)

    @property
    def in_write(self) -> bool:
        """Whether a `write` of this context is under way."""
        return self._running.get() is not None

    def now(self) -> datetime:
        """The present moment by this database's clock."""
        return self._clock()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self._writers.dispose()


def retried(use_case: Callable[_P, _R]) -> Callable[_P, _R]:
    """A use case that is run again where the database gave it up for another transaction.

    That is what PostgreSQL does to one of two in a deadlock. It is a method of an object with a `_database`, or a
    function whose first argument is the database, and must do all that it does in one `write`. Inside another one
    nothing is tried again: the whole has failed.
    """

    @functools.wraps(use_case)
    def trying(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        first: Any = args[0]
        database: Database = first if isinstance(first, Database) else first._database  # noqa: SLF001
        for attempt in range(_TRIES - 1):
            try:
                return use_case(*args, **kwargs)
            except TransientError as error:
                if database.in_write:
                    raise
                error.before_again()
                time.sleep(random.uniform(0, _RETRY_S * 2**attempt))  # noqa: S311
        return use_case(*args, **kwargs)

    return trying


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def translated() -> Iterator[None]:
    """Let errors of the database leave the block as `TechnicalError`."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _TRANSIENT:
            raise TransientError("another transaction was in the way; try again") from error
        if isinstance(error, OperationalError):
            raise TechnicalError(f"the database failed: {error.orig}") from error
        raise TechnicalError(f"the database refused: {type(error.orig).__name__}") from error
    except SQLAlchemyError as error:
        raise TechnicalError(f"the database failed: {type(error).__name__}") from error


def _configure_sqlite(connection: Any, _record: object, *, lock_s: float, cache_kib: int) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {int(lock_s * 1000)}",
        "mmap_size = 268435456",
        "temp_store = MEMORY",
        f"cache_size = -{cache_kib}",
        "wal_autocheckpoint = 8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a transaction that reads first and then writes could fail half-way.
    writes = connection.get_execution_options().get("registry_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
