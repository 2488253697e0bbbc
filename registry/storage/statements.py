# SPDX-License-Identifier: Apache-2.0
"""Statements for the driver itself, for rows that are written with every write.

To put a statement together and to convert the parameters of each row takes SQLAlchemy longer than the database needs
for the row. Values have to be given as they are stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_PARAMETERS = 30_000  # of a statement; SQLite takes 32,766, PostgreSQL 65,535
_COPY_FROM = 8  # rows; fewer are faster as an INSERT
_ROWS, _FEW_ROWS = 512, 32
"""SQLite takes longer to understand a row of a statement that it doesn't know than to insert it: of many rows the
statements have but a few sizes, so that the driver knows them."""
_EACH = "SELECT found.* FROM unnest(?::{}[]) AS wanted (value), LATERAL ({} = wanted.value OFFSET 0) AS found"
"""One look into the index for each value, whatever PostgreSQL takes the table for: before it has counted its rows it
would rather look through all that the other conditions leave, and OFFSET keeps it from that."""
_Row = TypeVar("_Row")


def chunks(rows: Sequence[_Row], parameters: int) -> Iterator[Sequence[_Row]]:
    """Parts of rows that fit into a statement each, of `parameters` for a row."""
    size = _PARAMETERS // parameters
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def placeholders(connection: Connection, count: int) -> str:
    """A list of parameters in parentheses."""
    return _list_of(placeholder(connection), count)


def placeholder(connection: Connection) -> str:
    """A parameter."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def run(connection: Connection, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, of those that give any; `?` stands for a parameter on both databases.

    PostgreSQL plans it anew each time: a plan for tables that were empty yet would look through all that came since,
    until the server has counted again. Raises the errors of SQLAlchemy.
    """
    driver = connection.dialect.loaded_dbapi
    if not connection.in_transaction():
        connection.begin()
    with closing(connection.connection.cursor()) as cursor:
        try:
            if connection.dialect.name == "sqlite":
                cursor.execute(statement, parameters)
            else:
                cursor.execute(_of_psycopg(statement), parameters, prepare=False)  # type: ignore[call-arg]
            return list(cursor.fetchall()) if cursor.description else []
        except driver.Error as error:
            raise _as_sqlalchemys(connection, error, driver.Error, statement) from error


def array_text(values: Iterable[str | int | None]) -> str:
    """Values as PostgreSQL reads an array of them, for a parameter that is cast to one.

    The driver would look at each value by regular expressions, which takes longer than to write a row.
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def rows_among(connection: Connection, query: str, values: Sequence[Any], *before: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that ends in a column, for these values of it; its parameters are what is given `before`."""
    if connection.dialect.name != "sqlite":
        kind = "bigint" if values and isinstance(values[0], int) else "text"
        yield from run(connection, _EACH.format(kind, query), (array_text(values), *before))
        return
    for part in chunks(values, 1):
        yield from run(connection, _among(query, len(part)), (*before, *part))


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of values in the order of the columns; on PostgreSQL many of them go as COPY.

    Other columns get what the database has for them. Raises what a single INSERT would: `IntegrityError` where a
    constraint is broken.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite" and len(rows) >= _COPY_FROM:
        copy_rows(connection, table, columns, rows)
        return
    # A statement for many rows rather than one for each: the way to a server costs more than a row, and between two
    # statements for SQLite the driver lets other threads go first, for whom who holds the write lock would wait.
    names = tuple(columns)
    for part in _known_sizes(rows, len(columns)):
        run(connection, _insertion(table, names, len(part)), tuple(chain.from_iterable(part)))


def insert_new_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], returning: str
) -> Iterator[tuple[Any, ...]]:
    """Insert rows unless they are there already, in one order whoever inserts; gives columns of the inserted ones."""
    marks = placeholders(connection, len(columns))
    ordered = sorted(rows)
    sqlite = connection.dialect.name == "sqlite"
    for part in _known_sizes(ordered, len(columns)) if sqlite else chunks(ordered, len(columns)):
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
        raise _as_sqlalchemys(connection, error, driver.Error, "COPY") from error


def _known_sizes(rows: Sequence[_Row], parameters: int) -> Iterator[Sequence[_Row]]:
    """As `chunks`, but many rows are cut at powers of two, until few are left."""
    if len(rows) <= _ROWS:
        yield from chunks(rows, parameters)
        return
    start, size = 0, min(_ROWS, _PARAMETERS // parameters)
    while left := len(rows) - start:
        while size > left >= _FEW_ROWS:
            size //= 2
        yield rows[start : start + size]
        start += min(size, left)


def _as_sqlalchemys(connection: Connection, error: Exception, kind: type[Exception], statement: str) -> BaseException:
    lost = connection.dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate()
    return DBAPIError.instance(
        statement, None, error, kind, connection_invalidated=lost, dialect=connection.dialect, ismulti=True
    )


# Kept, since a text of some kilobytes takes long to put together, and longer where the driver doesn't know it yet.
_kept = lru_cache(maxsize=256)


@_kept
def _list_of(mark: str, count: int) -> str:
    return f"({', '.join([mark] * count)})"


@_kept
def _of_psycopg(statement: str) -> str:
    return statement.replace("?", "%s")


@_kept
def _among(query: str, count: int) -> str:
    return f"{query} IN {_list_of('?', count)}"


@_kept
def _insertion(table: str, columns: tuple[str, ...], count: int) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join([_list_of("?", len(columns))] * count)
    return f"INSERT INTO {table} ({names}) VALUES {values}"  # noqa: S608 — names of ours
