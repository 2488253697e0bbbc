# SPDX-License-Identifier: Apache-2.0
"""Whether anybody has written to an old system's database, told without reading it again: on MariaDB and PostgreSQL."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from registry.errors import TechnicalError
from registry.move_in.model import StatedSource
from registry.move_in.sources import sql_parts, sql_states
from registry.move_in.sources.domisml_sql import DomiSmlSql
from registry.move_in.sources.domismp_sql import DomiSmpSql
from registry.move_in.sources.phoss_sql import PhossSql
from registry.move_in.sources.sql import Snapshot, open_database
from registry.move_in.sources.sql_states import state_of, twin_of
from tests.simulators import domismp_database
from tests.simulators import phoss_database as phoss
from tests.simulators.domisml_database import DomiSml

if TYPE_CHECKING:
    from tests.simulators.mariadb import MariaDb
    from tests.simulators.postgresql import Cluster

GROUPS = "smp_service_group"
BOTH = pytest.mark.parametrize("url", ["mariadb", "postgresql"], indirect=True)
MARIADB = pytest.mark.parametrize("url", ["mariadb"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
WRITES = {
    "another-value": "UPDATE smp_endpoint SET endpointReference = 'https://new.example'",
    "nothing-instead-of-no-text": "UPDATE smp_service_group SET extension = ''",
    "a-row-more": "INSERT INTO smp_ownership SELECT businessIdentifierScheme, businessIdentifier, 'x' FROM "
    "smp_service_group",
    "a-row-less": "DELETE FROM smp_bce",
    "a-user": "UPDATE smp_secuser SET loginname = 'new@example.org'",
}


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database of a phoss SMP with a participant."""
    server: MariaDb | Cluster = request.getfixturevalue("mariadb" if request.param == "mariadb" else "cluster")
    made = server.new_database()
    with writing(made) as connection:
        phoss.create(connection)
        phoss.put_user(connection, "admin", "admin@example.org")
        phoss.put_participant(connection, "9915:one")
        phoss.put_service(connection, "9915:one")
        phoss.put_card(connection, "9915:one")
        connection.execute(text("UPDATE smp_service_group SET extension = NULL"))
    yield made
    server.drop(made)


def writing(url: str) -> Any:
    return create_engine(url, poolclass=NullPool).begin()


def write(url: str, statement: str) -> None:
    with writing(url) as connection:
        connection.execute(text(statement))


def state(url: str) -> str | None:
    return told_by(PhossSql(open_database(url)))


def told_by(source: StatedSource) -> str | None:
    with contextlib.closing(source):
        assert isinstance(source, StatedSource)
        source.check()
        return source.state()


@BOTH
@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES)
def test_it_is_the_same_until_somebody_writes(url: str, statement: str) -> None:
    before = state(url)
    assert before is not None
    assert state(url) == before
    write(url, statement)
    assert state(url) != before


@BOTH
def test_what_nobody_reads_may_change(url: str) -> None:
    before = state(url)
    write(url, "CREATE TABLE smp_somebodys (id integer)")
    write(url, "INSERT INTO smp_somebodys VALUES (1)")
    assert state(url) == before


@BOTH
def test_it_is_that_of_the_moment_that_is_read(url: str) -> None:
    with contextlib.closing(open_database(url)) as snapshot:
        assert snapshot.count(GROUPS) == 1
        write(url, WRITES["nothing-instead-of-no-text"])
        assert state_of(snapshot, GROUPS) != read_anew(url)
        assert not list(snapshot.rows("SELECT 1 FROM smp_service_group WHERE extension = ''"))


def read_anew(url: str) -> str | None:
    with contextlib.closing(open_database(url)) as snapshot:
        return state_of(snapshot, GROUPS)


@POSTGRESQL
def test_a_row_that_is_as_before_was_written_all_the_same(url: str) -> None:
    before = state(url)
    write(url, "UPDATE smp_secuser SET loginname = loginname")
    assert state(url) != before


@BOTH
def test_of_views_nothing_is_told(url: str) -> None:
    write(url, "ALTER TABLE smp_bce RENAME TO smp_cards")
    write(url, "CREATE VIEW smp_bce AS SELECT * FROM smp_cards")
    assert state(url) is None


@MARIADB
def test_of_tables_without_transactions_nothing_is_told(url: str) -> None:
    write(url, "ALTER TABLE smp_bce ENGINE=MyISAM")
    assert state(url) is None


@POSTGRESQL
def test_of_tables_with_heirs_nothing_is_told(url: str) -> None:
    write(url, "CREATE TABLE smp_more () INHERITS (smp_bce)")
    assert state(url) is None


def test_a_domisml_tells_it(mariadb: "MariaDb") -> None:
    with DomiSml(mariadb.new_database("utf8mb3")) as old:
        old.create()
        found = []
        for name in ("one.example", "two.example"):
            old.sub_domain(name)
            found += [told_by(DomiSmlSql(open_database(old.url))) for _ in range(2)]
        assert None not in found
        assert (found[0], found[2]) == (found[1], found[3])
        assert found[0] != found[2]
        mariadb.drop(old.url)


def test_a_domismp_tells_it(mariadb: "MariaDb") -> None:
    made = mariadb.new_database("utf8")
    with create_engine(made, poolclass=NullPool).connect() as connection:
        domismp_database.create(connection)
        domismp_database.fill(connection, participants=2)
    before = told_by(DomiSmpSql(open_database(made)))
    assert before is not None
    assert told_by(DomiSmpSql(open_database(made))) == before
    write(made, "UPDATE SMP_DOCUMENT_VERSION SET DOCUMENT_CONTENT = '<x/>' LIMIT 1")
    assert told_by(DomiSmpSql(open_database(made))) != before
    mariadb.drop(made)


@BOTH
def test_the_sums_of_two_connections_are_those_of_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        phoss.fill(connection, participants=300, access_points=3)
    by_two, halves = sums(url, monkeypatch)
    monkeypatch.setattr(Snapshot, "twin", lambda _self: None)
    by_one, whole = sums(url, monkeypatch)
    assert by_two == by_one
    assert (sorted(map(str, halves)), whole) == (["0", "1"], [None])


def sums(url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[Any, str], list[int | None]]:
    """The checksums, and which halves of the keys were asked for."""
    asked: list[int | None] = []
    ask = sql_parts.Keyed.sums

    def asking(key: Any, snapshot: Any, several: Any, half: int | None = None) -> Any:
        asked.append(half)
        return ask(key, snapshot, several, half)

    with monkeypatch.context() as patched, contextlib.closing(PhossSql(open_database(url))) as source:
        patched.setattr(sql_parts.Keyed, "sums", asking)
        return dict(source.checksums() or {}), asked


@MARIADB
def test_a_second_connection_that_sees_something_else_is_not_used(url: str) -> None:
    with contextlib.closing(open_database(url)) as snapshot:
        assert snapshot.count(GROUPS) == 1
        write(url, WRITES["nothing-instead-of-no-text"])
        with twin_of(snapshot, GROUPS) as twin:
            assert twin is None


@MARIADB
def test_a_second_connection_that_saw_the_same_still_does(url: str) -> None:
    with contextlib.closing(open_database(url)) as snapshot:
        assert state_of(snapshot, GROUPS) is not None
        write(url, "DELETE FROM smp_service_group")
        with twin_of(snapshot, GROUPS) as twin:
            assert twin is not None
            assert twin.count(GROUPS) == snapshot.count(GROUPS) == 1


@POSTGRESQL
def test_on_postgresql_a_second_connection_sees_the_same_moment(url: str) -> None:
    with contextlib.closing(open_database(url)) as snapshot:
        assert snapshot.count(GROUPS) == 1
        write(url, "DELETE FROM smp_service_group")
        with twin_of(snapshot, GROUPS) as twin:
            assert twin is not None
            assert twin.count(GROUPS) == 1


@MARIADB
def test_one_connection_too_many_is_done_without(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(open_database(url)) as snapshot:
        count = sql_states._state

        def only_one(asked: Snapshot, names: Any) -> str | None:
            if asked is not snapshot:
                raise TechnicalError("too many connections")
            return count(asked, names)

        monkeypatch.setattr(sql_states, "_state", only_one)
        with twin_of(snapshot, GROUPS) as twin:
            assert twin is None
