# SPDX-License-Identifier: Apache-2.0
"""Tells a process what has changed in the database, whoever changed it: LISTEN on PostgreSQL, polling on SQLite.

A listener that is cut off misses what is told meanwhile, and a cut isn't always noticed at once: a network may swallow
packets, and a connection pooler may take LISTEN and never deliver. So the listener notifies itself now and then, and
counts as connected only while it hears that. While it isn't, and when it is again, everything is told.
"""

import selectors
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import structlog

from registry.storage.engine import CHANNEL, Database
from registry.storage.unit_of_work import Topic

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)

EVERYTHING = frozenset(Topic)
_BEAT_S = 2.0
_SILENCE_S = 5.0
"""After this time without an echo the listener isn't connected. Less than it takes to give up a dead connection."""
_BACK_OFF_S = (0.05, 0.2, 0.5, 1.0, 2.0)
_CONNECT_S = 5


class ChangeListener:
    """A thread that calls `on_change` with the topics of what was committed, by this process or another one.

    On SQLite nobody can say which topics, so it is always all of them. `on_change` must be quick; what it raises is
    logged.
    """

    def __init__(self, database: Database, on_change: Callable[[frozenset[Topic]], None], poll_s: float = 0.2) -> None:
        """`poll_s` is how often SQLite is asked."""
        self._database = database
        self._on_change = on_change
        self._poll_s = poll_s
        self._stopping = threading.Event()
        self._wake: socket.socket | None = None
        self._heard_at = float("-inf")
        self._failures = 0
        self._thread: threading.Thread

    @property
    def connected(self) -> bool:
        """Whether a change that is committed now will be told. What is kept in memory must not be used otherwise."""
        return time.monotonic() - self._heard_at < _SILENCE_S

    def start(self) -> None:
        """Begin to listen; `connected` follows soon."""
        self._wake, woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(woken,), name="changes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop at once; nothing is told afterwards."""
        self._stopping.set()
        if self._wake is not None:
            self._wake.close()  # which the thread notices
            self._wake = None
            self._thread.join(2 * _CONNECT_S)

    def _run(self, woken: socket.socket) -> None:
        with woken:
            self._watch(woken)

    def _watch(self, woken: socket.socket) -> None:
        driver: Any = self._database.engine.dialect.dbapi
        while not self._stopping.is_set():
            try:
                if self._database.is_sqlite:
                    self._poll_sqlite()
                else:
                    self._listen(woken)
            except (driver.Error, OSError) as error:
                log.warning("changes_not_heard", reason=str(error))
            self._heard_at = float("-inf")
            if not self._stopping.is_set():
                self._tell(EVERYTHING)
                self._stopping.wait(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)])
                self._failures += 1

    def _heard(self) -> None:
        first = not self.connected
        if first:
            self._tell(EVERYTHING)
        self._heard_at = time.monotonic()
        self._failures = 0

    def _tell(self, topics: frozenset[Topic]) -> None:
        try:
            self._on_change(topics)
        except Exception:  # the next change has to be told all the same
            log.exception("change_not_taken")

    # SQLite

    def _poll_sqlite(self) -> None:
        connection = sqlite3.connect(self._database.url.database or "", timeout=_CONNECT_S, isolation_level=None)
        try:
            seen = None
            while not self._stopping.is_set():
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if seen not in {None, version}:
                    self._tell(EVERYTHING)
                seen = version
                self._heard()
                self._stopping.wait(self._poll_s)
        finally:
            connection.close()

    # PostgreSQL

    def _listen(self, woken: socket.socket) -> None:
        import psycopg

        _, url = self._database.engine.dialect.create_connect_args(self._database.url)
        lasting = {"connect_timeout": _CONNECT_S, "tcp_user_timeout": int(_SILENCE_S * 1000)}
        parameters: dict[str, Any] = {**url, **lasting, "application_name": "edelivery-registry changes"}
        with (
            psycopg.connect(**parameters, autocommit=True) as connection,
            selectors.DefaultSelector() as selector,
        ):
            echo = f"{CHANNEL}_{uuid.uuid4().hex}"
            connection.execute(f"LISTEN {CHANNEL}".encode())
            connection.execute(f"LISTEN {echo}".encode())
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            began = time.monotonic()
            while not self._stopping.is_set():
                connection.execute("SELECT pg_notify(%s, '')", (echo,))
                self._take(connection, echo)
                until = time.monotonic() + _BEAT_S
                while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
                    if selector.select(left):
                        self._take(connection, echo)
                if time.monotonic() - max(began, self._heard_at) > _SILENCE_S:
                    raise OSError("PostgreSQL takes LISTEN, but delivers nothing")

    def _take(self, connection: "psycopg.Connection[Any]", echo: str) -> None:
        notifications = list(connection.notifies(timeout=0))
        topics = _topics(name for told in notifications if told.channel == CHANNEL for name in told.payload.split(","))
        if topics:
            self._tell(topics)
        if any(told.channel == echo for told in notifications):
            self._heard()


def _topics(names: Iterable[str]) -> frozenset[Topic]:
    """The topics of these names; a process of a newer version may tell of ones that nobody here knows."""
    known = {topic.value for topic in Topic}
    return frozenset(Topic(name) for name in names if name in known)
