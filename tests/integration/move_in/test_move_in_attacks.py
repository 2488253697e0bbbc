# SPDX-License-Identifier: Apache-2.0
"""What is odd, hostile or badly timed ends in a named reason or a note, never in something lost or misplaced."""

import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from registry.app import move_in
from registry.app.move_in import Moving
from registry.app.move_in_sources import SourceChoice
from registry.errors import ConfigurationError, ConflictError, Reason
from registry.move_in.model import Kind, SourceKind, part_of
from registry.move_in.moves import begin_load, begin_move
from registry.move_in.participant_records import participant_record
from registry.move_in.report import Limits
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_records import SubDomainRecord
from registry.move_in.sources.phoss_sql import PhossSql
from registry.move_in.sources.sql import open_database
from registry.move_in.sources.sql_dump import open_dump
from registry.move_in.staging import Staging
from registry.settings import load_settings
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import Moved
from tests.simulators import phoss_database as phoss
from tests.simulators.moving_in import MemorySource, record_of
from tests.simulators.offline import ACTOR, OfflineInstance, participant

if TYPE_CHECKING:
    from tests.simulators.mariadb import MariaDb
    from tests.simulators.postgresql import Cluster

VALUE = "9915:one"


@pytest.fixture(params=["mariadb", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: MariaDb | Cluster = request.getfixturevalue("mariadb" if request.param == "mariadb" else "cluster")
    made = server.new_database()
    with create_engine(made, poolclass=NullPool).begin() as connection:
        phoss.create(connection)
        phoss.put_user(connection, "admin", "admin@example.org")
        phoss.put_participant(connection, VALUE)
    yield made
    server.drop(made)


def put_service(url: str, **endpoint: object) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        phoss.put_service(connection, VALUE, **endpoint)


def sums(url: str, zone: str = "UTC") -> dict[tuple[Kind, int], str]:
    source = PhossSql(open_database(url), ZoneInfo(zone))
    found = source.checksums()
    source.close()
    assert found is not None
    return dict(found)


def test_what_goes_from_one_column_to_the_next_is_a_change(url: str) -> None:
    put_service(url, serviceDescription="a|b", technicalContactUrl="c")
    before = sums(url)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE smp_endpoint SET serviceDescription = 'a', technicalContactUrl = 'b|c'"))
    assert sums(url) != before


def test_a_load_with_another_time_zone_reads_everything_again(url: str) -> None:
    put_service(url, serviceActivationDate="2026-01-02 03:04:05")
    differ = sums(url).items() ^ sums(url, "Europe/Vienna").items()
    assert Kind.PARTICIPANT in {place[0] for place, _ in differ}


def test_a_moment_that_no_calendar_has_in_utc_is_a_refusal_of_one_participant(url: str) -> None:
    put_service(url, serviceExpirationDate="9999-12-31 23:59:59")
    for zone, refused in ((UTC, False), (ZoneInfo("America/New_York"), True)):
        source = PhossSql(open_database(url), zone)
        bodies = [json.loads(each.body) for each in source.records(None) if each.kind is Kind.PARTICIPANT]
        source.close()
        assert [bool(body.get("refused")) for body in bodies] == [refused]


@pytest.mark.parametrize("begin", ["INSERT  IGNORE ", "REPLACE ", "INSERT DELAYED IGNORE "])
def test_rows_of_a_dump_are_read_however_they_are_to_be_inserted(tmp_path: Path, begin: str) -> None:
    dump = tmp_path / "dump.sql"
    dump.write_text(
        "-- MariaDB dump 10.19\nCREATE TABLE `t` (\n  `a` text NOT NULL,\n) ENGINE=InnoDB;\n"
        f"{begin}INTO `t` VALUES ('x'),('y');\n-- Dump completed on 2026-11-23\n"
    )
    snapshot = open_dump(dump, tmp_path)
    assert snapshot.count("t") == 2
    snapshot.close()


@pytest.mark.parametrize("key", ["a\0b", "a" * 601], ids=["nul", "long"])
def test_a_key_that_no_ledger_can_hold_is_named(tmp_path: Path, key: str) -> None:
    staging = Staging(tmp_path / "1.sqlite3")
    with pytest.raises(ConfigurationError, match="nobody can have"):
        staging.fill(iter([record_of(key)]), {}, dict, lambda _number: None)
    staging.discard()


def test_two_sub_domains_never_go_to_one_domain(offline: OfflineInstance) -> None:
    name, zone = offline.stored.domain.name, offline.stored.domain.dns.zone
    with pytest.raises(ConfigurationError, match="two sub-domains"):
        SmlDomains(offline.instance.directory, {"a.example.org": name, "b.example.org": name})
    domains = SmlDomains(offline.instance.directory, {"a.example.org": name})
    assert domains.of("a.example.org").id == offline.stored.id
    assert domains.find(zone) is None
    assert SmlDomains(offline.instance.directory).of(zone).id == offline.stored.id


def test_a_sub_domain_that_was_loaded_goes_nowhere_else(offline: OfflineInstance) -> None:
    database, name = offline.instance.database, offline.stored.domain.name
    move = begin_move(database, ACTOR, SourceKind.DOMISML_SQL, "here", [])
    record = SubDomainRecord("a.example.org", "a.example.org").to_record()
    begin_load(database, ACTOR, move.id, "here", [], {"sub_domains": {record.key: name}})
    begin_load(database, ACTOR, move.id, "here", [], {"sub_domains": {}})  # nothing of it is here yet
    with database.write(ACTOR) as work:
        row = Moved(part_of(record.key), record.key, "0" * 32, "created", None, None)
        move_ins.add_records(work, move.id, Kind.SUB_DOMAIN, [row])
    with pytest.raises(ConflictError, match=r"a\.example\.org went to another domain"):
        begin_load(database, ACTOR, move.id, "here", [], {"sub_domains": {record.key: name}})
    begin_load(database, ACTOR, move.id, "here", [], {"sub_domains": {"b.example.org": name}})


def test_a_move_that_is_given_up_leaves_no_file_of_what_was_read(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(data_dir=offline.folder)
    who, wrong = participant("0088:a"), Reason("MOVE-IN-TEST", "a row against the rules")
    source = MemorySource([participant_record(str(who), who, refused=[wrong])])
    monkeypatch.setattr(move_in, "open_source", lambda *_: source)
    wanted = Moving(SourceChoice(SourceKind.CSV, file=Path("here.csv")), offline.stored)
    with pytest.raises(ConflictError, match="were refused"):
        move_in.load(offline.instance, settings, ACTOR, wanted, Limits(0, 0), lambda _what, _number: None)
    folder = settings.data_dir / "move-in"
    assert list(folder.iterdir())
    move_in.end(offline.instance, settings, ACTOR, move_in.chosen_move(offline.instance, offline.stored))
    assert not list(folder.iterdir())
