# SPDX-License-Identifier: Apache-2.0
"""Transactions: all or nothing, errors of ours only, and what waits for a commit waits for it."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.clock import system_clock
from registry.errors import ConfigurationError, TechnicalError
from registry.storage.engine import Actor, Database, sqlite_url
from registry.storage.types import from_microseconds, to_microseconds


@pytest.fixture
def database(tmp_path: Path):
    made = Database(sqlite_url(tmp_path / "test.sqlite3"), system_clock)
    with made.write(Actor("test")) as work:
        work.connection.execute(text("CREATE TABLE t (x INTEGER)"))
    yield made
    made.dispose()


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


@pytest.mark.parametrize("url", ["nonsense", "mysql+nothing://x", "sqlite+unknown://"])
def test_url_that_can_t_be_used_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Database(url, system_clock)


def test_block_that_raises_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write(Actor("test")) as work:
            work.connection.execute(text("INSERT INTO t VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(database) == 0


def test_database_errors_leave_as_technical_errors_without_the_statement(database: Database) -> None:
    with pytest.raises(TechnicalError) as caught, database.write(Actor("test")) as work:
        work.connection.execute(text("INSERT INTO missing VALUES (1)"))
    assert "INSERT" not in str(caught.value)
    with pytest.raises(TechnicalError), database.read() as connection:
        connection.execute(text("SELECT * FROM missing"))


def test_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM t")).scalar_one()
        with database.write(Actor("test")) as work:
            work.connection.execute(text("INSERT INTO t VALUES (1)"))
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == before
    assert count(database) == 1


def test_writers_wait_for_each_other_instead_of_failing(database: Database) -> None:
    def write() -> None:
        for _ in range(20):
            with database.write(Actor("test")) as work:
                seen = work.connection.execute(text("SELECT count(*) FROM t")).scalar_one()
                work.connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": seen})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        values = sorted(connection.execute(text("SELECT x FROM t")).scalars())
    assert values == list(range(80)), "each writer saw what the one before had written"


def test_request_id_is_made_where_none_is_given(database: Database) -> None:
    with database.write(Actor("test")) as work:
        assert work.request_id
    with database.write(Actor("test", "given")) as work:
        assert work.request_id == "given"


def test_commit_is_durable_in_wal_mode(database: Database) -> None:
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_instants_keep_their_microseconds() -> None:
    instant = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert from_microseconds(to_microseconds(instant)) == instant
    early = datetime(1, 1, 1, tzinfo=UTC)
    assert from_microseconds(to_microseconds(early)) == early
