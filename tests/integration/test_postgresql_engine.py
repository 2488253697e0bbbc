# SPDX-License-Identifier: Apache-2.0
"""What only a server does to transactions: deadlocks, time-outs, a full pool, and connections that end."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from registry.clock import system_clock
from registry.errors import TechnicalError
from registry.storage import liveness
from registry.storage.engine import Actor, Database, PoolLimits, TransientError, retried
from registry.storage.statements import array_text, run
from tests.simulators.postgresql import Cluster

pytestmark = pytest.mark.slow

ACTOR = Actor("test")
OPEN_TRANSACTIONS = "state = 'idle in transaction'"


@contextmanager
def opened(url: str, limits: PoolLimits | None = None) -> Iterator[Database]:
    database = Database(url, system_clock, limits=limits)
    try:
        yield database
    finally:
        database.dispose()


@pytest.fixture
def url(cluster: Cluster) -> str:
    made = cluster.new_database()
    with opened(made) as database, database.write(ACTOR) as work:
        work.connection.execute(text("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER)"))
        work.connection.execute(text("INSERT INTO account VALUES (1, 100), (2, 100)"))
    return made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with opened(url) as made:
        yield made


def amounts(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT amount FROM account ORDER BY id")).scalars())


def take(database: Database, account: int) -> None:
    with database.write(ACTOR) as work:
        work.connection.execute(text("UPDATE account SET amount = amount - 1 WHERE id = :id"), {"id": account})


# Deadlocks


class Transfers:
    """Moves amounts between accounts; two at once in opposite directions each hold what the other one wants."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._both_hold_one = threading.Barrier(2)
        self._lock = threading.Lock()
        self.tries = 0

    def move(self, source: int, target: int) -> None:
        with self._database.write(ACTOR) as work:
            with self._lock:
                self.tries += 1
                crosswise = self.tries <= 2
            change = text("UPDATE account SET amount = amount + :by WHERE id = :id")
            work.connection.execute(change, {"by": -10, "id": source})
            if crosswise:
                self._both_hold_one.wait(20)
            work.connection.execute(change, {"by": 10, "id": target})

    @retried
    def move_surely(self, source: int, target: int) -> None:
        self.move(source, target)


def both(move: Callable[[int, int], None]) -> list[BaseException | None]:
    with ThreadPoolExecutor(2) as pool:
        return [future.exception() for future in [pool.submit(move, 1, 2), pool.submit(move, 2, 1)]]


def test_of_two_in_a_deadlock_one_is_given_up_as_transient(database: Database) -> None:
    failures = [error for error in both(Transfers(database).move) if error is not None]
    assert [type(error) for error in failures] == [TransientError]
    assert sorted(amounts(database)) == [90, 110]


def test_both_of_two_in_a_deadlock_succeed_where_they_are_retried(database: Database) -> None:
    transfers = Transfers(database)
    assert both(transfers.move_surely) == [None, None]
    assert transfers.tries == 3
    assert amounts(database) == [100, 100]


# Time-outs, and the pool


def test_a_statement_that_takes_too_long_is_broken_off(url: str) -> None:
    with opened(url, PoolLimits(statement_s=0.05)) as database:
        with pytest.raises(TechnicalError, match="statement timeout"), database.read() as connection:
            connection.execute(text("SELECT pg_sleep(20)"))
        assert amounts(database) == [100, 100]


def test_who_waits_too_long_for_a_lock_gives_up(url: str) -> None:
    with opened(url, PoolLimits(lock_s=0.05)) as database:
        with database.write(ACTOR) as work:
            work.connection.execute(text("UPDATE account SET amount = 0 WHERE id = 1"))
            with ThreadPoolExecutor(1) as pool:
                error = pool.submit(take, database, 1).exception()
        assert isinstance(error, TechnicalError)
        assert not isinstance(error, TransientError)
        assert "lock timeout" in str(error)
        assert amounts(database) == [0, 100]


def test_a_transaction_that_does_nothing_for_too_long_is_ended(url: str, cluster: Cluster) -> None:
    def forget() -> None:
        with database.write(ACTOR) as work:
            work.connection.execute(text("UPDATE account SET amount = 0"))
            deadline = time.monotonic() + 20
            while cluster.connections(url, where=OPEN_TRANSACTIONS):
                assert time.monotonic() < deadline
            work.connection.execute(text("UPDATE account SET amount = 1"))

    with opened(url, PoolLimits(statement_s=0.1)) as database:
        with pytest.raises(TechnicalError):
            forget()
        assert amounts(database) == [100, 100]


def test_the_pool_has_as_many_connections_as_it_may_and_who_finds_none_gives_up(url: str, cluster: Cluster) -> None:
    with opened(url, PoolLimits(connections=2, acquire_s=0.1)) as database:
        busy, done = threading.Barrier(3), threading.Event()

        def hold() -> None:
            with database.read() as connection:
                connection.execute(text("SELECT 1"))
                busy.wait(20)
                done.wait(20)

        with ThreadPoolExecutor(2) as pool:
            held = [pool.submit(hold) for _ in range(2)]
            busy.wait(20)
            with pytest.raises(TechnicalError, match="TimeoutError"):
                amounts(database)
            assert cluster.connections(url) == 2
            done.set()
            for future in held:
                future.result()
        assert amounts(database) == [100, 100]


# Connections that end


def test_a_connection_lost_inside_a_write_is_a_technical_error_and_the_next_call_works(
    url: str, cluster: Cluster, database: Database
) -> None:
    called: list[str] = []

    def cut_off() -> None:
        with database.write(ACTOR) as work:
            work.connection.execute(text("UPDATE account SET amount = 0"))
            work.after_commit(lambda: called.append("committed"))
            assert cluster.terminate(url, where=OPEN_TRANSACTIONS) == 1
            work.connection.execute(text("UPDATE account SET amount = 1"))

    with pytest.raises(TechnicalError):
        cut_off()
    assert called == []
    assert not database.in_write
    assert amounts(database) == [100, 100]


def test_a_connection_lost_before_the_commit_is_not_taken_for_one(
    url: str, cluster: Cluster, database: Database
) -> None:
    def cut_off() -> None:
        with database.write(ACTOR) as work:
            work.connection.execute(text("UPDATE account SET amount = 0"))
            assert cluster.terminate(url, where=OPEN_TRANSACTIONS) == 1

    with pytest.raises(TechnicalError):
        cut_off()
    assert amounts(database) == [100, 100]


def test_connections_that_ended_while_nobody_used_them_are_not_noticed(
    url: str, cluster: Cluster, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "IDLE_S", 0.0)
    amounts(database)
    assert cluster.terminate(url) >= 1
    take(database, 1)
    assert cluster.terminate(url) >= 1
    assert amounts(database) == [99, 100]


def test_connections_that_ended_right_after_their_use_cost_one_transaction(
    url: str, cluster: Cluster, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "IDLE_S", 3600.0)
    with database.read(), database.read():
        pass  # two connections
    assert cluster.terminate(url) >= 2
    with pytest.raises(TechnicalError):
        take(database, 1)
    take(database, 1)
    assert amounts(database) == [99, 100]


def test_a_server_that_was_started_anew_serves_on(url: str, cluster: Cluster, database: Database) -> None:
    take(database, 1)
    cluster.stop()
    with pytest.raises(TechnicalError):
        take(database, 1)
    cluster.start()
    take(database, 1)
    assert amounts(database) == [98, 100], "what was committed is there although the server was killed"


# Arrays

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.none() | TEXTS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_holds_what_was_given(database: Database, values: list[str | None]) -> None:
    with database.read() as connection:
        held = run(connection, "SELECT * FROM unnest(?::text[])", (array_text(values),))
    assert [value for (value,) in held] == values
