# SPDX-License-Identifier: Apache-2.0
"""Copies every row of one database to another one, of the same or of the other kind."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, inspect, select, text, update

from registry.errors import ConflictError
from registry.storage.engine import Actor, Database
from registry.storage.postgresql_dump import unhurried
from registry.storage.queries.restoring import inventory
from registry.storage.tables import metadata

Progress = Callable[[str, int, int | None], None]
"""The table, how many of its rows are done, and of how many."""
_BATCH = 5_000
_ACTOR = Actor("copy")


def copy_database(source: Database, target: Database, progress: Progress) -> dict[str, int]:
    """Copy all rows of ours, in one transaction on either side; both databases have the newest schema.

    Numbers that were given out are not given out again by the target. Gives the rows of each table. Raises
    ConflictError where the target has rows, TechnicalError where a database fails.
    """
    with unhurried(source) as held, target.write(_ACTOR) as work:
        if not inventory(work.connection).is_empty:
            raise ConflictError("the database to copy to is not empty")
        counts = inventory(held).tables
        for table in metadata.sorted_tables:
            for done in _copy_table(held, work.connection, table):
                progress(table.name, done, counts[table.name])
        _go_on_numbering(work.connection, _given_numbers(held))
        return counts


def _copy_table(source: Connection, target: Connection, table: Table) -> Iterator[int]:
    """Copy the rows of a table; gives how many are done, now and then."""
    to_itself = [c for c in table.columns if any(key.column.table is table for key in c.foreign_keys)]
    later: list[dict[str, Any]] = []
    done = 0
    query = select(table).order_by(*table.primary_key.columns)
    rows = source.execute(query, execution_options={"yield_per": _BATCH}).mappings()
    for batch in rows.partitions(_BATCH):
        values = [dict(row) for row in batch]
        for row in values:
            # A row may refer to one that isn't there yet.
            references = {c.name: row[c.name] for c in to_itself if row[c.name] is not None}
            if references:
                row.update(dict.fromkeys(references))
                later.append({"b_id": row["id"], **references})
        target.execute(insert(table), values)
        yield (done := done + len(values))
    for references in later:
        number = references.pop("b_id")
        target.execute(update(table).where(table.c.id == number).values(references))


def _numbered() -> list[tuple[Table, Column[int]]]:
    """The tables whose rows get a number from the database, with its column."""
    columns = ((table, table.autoincrement_column) for table in metadata.sorted_tables)
    return [(table, column) for table, column in columns if column is not None]


def _given_numbers(connection: Connection) -> dict[str, int]:
    """The greatest number that each table has given out, whether its row is still there or not."""
    given: dict[str, int] = {}
    kept: dict[str, int] = {}
    if connection.dialect.name == "sqlite" and inspect(connection).has_table("sqlite_sequence"):
        kept = {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    for table, column in _numbered():
        if connection.dialect.name == "sqlite":
            last = connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
            given[table.name] = max(last, kept.get(table.name, 0))
        else:
            sequence = _sequence(connection, column)
            found = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
            given[table.name] = found.last_value if found.is_called else 0
    return given


def _go_on_numbering(connection: Connection, given: dict[str, int]) -> None:
    for table, column in _numbered():
        number = given[table.name]
        if number == 0:
            continue
        if connection.dialect.name != "sqlite":
            sequence = {"sequence": _sequence(connection, column), "number": number}
            connection.execute(text("SELECT setval(CAST(:sequence AS regclass), :number)"), sequence)
        elif table.dialect_options["sqlite"]["autoincrement"]:
            row = {"name": table.name, "number": number}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), row)


def _sequence(connection: Connection, column: Column[int]) -> str:
    where = {"table": column.table.name, "column": column.name}
    return str(connection.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), where).scalar_one())
