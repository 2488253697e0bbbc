# SPDX-License-Identifier: Apache-2.0
"""Dumps of an old system's database say the same as the database: mariadb-dump and pg_dump, as they are installed."""

import gzip
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from registry.errors import ConfigurationError
from registry.move_in.model import Source
from registry.move_in.sources.domismp_sql import DomiSmpSql
from registry.move_in.sources.phoss_sql import PhossSql
from registry.move_in.sources.sql import Snapshot, open_database
from registry.move_in.sources.sql_dump import open_dump
from tests.simulators import domismp_database as domismp
from tests.simulators import phoss_database as phoss

if TYPE_CHECKING:
    from tests.conftest import ToolFinder
    from tests.simulators.mariadb import MariaDb
    from tests.simulators.postgresql import Cluster


@pytest.fixture(params=["mariadb", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: MariaDb | Cluster = request.getfixturevalue("mariadb" if request.param == "mariadb" else "cluster")
    made = server.new_database()
    yield made
    server.drop(made)


@pytest.fixture
def dump_of(tool: "type[ToolFinder]", tmp_path: Path) -> Callable[..., Path]:
    def dump(url: str, *options: str) -> Path:
        parts = urlsplit(url)
        name, query = parts.path.strip("/"), parse_qs(parts.query)
        if parts.scheme.startswith("mysql"):
            program = [
                tool.path("mariadb-dump"),
                "--no-defaults",
                "--single-transaction",
                f"--socket={query['unix_socket'][0]}",
                "--user=root",
            ]
        else:
            program = [tool.path("pg_dump"), f"--host={query['host'][0]}", "--username=registry"]
        path = tmp_path / f"{name}.sql"
        done = subprocess.run([*program, *options, name], capture_output=True, check=True, env=os.environ, timeout=60)
        path.write_bytes(done.stdout)
        return path

    return dump


def fill_phoss(url: str) -> None:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        phoss.create(connection)
        phoss.fill(connection, participants=50, access_points=3)
        text = "Zeilen\nund\tTabs 'Anführung' \\ \"\"; ü"
        phoss.put_participant(connection, "9915:odd", extension=phoss.EXTENSION)
        phoss.put_service(connection, "9915:odd", serviceDescription=text, serviceActivationDate="2026-01-02 03:04:05")
        phoss.put_user(connection, "off", "off@example.org", disabled=True)
        phoss.put_redirect(connection, "9915:odd", phoss.CREDIT_NOTE)
        phoss.put_card(connection, "9915:odd", name="O'Neill & Söhne", regdate="2026-01-02")
        if connection.dialect.name == "mysql":
            phoss.put_participant(connection, "9915:Spelled ")
            phoss.put_service(connection, "9915:Spelled ", child_value="9915:SPELLED")
        connection.commit()


def said_by(snapshot: Snapshot, source: Callable[[Snapshot], Source]) -> tuple[dict[str, bytes], set[tuple[str, int]]]:
    opened = source(snapshot)
    try:
        opened.check()
        records = {record.key: record.body for record in opened.records(None)}
        return records, {(each.name, each.count) for each in opened.unhoused()}
    finally:
        opened.close()


@pytest.mark.parametrize(
    "options",
    [(), ("--skip-extended-insert",), ("--complete-insert", "--hex-blob")],
    ids=["usual", "single", "complete"],
)
def test_a_dump_of_mariadb_says_what_the_database_says(
    mariadb: "MariaDb", dump_of: Callable[..., Path], tmp_path: Path, options: tuple[str, ...]
) -> None:
    url = mariadb.new_database()
    fill_phoss(url)
    dumped = said_by(open_dump(dump_of(url, *options), tmp_path), PhossSql)
    assert dumped == said_by(open_database(url), PhossSql)
    assert len(dumped[0]) == 50 + 2 + 3


def test_a_dump_of_postgresql_says_what_the_database_says(
    cluster: "Cluster", dump_of: Callable[..., Path], tmp_path: Path
) -> None:
    url = cluster.new_database()
    fill_phoss(url)
    assert said_by(open_dump(dump_of(url), tmp_path), PhossSql) == said_by(open_database(url), PhossSql)


def test_a_dump_of_domismp_says_what_the_database_says(
    mariadb: "MariaDb", dump_of: Callable[..., Path], tmp_path: Path
) -> None:
    url = mariadb.new_database("utf8")
    with create_engine(url, poolclass=NullPool).connect() as connection:
        domismp.create(connection)
        domismp.fill(connection, participants=20, access_points=2)
        domismp.put(connection, "SMP_USER", USERNAME="off", ACTIVE=0)
        connection.commit()
    dumped = said_by(open_dump(dump_of(url), tmp_path), DomiSmpSql)
    assert dumped == said_by(open_database(url), DomiSmpSql)
    assert len(dumped[0]) == 20 + 3


def test_a_dump_may_be_compressed_and_leaves_nothing_behind(
    url: str, dump_of: Callable[..., Path], tmp_path: Path
) -> None:
    fill_phoss(url)
    plain = dump_of(url)
    packed = tmp_path / "dump.sql.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    snapshot = open_dump(packed, scratch)
    assert not list(scratch.iterdir()), "it has no name, so that it goes even with a process that is killed"
    said_by(snapshot, PhossSql)
    assert not list(scratch.iterdir())


def test_a_dump_that_is_cut_off_is_refused(url: str, dump_of: Callable[..., Path], tmp_path: Path) -> None:
    fill_phoss(url)
    whole = dump_of(url)
    data = whole.read_bytes()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for share in (0.3, 0.6, 0.9):
        whole.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ConfigurationError, match=r"cut off|can't be read"):
            open_dump(whole, scratch)
        assert not list(scratch.iterdir())


def test_a_dump_of_another_form_is_refused_with_what_to_do(
    cluster: "Cluster", dump_of: Callable[..., Path], tmp_path: Path
) -> None:
    url = cluster.new_database()
    fill_phoss(url)
    with pytest.raises(ConfigurationError, match="without --inserts"):
        open_dump(dump_of(url, "--inserts"), tmp_path)
    with pytest.raises(ConfigurationError, match="no dump that mysqldump"):
        open_dump(dump_of(url, "--format=custom"), tmp_path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        open_dump(tmp_path / "missing.sql", tmp_path)
