# SPDX-License-Identifier: Apache-2.0
"""Copies of a SQLite database: made while it is in use, checked, and put into the place of another one.

In WAL mode a reader and the writer don't disturb each other. The copy is read in one read transaction; without it
SQLite would begin anew with each write of another process, and never come to an end beside a busy one.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from registry.errors import ConfigurationError, ConflictError, TechnicalError

Progress = Callable[[int, int | None], None]
"""How much is done, and of how much, where that is known."""
_PAGES = 2_000  # between two reports


def copy_online(source: Path, target: Path, progress: Progress = lambda _done, _total: None) -> None:
    """Write a consistent copy of the database in `source`, with all that is committed by now, to a new file.

    Others may go on to write. Progress is in pages. Raises TechnicalError.
    """
    with _translated(), closing(_open(source)) as held, closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # who needs it durable syncs the file
        held.execute("BEGIN")
        held.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on this state is what we see
        held.backup(copy, pages=_PAGES, progress=lambda _, left, total: progress(total - left, total))


def check_copy(file: Path) -> None:
    """Raises TechnicalError for a database that is damaged, or whose references lead nowhere."""
    with _translated(), closing(_open(file)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
        if found != ["ok"]:
            raise TechnicalError(f"the database in {file.name} is damaged: {'; '.join(found)}")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise TechnicalError(f"the database in {file.name} has a reference that leads nowhere: {broken[0]}")


def put_in_place(new: Path, place: Path, aside: Path | None) -> None:
    """Let a complete database stand in `place`; one that is there is kept as `aside`.

    Raises ConflictError where somebody has the old one open.
    """
    with _translated(), closing(_open(new)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()  # everything is in the one file
    _sync(new)
    if place.exists():
        with alone_with(place):
            pass
        if aside is not None:
            place.rename(aside)
    new.rename(place)
    _sync(place.parent)


@contextmanager
def alone_with(file: Path) -> Iterator[None]:
    """Nobody else has the database open; everything in it is in its one file. Raises ConflictError."""
    with closing(_open(file)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise ConflictError(f"a program works with {file}: stop it first") from error
        yield


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=rw", uri=True, isolation_level=None, timeout=5)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise TechnicalError(f"the database can't be copied: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"this is no SQLite database, or a damaged one: {error}") from error
    except OSError as error:
        raise TechnicalError(f"the database can't be copied: {error}") from error
