# SPDX-License-Identifier: Apache-2.0
"""Inserts that know what to do about a row that is there already; each database has a statement of its own for that."""

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert into `table` that can be told what to do on a conflict."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def insert_if_new(connection: Connection, table: Table) -> Insert:
    """An insert into `table` that leaves a row as it is that is there already."""
    return upsert(connection, table).on_conflict_do_nothing()
