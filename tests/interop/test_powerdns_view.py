# SPDX-License-Identifier: Apache-2.0
"""PowerDNS answers from the registry's tables by the shipped views and configuration, and may read nothing else."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.rcode
import psycopg
import pytest
from sqlalchemy import make_url

from registry.demo.pki import DemoPki
from registry.dns.journal import NewState, ZonePublisher
from registry.storage.queries import zones
from tests.simulators.name_servers import ServerProcess, held_records, until
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance
from tests.simulators.programs import free_ports, running

if TYPE_CHECKING:
    from tests.simulators.postgresql import Cluster

SHIPPED = Path(__file__).resolve().parents[2] / "ops" / "powerdns"
ZONE = "sml.test"
NAPTR = '60 100 10 "U" "Meta:SMP" "!.*!https://a.example!" .\n60 100 20 "U" "Meta:SMP" "!.*!https://b.example!" .'
GRANTS = (
    "GRANT USAGE ON SCHEMA powerdns TO pdns",
    "GRANT SELECT ON ALL TABLES IN SCHEMA powerdns TO pdns",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA powerdns TO pdns",
)


@pytest.fixture
def on_postgresql(tmp_path: Path, pki: DemoPki, cluster: "Cluster") -> Iterator[tuple[OfflineInstance, str]]:
    url = cluster.migrated_database()
    with offline_instance(tmp_path, pki, database=url) as offline:
        assert offline.stored.domain.dns.zone == ZONE
        yield offline, url
    cluster.drop(url)


@contextmanager
def connected(url: str, user: str) -> Iterator[psycopg.Connection]:
    parts = make_url(url)
    with psycopg.connect(host=parts.query["host"], dbname=parts.database, user=user, autocommit=True) as connection:
        yield connection


@pytest.fixture
def prepared(on_postgresql: tuple[OfflineInstance, str]) -> Iterator[tuple[OfflineInstance, str]]:
    """The views are there, and a role that may read them."""
    offline, url = on_postgresql
    with connected(url, "registry") as connection:
        for _ in range(2):  # as after an update
            connection.execute((SHIPPED / "view.sql").read_bytes())
        connection.execute("DROP ROLE IF EXISTS pdns")
        connection.execute("CREATE ROLE pdns LOGIN")
        for grant in GRANTS:
            connection.execute(grant.encode())
        yield offline, url
        connection.execute("DROP OWNED BY pdns")
        connection.execute("DROP ROLE pdns")


@contextmanager
def powerdns(tool: Any, url: str, folder: Path) -> Iterator[ServerProcess]:
    """The shipped configuration, with the addresses of this test."""
    folder.mkdir()
    (port,), parts = free_ports(1), make_url(url)
    changed = {"local-port=53": f"local-port={port}", "gpgsql-dbname=registry": f"gpgsql-dbname={parts.database}"}
    lines = [changed.get(line, line) for line in (SHIPPED / "pdns.conf").read_text().splitlines()]
    more = [f"gpgsql-host={parts.query['host']}", f"socket-dir={folder}", f"setuid={getpass.getuser()}"]
    (folder / "pdns.conf").write_text("\n".join([*lines, *more, ""]))
    program = tool.path("pdns_server", "/usr/sbin")
    log = folder / "pdns.log"
    with running([program, f"--config-dir={folder}", "--guardian=no", "--daemon=no"], log, [port]):
        server = ServerProcess(port, log)
        server.wait_for(ZONE)
        yield server


def write(offline: OfflineInstance, *states: NewState) -> None:
    assert offline.stored.zone_id is not None
    with offline.instance.database.write(ACTOR) as work:
        offline.instance.journal.write(work, offline.stored.zone_id, states)
    ZonePublisher(offline.instance.database, "stamper").tick(serve=False)


def test_powerdns_answers_what_the_zone_holds(prepared: tuple[OfflineInstance, str], tool: Any, tmp_path: Path) -> None:
    offline, url = prepared
    write(
        offline,
        NewState("known.iso6523-actorid-upis", "NAPTR", NAPTR),
        NewState("text", "TXT", '60 "one two"\n60 "three"'),
        NewState("mail", "MX", "60 10 mx.example."),
        NewState("*.wild", "A", "60 192.0.2.7"),
        NewState("part", "NS", "60 ns1.example."),
        NewState("moved", "DNAME", "60 elsewhere.example."),
    )
    records = held_records(offline.instance.database, ZONE)
    with powerdns(tool, url, tmp_path / "pdns") as server:
        for owner, rdtype in {(owner, rdtype) for owner, _, rdtype, _ in records}:
            answer = server.ask(owner.replace("*", "any"), rdtype)
            section = answer.authority if owner.startswith("part.") else answer.answer
            found = {
                (rrset.ttl, rdata.to_text()) for rrset in section for rdata in rrset if rrset.rdtype == rdata.rdtype
            }
            assert found == {(ttl, rdata) for name, ttl, kind, rdata in records if (name, kind) == (owner, rdtype)}
            assert bool(answer.flags & dns.flags.AA) is not owner.startswith("part.")
        assert server.ask(f"nobody.iso6523-actorid-upis.{ZONE}", "NAPTR").rcode() == dns.rcode.NXDOMAIN
        assert server.ask(f"iso6523-actorid-upis.{ZONE}", "NAPTR").rcode() == dns.rcode.NOERROR
        assert server.ask("elsewhere.example", "SOA").rcode() == dns.rcode.REFUSED


def test_change_is_answered_once_the_cache_has_forgotten(
    prepared: tuple[OfflineInstance, str], tool: Any, tmp_path: Path
) -> None:
    offline, url = prepared
    name = f"new.iso6523-actorid-upis.{ZONE}"
    with powerdns(tool, url, tmp_path / "pdns") as server:
        assert server.ask(name, "NAPTR").rcode() == dns.rcode.NXDOMAIN
        write(offline, NewState("new.iso6523-actorid-upis", "NAPTR", NAPTR))
        until(lambda: len(server.ask(name, "NAPTR").answer) == 1, lambda: "the new name isn't answered", 20)
        assert offline.stored.zone_id is not None
        with offline.instance.database.read() as connection:
            serial = zones.by_id(connection, offline.stored.zone_id).serial
        assert server.wait_for(ZONE, serial) == serial


def test_role_of_powerdns_reads_views_only(prepared: tuple[OfflineInstance, str]) -> None:
    _, url = prepared
    with connected(url, "pdns") as connection:
        assert connection.execute("SELECT count(*) FROM powerdns.records_at('sml.test')").fetchone() != (0,)
        for statement in ("SELECT * FROM account", "SELECT * FROM zone_change", "DELETE FROM powerdns.records"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                connection.execute(statement.encode())


def test_name_is_found_by_the_primary_key(prepared: tuple[OfflineInstance, str]) -> None:
    offline, url = prepared
    write(offline, *(NewState(f"n{number}.iso6523-actorid-upis", "NAPTR", NAPTR) for number in range(3000)))
    with connected(url, "registry") as connection:
        connection.execute("ANALYZE")
        # The body of the function: of a call the plan shows nothing.
        body = (SHIPPED / "view.sql").read_text().split("$$")[1].replace("asked_zone", "1")
        query = "EXPLAIN " + body.replace("asked", f"'nobody.iso6523-actorid-upis.{ZONE}'::text")
        plan = "\n".join(row[0] for row in connection.execute(query.encode()))
    assert "powerdns_below" in plan
    assert "Seq Scan on zone_rrset" not in plan
