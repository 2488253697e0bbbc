# SPDX-License-Identifier: Apache-2.0
"""Statements for the driver itself, for rows that are written with every write.

To put a statement together and to convert the parameters of each row takes SQLAlchemy longer than the database needs
for the row. Values have to be given as they are stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_PARAMETERS = 30_000  # of a statement; SQLite takes 32,766, PostgreSQL 65,535
_COPY_FROM = 8  # rows; fewer are faster as an INSERT
_Row = TypeVar("_Row")


def chunks(rows: Sequence[_Row], parameters: int) -> Iterator[Sequence[_Row]]:
    """Parts of rows that fit into a statement each, of `parameters` for a row."""
    size = _PARAMETERS // parameters
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def placeholders(connection: Connection, count: int) -> str:
    """A list of parameters in parentheses."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return f"({', '.join([mark] * count)})"


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values in the order of the columns; on PostgreSQL many of them go as COPY.

    Other columns get what the database has for them. Raises what a single INSERT would: `IntegrityError` where a
    constraint is broken.
    """
    if not rows:
        return
    names, marks = ", ".join(f'"{name}"' for name in columns), placeholders(connection, len(columns))
    statement = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608 — names of ours
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement + marks, list(rows))
    elif len(rows) >= _COPY_FROM:
        copy_rows(connection, table, columns, rows)
    else:  # a single statement, since the way to the server costs more than a row
        connection.exec_driver_sql(statement + ", ".join([marks] * len(rows)), tuple(chain.from_iterable(rows)))


def insert_new_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], returning: str
) -> Iterator[tuple[Any, ...]]:
    """Insert rows unless they are there already, in one order whoever inserts; gives columns of the inserted ones."""
    marks = placeholders(connection, len(columns))
    for part in chunks(sorted(rows), len(columns)):
        values = ", ".join([marks] * len(part))
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values} "  # noqa: S608 — names of ours
            f"ON CONFLICT DO NOTHING RETURNING {returning}"
        )
        yield from connection.exec_driver_sql(statement, tuple(chain.from_iterable(part)))


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY values, as they are stored, into columns of a table of PostgreSQL. Errors as those of `insert_rows`."""
    names = ", ".join(f'"{name}"' for name in columns)
    driver = connection.dialect.loaded_dbapi
    try:
        with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        raise _as_sqlalchemys(connection, error, driver.Error) from error


def _as_sqlalchemys(connection: Connection, error: Exception, kind: type[Exception]) -> BaseException:
    lost = connection.dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate()
    return DBAPIError.instance(
        "COPY", None, error, kind, connection_invalidated=lost, dialect=connection.dialect, ismulti=True
    )
