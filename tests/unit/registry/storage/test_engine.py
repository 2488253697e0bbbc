# SPDX-License-Identifier: Apache-2.0
"""Transactions: all or nothing, errors of ours only, and what waits for a commit waits for it."""

import functools
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.clock import system_clock
from registry.errors import ConfigurationError, TechnicalError
from registry.storage.engine import Actor, Database, TransientError, retried
from registry.storage.rehearsal import RehearsalDatabase
from registry.storage.types import from_microseconds, to_microseconds
from registry.storage.unit_of_work import Topic
from tests.simulators.databases import database_url


@pytest.fixture
def database(tmp_path: Path):
    made = Database(database_url(tmp_path), system_clock)
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


@pytest.mark.sqlite
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


@pytest.mark.sqlite
def test_commit_is_durable_in_wal_mode(database: Database) -> None:
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


# Several use cases as one transaction


def add(database: Database, value: int) -> None:
    with database.write(Actor("test")) as work:
        work.connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": value})


def held(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT x FROM t ORDER BY x")).scalars())


@pytest.fixture(params=[Database, RehearsalDatabase])
def joining(request: pytest.FixtureRequest, database: Database) -> Database:
    """A database, and one that takes back what the outermost write did: inside that both are the same."""
    return database if request.param is Database else RehearsalDatabase(database)


def test_writes_inside_a_write_are_seen_there_and_come_with_the_whole(database: Database) -> None:
    with database.write(Actor("outer")):
        assert database.in_write
        add(database, 1)
        add(database, 2)
        assert held(database) == [1, 2]
        seen: list[list[int]] = []
        other = threading.Thread(target=lambda: seen.append(held(database)))
        other.start()
        other.join()
        assert seen == [[]], "nobody else sees it before the commit"
    assert not database.in_write
    assert held(database) == [1, 2]


def test_a_part_that_fails_takes_only_itself_back(joining: Database) -> None:
    def fail() -> None:
        with joining.write(Actor("part")) as work:
            add(joining, 2)
            work.tell(Topic.ZONES)
            work.after_commit(lambda: called.append("part"))
            raise ZeroDivisionError

    called: list[str] = []
    with joining.write(Actor("outer")) as work:
        add(joining, 1)
        with pytest.raises(ZeroDivisionError):
            fail()
        add(joining, 3)
        assert held(joining) == [1, 3]
        assert work.topics == set()
    assert called == []


def test_a_statement_that_the_database_refuses_spoils_only_its_part(joining: Database) -> None:
    with joining.write(Actor("outer")):
        add(joining, 1)
        with pytest.raises(TechnicalError), joining.write(Actor("part")) as work:
            work.connection.execute(text("INSERT INTO missing VALUES (1)"))
        add(joining, 2)
        assert held(joining) == [1, 2]


def test_a_whole_that_fails_takes_its_parts_back(database: Database) -> None:
    called: list[str] = []

    def fail() -> None:
        with database.write(Actor("outer")):
            with database.write(Actor("part")) as work:
                work.connection.execute(text("INSERT INTO t VALUES (1)"))
                work.after_commit(lambda: called.append("part"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert held(database) == []
    assert called == []
    assert not database.in_write


def test_parts_share_moment_and_request_and_have_their_own_actor(database: Database) -> None:
    with database.write(Actor("outer", "request-1")) as whole, database.write(Actor("part")) as part:
        assert (part.now, part.request_id, part.actor) == (whole.now, "request-1", "part")
        assert part.connection is whole.connection


def test_callbacks_of_parts_run_once_after_the_commit_and_in_their_order(database: Database) -> None:
    called: list[tuple[str, list[int]]] = []

    def note(name: str) -> None:
        called.append((name, held(database)))

    callbacks = [functools.partial(note, name) for name in ("one", "two")]
    with database.write(Actor("outer")) as whole:
        whole.after_commit(callbacks[0])
        for _ in range(2):
            with database.write(Actor("part")) as part:
                part.after_commit(callbacks[1])
        add(database, 1)
        assert called == []
    assert called == [("one", [1]), ("two", [1])]


def test_topics_of_parts_are_told_with_the_commit_of_the_whole(database: Database) -> None:
    told: list[frozenset[Topic]] = []
    database.watch(told.append)
    with database.write(Actor("outer")) as whole:
        whole.tell(Topic.JOBS)
        with database.write(Actor("part")) as part:
            part.tell(Topic.ZONES)
        assert told == []
    add(database, 1)
    assert told == [{Topic.JOBS, Topic.ZONES}], "a write without a topic tells nothing"


def test_a_rehearsal_tells_nothing_and_calls_nothing(database: Database) -> None:
    rehearsal, told = RehearsalDatabase(database), []
    database.watch(told.append)
    rehearsal.watch(told.append)
    with rehearsal.write(Actor("outer")), rehearsal.write(Actor("part")) as part:
        part.tell(Topic.DOMAINS)
        part.after_commit(lambda: told.append("committed"))
    assert told == []
    assert not rehearsal.in_write


def test_another_thread_has_a_write_of_its_own(database: Database) -> None:
    """The join is of a context, so threads that know nothing of each other don't share a transaction."""
    with database.write(Actor("outer")):
        seen: list[bool] = []
        other = threading.Thread(target=lambda: seen.append(database.in_write))
        other.start()
        other.join()
        assert seen == [False]


# Trying again


class Flaky:
    """A use case that the database gives up some times."""

    def __init__(self, database: Database, failures: int) -> None:
        self._database = database
        self.failures = failures
        self.tries = 0

    @retried
    def act(self, value: int) -> str:
        with self._database.write(Actor("test")) as work:
            work.connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": value})
            self.tries += 1
            if self.tries <= self.failures:
                raise TransientError("given up")
            return "done"


def test_what_the_database_gave_up_is_done_once_in_the_end(database: Database) -> None:
    flaky = Flaky(database, 3)
    assert flaky.act(7) == "done"
    assert flaky.tries == 4
    assert held(database) == [7]


def test_it_is_not_tried_for_ever(database: Database) -> None:
    flaky = Flaky(database, 100)
    with pytest.raises(TransientError):
        flaky.act(7)
    assert flaky.tries == 8
    assert held(database) == []


def test_inside_another_write_nothing_is_tried_again(database: Database) -> None:
    flaky = Flaky(database, 1)
    with pytest.raises(TransientError), database.write(Actor("outer")):
        flaky.act(7)
    assert flaky.tries == 1
    assert held(database) == []


def test_instants_keep_their_microseconds() -> None:
    instant = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert from_microseconds(to_microseconds(instant)) == instant
    early = datetime(1, 1, 1, tzinfo=UTC)
    assert from_microseconds(to_microseconds(early)) == early
