# SPDX-License-Identifier: Apache-2.0
"""A domain that is added, changed or taken out reaches Knot and BIND by the catalog (RFC 9432): nobody edits a file."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from registry.app.domain_setup import add_domain, change_domain
from registry.demo.pki import DemoPki
from registry.dns.journal import NewState
from registry.dns.secondary_configurations import Program
from tests.simulators.followed import CATALOG, KEY, ZONE, Followed, followed_instance
from tests.simulators.live import ACTOR
from tests.simulators.name_servers import HOST, ServerProcess, name_server, until
from tests.simulators.programs import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(300)]
CONSUMERS: tuple[Program, ...] = ("knot", "bind")


@dataclass(frozen=True)
class Running:
    """An instance, and who follows its catalog: one of each program, and a Knot that signs."""

    primary: Followed
    consumers: dict[Program, ServerProcess]
    signer: ServerProcess
    ports: list[int]

    def add(self, name: str, **dns: Any) -> str:
        """Add a domain, with a participant's name in its zone; returns the zone's name."""
        zone = f"{name}.test"
        secondaries = [{"server": f"{HOST}:{port}", "key": KEY} for port in self.ports]
        dns = {"zone": zone, "name_servers": ["ns1.example.org"], "secondaries": secondaries, **dns}
        settings = {"name": name, "default": False, "smp": {"base_url": f"https://{name}.example"}, "dns": dns}
        add_domain(self.primary.live.instance, ACTOR, "demo", settings, register_smp=False)
        self.primary.write([NewState("there", "NAPTR", '60 100 10 "U" "Meta:SMP" "!.*!http://x.example/!" .')], zone)
        self.told()
        return zone

    def change(self, name: str, **dns: Any) -> None:
        """Change settings of a domain."""
        change_domain(self.primary.live.instance, ACTOR, name, {"dns": dns})
        self.told()

    def told(self) -> None:
        """Return once the instance serves what is committed."""
        live = self.primary.live
        live.run(live.serving.refresh())
        live.wait_for_dns()


@pytest.fixture(scope="module")
def running(tool: Any, tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Running]:
    ports = free_ports(3)
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(followed_instance(tmp_path_factory.mktemp("primary"), pki, ports))

        def started(program: Program, port: int, *words: str) -> ServerProcess:
            folder = tmp_path_factory.mktemp(program)
            text = primary.configuration(program, port, folder, "--catalog", *words)
            return stack.enter_context(name_server(tool, program, text, folder, port))

        consumers = {program: started(program, port) for program, port in zip(CONSUMERS, ports[:2], strict=True)}
        signer = started("knot", ports[2], "--sign")
        for server in (*consumers.values(), signer):
            server.wait_for(ZONE)
        yield Running(primary, consumers, signer, ports)


@pytest.mark.parametrize("program", CONSUMERS)
def test_a_new_domain_is_served(running: Running, program: Program) -> None:
    zone = running.add(f"new-{program}")
    server = running.consumers[program]
    server.wait_for(zone, running.primary.serial(zone))
    assert server.records(zone, running.primary.key) == running.primary.records(zone)


@pytest.mark.parametrize("program", CONSUMERS)
def test_changes_of_a_zone_that_came_by_the_catalog_follow(running: Running, program: Program) -> None:
    zone, server = running.add(f"changing-{program}"), running.consumers[program]
    server.wait_for(zone)
    running.primary.write([NewState("more", "TXT", '60 "text"'), NewState("there", "NAPTR", None)], zone)
    server.wait_for(zone, running.primary.serial(zone))
    assert server.records(zone, running.primary.key) == running.primary.records(zone)


@pytest.mark.parametrize("program", CONSUMERS)
def test_a_domain_that_leaves_the_catalog_is_served_no_more(running: Running, program: Program) -> None:
    zone, server = running.add(f"leaving-{program}"), running.consumers[program]
    server.wait_for(zone)
    running.change(f"leaving-{program}", catalog=False)
    until(lambda: server.serial(zone) is None, lambda: f"{zone} is still served:\n{server.log.read_text()[-3000:]}")
    assert server.serial(ZONE) is not None


@pytest.mark.parametrize("program", CONSUMERS)
def test_strangers_learn_nothing_of_the_catalog(running: Running, program: Program) -> None:
    """RFC 9432 §7."""
    port = running.consumers[program].port
    rcodes = {}
    for zone in (CATALOG, ZONE):
        query = dns.message.make_query(zone, "SOA", flags=0)
        rcodes[zone] = dns.query.tcp(query, HOST, timeout=10, port=port, source="127.0.0.2").rcode()
    assert rcodes == {CATALOG: dns.rcode.REFUSED, ZONE: dns.rcode.NOERROR}


def test_another_zone_privacy_is_another_group_and_the_signer_changes_its_ways(running: Running) -> None:
    zone = running.add("private")
    running.signer.wait_for(zone)
    denials = {"nsec": "NSEC", "nsec3": "NSEC3"}
    for way, rdtype in denials.items():
        running.change("private", zone_privacy=way)
        until(
            lambda: rdtype in _denied_by(running.signer, zone),  # noqa: B023 — called before the next turn
            lambda: f"{_denied_by(running.signer, zone)}\n{running.signer.log.read_text()[-3000:]}",
        )


def _denied_by(server: ServerProcess, zone: str) -> set[str]:
    answer = server.ask(f"nowhere.{zone}", "NAPTR", dnssec=True)
    return {dns.rdatatype.to_text(each.rdtype) for each in answer.authority}
