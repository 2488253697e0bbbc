# SPDX-License-Identifier: Apache-2.0
"""Surrogate keys for many rows at once, so that rows that refer to each other can be inserted table by table."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table

from registry.storage.statements import run


def new_numbers(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Keys for `count` rows, ascending, to be inserted before this transaction inserts others into the table.

    Those of a table that never uses a number twice are new in the same sense.
    """
    if count == 0:
        return ()
    name = table.name
    if connection.dialect.name != "sqlite":
        query = "SELECT nextval(pg_get_serial_sequence(?, 'id')) FROM generate_series(1, ?)"
        return sorted(number for (number,) in run(connection, query, (name, count)))
    if table.dialect_options["sqlite"]["autoincrement"]:
        found = run(connection, "SELECT seq FROM sqlite_sequence WHERE name = ?", (name,))
    else:
        found = run(connection, f"SELECT max(id) FROM {name}", ())  # noqa: S608 — a name of ours
    last = (found[0][0] if found else None) or 0
    return range(last + 1, last + 1 + count)
