# SPDX-License-Identifier: Apache-2.0
"""Values by key that come in any order and are too many for the memory: in a file that is gone with its owner."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import Final, Self

from registry.errors import TechnicalError

_AT_ONCE: Final = 2_000


class Spool:
    """Use it as a context manager. Every method raises TechnicalError where the file can't be written."""

    def __init__(self) -> None:
        # SQLite removes the file from the folder for temporary files before it writes a byte.
        self._connection = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16384", "temp_store = FILE"):
            self._connection.execute(f"PRAGMA {setting}").fetchone()
        self._connection.execute("CREATE TABLE item (key TEXT NOT NULL, value BLOB NOT NULL)")
        self._waiting: list[tuple[str, bytes]] = []
        self._indexed = False

    def add(self, key: str, value: bytes) -> None:
        """Keep one more value of a key."""
        self._waiting.append((key, value))
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def values(self, key: str) -> list[bytes]:
        """The values of a key in the order in which they came. Call it once all are there: it is slow else."""
        self._prepare()
        with _translated():
            found = self._connection.execute("SELECT value FROM item WHERE key = ? ORDER BY rowid", (key,)).fetchall()
        return [value for (value,) in found]

    def larger_than(self, size: int) -> list[str]:
        """The first keys whose values have more bytes together. Call it once all are there."""
        self._prepare()
        query = "SELECT key FROM item GROUP BY key HAVING sum(length(value)) > ? ORDER BY key LIMIT 10"
        with _translated():
            return [key for (key,) in self._connection.execute(query, (size,))]

    def groups(self) -> Iterator[tuple[str, list[bytes]]]:
        """All keys in order, each with its values in the order in which they came."""
        self._prepare()
        with _translated():
            rows = self._connection.execute("SELECT key, value FROM item ORDER BY key, rowid")
            for key, items in groupby(rows, key=itemgetter(0)):
                yield key, [value for _, value in items]

    def _prepare(self) -> None:
        self._write()
        if not self._indexed:
            with _translated():
                self._connection.execute("CREATE INDEX item_key ON item (key)")
            self._indexed = True

    def _write(self) -> None:
        if not self._waiting:
            return
        with _translated():
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO item VALUES (?, ?)", self._waiting)
            self._connection.execute("COMMIT")
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise TechnicalError(f"the file for what waits can't be written: {error}") from error
