# SPDX-License-Identifier: Apache-2.0
"""Rows for every table of a schema, whatever it is, made from what the database says of its tables."""

import hashlib
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
)

ROWS = 2
Contents = dict[str, list[dict[str, Any]]]


def reflected(connection: Connection) -> list[Table]:
    """The tables that there are, those first that others refer to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(connection: Connection, tables: list[Table], first: int = 1) -> None:
    """Insert rows into each table: one with everything, and one without what may be left out."""
    for table in tables:
        for number in range(first, first + ROWS):
            connection.execute(insert(table).values(_row(table, number, bare=number == first + ROWS - 1)))


def contents(connection: Connection, tables: list[Table]) -> Contents:
    """All rows of the tables, with the columns that they had when they were reflected."""
    return {
        table.name: sorted(
            (dict(row) for row in connection.execute(select(table)).mappings()),
            key=lambda row: [repr(row[column.name]) for column in table.primary_key],
        )
        for table in tables
    }


def _row(table: Table, number: int, *, bare: bool) -> dict[str, Any]:
    return {
        column.name: _value(table, column, number)
        for column in table.columns
        if not (bare and _may_be_left_out(column)) and not _refers_to_itself(column)
    }


def _may_be_left_out(column: Column[Any]) -> bool:
    return not column.primary_key and bool(column.nullable or column.server_default is not None)


def _refers_to_itself(column: Column[Any]) -> bool:
    return any(key.column.table is column.table for key in column.foreign_keys)


def _value(table: Table, column: Column[Any], number: int) -> Any:
    for key in column.foreign_keys:  # what has the same number there
        return _value(key.column.table, key.column, number)
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, BigInteger | Integer):
        return number
    if isinstance(column.type, LargeBinary):
        return f"{table.name} {number}\0".encode()
    assert isinstance(column.type, String), column.type
    if column.name == "settings":
        return "{}"
    if column.type.length == 64 and column.name.endswith("sha256"):
        return hashlib.sha256(f"{table.name}.{column.name} {number}".encode()).hexdigest()
    return f"{column.name}é{number}"[: column.type.length]
