# SPDX-License-Identifier: Apache-2.0
"""Knot, NSD and BIND as processes of a test, each with a configuration as we print it, in a folder of its own."""

import contextlib
import getpass
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.xfr
import dns.zone
from dns.rdtypes.ANY.SOA import SOA

from registry.dns.journal import zone_content
from registry.dns.secondary_configurations import Program
from registry.storage.engine import Database
from tests.simulators.programs import running

HOST = "127.0.0.1"
_PROGRAMS: dict[Program, tuple[str, ...]] = {
    "knot": ("knotd", "-c"),
    # It gives up root for an account that can't write into the folder of a test.
    "nsd": ("nsd", "-d", "-u", getpass.getuser(), "-c"),
    "bind": ("named", "-g", "-n", "1", "-c"),
}
_CHECKS: dict[Program, tuple[str, ...]] = {
    "knot": ("knotc", "-c", "{}", "conf-check"),
    "nsd": ("nsd-checkconf", "{}"),
    "bind": ("named-checkconf", "{}"),
}
_WAIT_S = 60.0

Record = tuple[str, int, str, str]
"""Absolute owner, TTL, type, rdata."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A name server that runs."""

    port: int
    log: Path

    def ask(self, name: str, rdtype: str, *, dnssec: bool = False) -> dns.message.Message:
        """Its answer over TCP."""
        query = dns.message.make_query(name, rdtype, use_edns=0, want_dnssec=dnssec, flags=0)
        return dns.query.tcp(query, HOST, timeout=10, port=self.port)

    def serial(self, zone: str) -> int | None:
        """The serial that it serves; None where it doesn't serve the zone."""
        try:
            answer = self.ask(zone, "SOA")
        except (dns.exception.DNSException, OSError, EOFError):
            return None
        found = answer.get_rrset(dns.message.ANSWER, dns.name.from_text(zone), dns.rdataclass.IN, dns.rdatatype.SOA)
        return found[0].serial if found and isinstance(found[0], SOA) else None

    def wait_for(self, zone: str, serial: int | None = None) -> int:
        """Return once it serves the zone, or that serial of it; gives the serial."""
        until(
            lambda: (seen := self.serial(zone)) is not None and serial in {None, seen},
            lambda: f"{zone} {serial} isn't served ({self.serial(zone)}):\n{self.log.read_text()[-6000:]}",
        )
        return self.serial(zone) or 0

    def records(self, zone: str, key: dns.tsig.Key | None) -> set[Record]:
        """All that it serves of a zone, by AXFR."""
        content = dns.zone.Zone(zone, relativize=False)
        query, _ = dns.xfr.make_query(content, serial=None, keyring=None if key is None else {key.name: key})
        dns.query.inbound_xfr(HOST, content, query, port=self.port, timeout=30, lifetime=60)
        return {
            (name.to_text(), rdataset.ttl, dns.rdatatype.to_text(rdataset.rdtype), _canonical(rdata))
            for name, rdataset in content.iterate_rdatasets()
            for rdata in rdataset
        }


@contextlib.contextmanager
def name_server(tool: Any, program: Program, configuration: str, folder: Path, port: int) -> Iterator[ServerProcess]:
    """Run a name server while the block lasts, which begins when it takes connections.

    The folder is the one that the configuration names; what is in it from an earlier run is found again.
    """
    file = folder / f"{program}.conf"
    file.write_text(configuration)
    name, *options = _PROGRAMS[program]
    log = folder / f"{program}.log"
    with running([tool.path(name, "/usr/sbin"), *options, file], log, [port]):
        yield ServerProcess(port, log)


def check_command(tool: Any, program: Program, file: Path) -> list[str]:
    """The command by which a program says what is wrong with a configuration."""
    name, *options = _CHECKS[program]
    return [tool.path(name, "/usr/sbin"), *(option.format(file) for option in options)]


def held_records(database: Database, zone: str) -> set[Record]:
    """All that we say a zone holds, as the wire says it: each record once, names in lower case."""
    with zone_content(database, zone) as content:
        return {
            (owner, ttl, rdtype, _canonical(dns.rdata.from_text("IN", rdtype, rdata, relativize=False)))
            for owner, ttl, rdtype, rdata in content.records
        }


def _canonical(rdata: dns.rdata.Rdata) -> str:
    """With names in lower case (RFC 4034 §6.2): Knot and NSD keep them so, and to DNS they are the same."""
    wire = rdata.to_digestable()
    return dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire)).to_text()


def until(condition: Callable[[], bool], what: Callable[[], str], seconds: float = _WAIT_S) -> None:
    """Return once something is so; fails after a while, with what isn't."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        threading.Event().wait(0.05)
