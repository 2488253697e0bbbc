# SPDX-License-Identifier: Apache-2.0
"""Many rows at once are the same rows as one by one: types, defaults of the database, and errors."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from registry.clock import system_clock
from registry.errors import TechnicalError
from registry.storage import statements
from registry.storage.engine import Actor, Database
from registry.storage.statements import insert_rows
from registry.storage.types import Instant, JsonText, Key, to_json, to_microseconds
from tests.simulators.databases import database_url

ACTOR = Actor("test")
COLUMNS = ("owner_id", "name", "open", "at", "said", "body")
tables = MetaData()
owner = Table("bulk_owner", tables, Column("id", Key, primary_key=True))
thing = Table(
    "bulk_thing",
    tables,
    Column("id", Key, primary_key=True),
    Column("owner_id", ForeignKey("bulk_owner.id")),
    Column("name", Text, nullable=False),
    Column("order", Integer, nullable=False, server_default="7"),
    Column("open", Boolean, nullable=False),
    Column("at", Instant),
    Column("said", JsonText),
    Column("body", LargeBinary),
    UniqueConstraint("name"),
)
AT = datetime(2026, 11, 22, 6, 0, 0, 123_456, tzinfo=UTC)
NAMES = ["plain", "", "tab\tand\nline", "back\\slash", "\\N", "\\.", 'quo"te', "ünïcode \U0001f600", "  spaces "]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(database_url(tmp_path), system_clock)
    tables.create_all(made.engine)
    with made.write(ACTOR) as work:
        work.connection.execute(insert(owner).values(id=1))
    yield made
    made.dispose()


def rows(count: int, **changed: object) -> list[dict[str, object]]:
    return [
        {
            "owner_id": 1 if number % 2 else None,
            "name": f"{NAMES[number % len(NAMES)]}{number // len(NAMES) or ''}",
            "open": number % 3 == 0,
            "at": AT if number % 4 else None,
            "said": {"b": [1, None], "a": "ü\t\\"} if number % 5 else None,
            "body": bytes(range(256)) if number % 6 else None,
        }
        | changed
        for number in range(count)
    ]


def add(connection: Connection, given: list[dict[str, Any]]) -> None:
    """Insert rows as they are stored."""
    stored = {"at": to_microseconds, "said": to_json}
    values = [
        tuple(None if row[name] is None else stored.get(name, lambda value: value)(row[name]) for name in COLUMNS)
        for row in given
    ]
    insert_rows(connection, thing.name, COLUMNS, values)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 40, 513, 1030])
def test_rows_are_read_as_they_were_given(database: Database, count: int) -> None:
    given = rows(count)
    with database.write(ACTOR) as work:
        add(work.connection, given)
    with database.read() as connection:
        found = connection.execute(select(thing).order_by(thing.c.id)).mappings().all()
    assert [{name: row[name] for name in row if name not in {"id", "order"}} for row in found] == given
    assert {row["order"] for row in found} <= {7}
    assert len({row["id"] for row in found}) == count


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize("changed", [{"name": "same"}, {"owner_id": 99}, {"name": None}])
def test_a_broken_constraint_is_an_integrity_error_that_takes_everything_back(
    database: Database, count: int, changed: dict[str, object]
) -> None:
    with pytest.raises(TechnicalError) as caught, database.write(ACTOR) as work:
        add(work.connection, rows(count, **changed))
    assert isinstance(caught.value.__cause__, IntegrityError)
    with database.read() as connection:
        assert connection.execute(select(thing.c.id)).all() == []


def test_it_is_part_of_the_transaction_that_it_is_in(database: Database) -> None:
    def fail() -> None:
        with database.write(ACTOR) as work:
            add(work.connection, rows(20))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.write(ACTOR):
        with pytest.raises(TechnicalError), database.write(ACTOR) as part:
            add(part.connection, rows(20, name="same"))
        with database.write(ACTOR) as part:
            add(part.connection, rows(9))
    with database.read() as connection:
        assert len(connection.execute(select(thing.c.id)).all()) == 9


@pytest.mark.sqlite  # PostgreSQL gets many rows as COPY
def test_the_driver_knows_most_statements_that_insert_many_rows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, texts, parameters = statements.run, set[str](), list[int]()

    def noting(connection: Connection, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        texts.add(statement)
        parameters.append(len(values))
        return run(connection, statement, values)

    monkeypatch.setattr(statements, "run", noting)
    begin = 0
    for end in (544, 1344, 2400, 4416):
        with database.write(ACTOR) as work:
            add(work.connection, rows(end)[begin:])
        begin = end
    assert sum(parameters) == 4416 * len(COLUMNS)
    assert len(texts) == 5, "512, 256, 128, 64 and 32 rows"
