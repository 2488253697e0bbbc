# SPDX-License-Identifier: Apache-2.0
"""A dump of an old system's database, opened as if it were the database.

Its rows are put into a scratch file of SQLite, where the same statements read them, keys compared as MySQL's usual
collations do (without case, without blanks at the end). So no server of the old kind is needed here. A dump has
passwords and keys: the scratch file has no name as soon as it is open, so that nothing of it stays, whatever happens.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from hashlib import md5
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from registry.errors import ConfigurationError, TechnicalError, ValidationError
from registry.move_in.sources.dump_rows import Completed, Index, Inserted, Said, Table, said_in
from registry.move_in.sources.sql import Snapshot
from registry.smp.exchange.sources import open_source

_ROWS_AT_ONCE = 1000
_COLLATION = "old"


class DumpSnapshot(Snapshot):
    """A dump's tables; gone when it is closed."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        super().__init__(create_engine("sqlite://", creator=lambda: connection, poolclass=NullPool))
        self._scratch = connection
        self._name = name

    @property
    def name(self) -> str:
        """The dump's file."""
        return self._name

    def close(self) -> None:
        """See `Snapshot.close`."""
        super().close()
        self._scratch.close()


def open_dump(path: Path, folder: Path, told: Callable[[int], None] = lambda _rows: None) -> DumpSnapshot:
    """The database in a dump, plain or gzip; rows are kept in `folder`, and `told` hears how many have been read.

    Raises ConfigurationError where the dump can't be read, is of another form, or is cut off.
    """
    try:
        scratch = _scratch_in(folder)
    except (OSError, sqlite3.Error) as error:
        raise TechnicalError(f"the rows of {path} can't be kept in {folder}: {error}") from error
    try:
        _load(path, scratch, told)
    except BaseException as error:
        scratch.close()
        if isinstance(error, OSError | EOFError | ValueError | ValidationError):
            raise ConfigurationError(f"{path} can't be read: {error}") from error
        if isinstance(error, sqlite3.Error):
            raise TechnicalError(f"the rows of {path} can't be kept in {folder}: {error}") from error
        raise
    return DumpSnapshot(scratch, str(path))


def _scratch_in(folder: Path) -> sqlite3.Connection:
    """An empty database without a name in this folder."""
    number, name = tempfile.mkstemp(prefix="dump-", suffix=".sqlite3", dir=folder)  # nobody else may read it
    os.close(number)
    try:
        connection = sqlite3.connect(name, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = OFF").fetchone()  # which opens the file
        connection.execute("PRAGMA synchronous = OFF")
    finally:
        Path(name).unlink()
    _equip(connection)
    return connection


def _load(path: Path, connection: sqlite3.Connection, told: Callable[[int], None]) -> None:
    tables: dict[str, Table] = {}
    indexes: list[Index] = []
    complete, rows = False, 0
    with open_source(path) as source, connection:
        for key, group in groupby(said_in(source), _target):
            if isinstance(key, Table):
                tables[key.name] = key
                columns = ", ".join(
                    f'"{column}"' + (f" COLLATE {_COLLATION}" if column in key.folded else "")
                    for column in _kept(key.name, key.columns)
                )
                connection.execute(f'CREATE TABLE "{key.name}" ({columns})')
            elif isinstance(key, Index):
                indexes.append(key)
            elif isinstance(key, Completed):
                complete = True
            else:
                for batch in _batches(group):
                    _insert(connection, tables, *key, batch)
                    rows += len(batch)
                    told(rows)
        if not complete:
            raise ConfigurationError(f"{path} has no last line that says that it is complete: the dump is cut off")
        for number, index in enumerate(indexes):
            if index.columns == _kept(index.table, index.columns):
                names = ", ".join(f'"{column}"' for column in index.columns)
                connection.execute(f'CREATE INDEX "index_{number}" ON "{index.table}" ({names})')
        connection.execute("ANALYZE")


def _target(said: Said) -> Table | Index | Completed | tuple[str, tuple[str, ...] | None]:
    return (said.table, said.columns) if isinstance(said, Inserted) else said


def _batches(group: Iterator[Said]) -> Iterator[list[tuple[Any, ...]]]:
    batch: list[tuple[Any, ...]] = []
    for said in group:
        if isinstance(said, Inserted):
            batch.append(said.values)
        if len(batch) >= _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _insert(
    connection: sqlite3.Connection,
    tables: dict[str, Table],
    table: str,
    columns: tuple[str, ...] | None,
    rows: list[tuple[Any, ...]],
) -> None:
    if table not in tables:
        raise ConfigurationError(f"the dump has rows of {table}, but doesn't say its columns: dump the tables, too")
    names = columns or tables[table].columns
    kept = _kept(table, names)
    said = ", ".join(f'"{name}"' for name in kept)
    marks = ", ".join("?" * len(kept))
    connection.executemany(
        f'INSERT INTO "{table}" ({said}) VALUES ({marks})',  # noqa: S608
        rows if len(kept) == len(names) else [row[: len(kept)] for row in rows],
    )


def _kept(table: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Histories are long, and only counted."""
    return columns[:1] if table.lower() == "smp_audit" or table.lower().endswith("_aud") else columns


def _equip(connection: Any) -> None:
    connection.create_collation(_COLLATION, _compare)
    connection.create_function("md5", 1, _md5, deterministic=True)


def _compare(one: str, other: str) -> int:
    first, second = one.rstrip(" ").casefold(), other.rstrip(" ").casefold()
    return (first > second) - (first < second)


def _md5(value: str | bytes | None) -> str | None:
    if value is None:
        return None
    return md5(value.encode() if isinstance(value, str) else value, usedforsecurity=False).hexdigest()
