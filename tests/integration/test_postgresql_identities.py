# SPDX-License-Identifier: Apache-2.0
"""Finding out who calls survives a PostgreSQL that was started anew, and two administrators can't both go."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete

from registry.accounts.accounts import Kind, create_account, disable_account
from registry.accounts.authentication import Authenticator
from registry.accounts.grants import give_grant
from registry.accounts.lockout import FREE
from registry.accounts.permissions import SYSTEM, Role
from registry.accounts.sessions import Sessions
from registry.accounts.tokens import create_token
from registry.clock import system_clock
from registry.errors import ConflictError, TechnicalError, TooManyRequestsError, UnauthorizedError
from registry.master_key import MasterKey
from registry.storage.engine import Actor, Database
from registry.storage.queries.accounts import AccountRow
from registry.storage.tables import role_grant
from tests.simulators.postgresql import Cluster

ACTOR = Actor("test")


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    opened = Database(cluster.migrated_database(), system_clock, master_key=MasterKey(bytes(32)))
    yield opened
    opened.dispose()


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def in_threads(number: int, work: Any) -> list[Any]:
    """What `work(n)` gave or raised, all at once."""
    found: list[Any] = [None] * number
    barrier = threading.Barrier(number)

    def run(position: int) -> None:
        barrier.wait()
        try:
            found[position] = work(position)
        except Exception as error:  # noqa: BLE001
            found[position] = error

    threads = [threading.Thread(target=run, args=(position,)) for position in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_connections_that_the_server_has_closed_are_opened_anew(cluster: Cluster, database: Database) -> None:
    secret = create_token(database, ACTOR, "erp")
    authenticator = Authenticator(database)
    assert {getattr(each, "name", each) for each in in_threads(4, lambda _: authenticator.by_token(secret))} == {"erp"}
    cluster.terminate(url_of(database))
    assert {getattr(each, "name", each) for each in in_threads(4, lambda _: authenticator.by_token(secret))} == {"erp"}


def test_database_that_is_gone_is_a_technical_error(cluster: Cluster, database: Database) -> None:
    secret = create_token(database, ACTOR, "erp")
    authenticator = Authenticator(database)
    authenticator.by_token(secret)
    cluster.drop(url_of(database))
    with pytest.raises(TechnicalError):
        authenticator.by_token(secret)


def test_of_two_administrators_who_go_at_once_one_stays(database: Database) -> None:
    for number in range(5):
        both = [_administrator(database, f"{number}-{name}") for name in ("a", "b")]
        found = in_threads(2, lambda n, both=both: disable_account(database, ACTOR, both[n].id))
        assert sorted(type(each) for each in found if isinstance(each, Exception)) == [ConflictError]
        _remove_administrators(database)


def test_of_many_guesses_at_once_five_are_looked_at(database: Database) -> None:
    sessions = Sessions(database)
    found = in_threads(12, lambda _: sessions.login("nobody", "correct horse battery"))
    kinds = [type(each) for each in found]
    assert kinds.count(UnauthorizedError) == FREE
    assert kinds.count(TooManyRequestsError) == 12 - FREE


def _administrator(database: Database, name: str) -> AccountRow:
    made = create_account(database, ACTOR, Kind.PERSON, name)
    give_grant(database, ACTOR, made.id, Role.ADMIN, SYSTEM)
    return made


def _remove_administrators(database: Database) -> None:
    with database.write(ACTOR) as work:
        work.connection.execute(delete(role_grant))
