# SPDX-License-Identifier: Apache-2.0
"""What the world sees of a zone: its public name servers, and the serial that each of them has."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import dns.exception
import dns.inet
import dns.message
import dns.nameserver
import dns.query
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.resolver

from registry.app.doctor.findings import Finding, error, warning
from registry.discovery.locator import parse_nameserver
from registry.errors import ConfigurationError
from registry.storage.engine import Database
from registry.storage.queries import zones

Serials = Mapping[str, int | None]
"""By name and address of a server; None where it gave no answer of its own."""
_TIMEOUT_S = 3.0
_HALF = 1 << 31
_SERVERS = 16


class NameServers:
    """Asks the system's resolver, or `nameserver` (HOST:PORT), who serves a zone, and then each server for its serial.

    Raises ConfigurationError.
    """

    def __init__(self, nameserver: str = "", *, port: int = 53) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameserver)
        except dns.exception.DNSException as problem:
            raise ConfigurationError(f"the system's name servers are unknown: {problem}") from problem
        if nameserver:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*parse_nameserver(nameserver))]
        self._resolver.lifetime = 2 * _TIMEOUT_S
        self._port = port

    def serials(self, zone: str) -> Serials:
        """What each server of a zone says; nothing where nobody is known to serve it."""
        try:
            names = [str(record.target) for record in self._resolver.resolve(zone, "NS")]
        except dns.exception.DNSException:
            return {}
        found: dict[str, int | None] = {}
        for name in names:
            for address in self._addresses(name):
                if len(found) < _SERVERS:
                    found[f"{name} ({address})"] = self._serial(zone, address)
        return found

    def _addresses(self, name: str) -> Iterator[str]:
        for rdtype in ("A", "AAAA"):
            try:
                yield from (str(record.address) for record in self._resolver.resolve(name, rdtype))
            except dns.exception.DNSException:
                continue

    def _serial(self, zone: str, address: str) -> int | None:
        query = dns.message.make_query(zone, dns.rdatatype.SOA)
        try:
            answer, _ = dns.query.udp_with_fallback(query, address, timeout=_TIMEOUT_S, port=self._port)
        except (dns.exception.DNSException, OSError):
            return None
        for rrset in answer.answer:
            for record in rrset:
                if isinstance(record, dns.rdtypes.ANY.SOA.SOA):
                    return int(record.serial)
        return None


def check_name_servers(
    database: Database, serials_of: Callable[[str], Serials], patience: timedelta = timedelta(minutes=5)
) -> Iterator[Finding]:
    """Whether every zone is served by somebody, and by all with our serial; `patience` is for secondaries."""
    with database.read() as connection:
        rows = zones.all_zones(connection)
        waiting = zones.oldest_unstamped(connection)
    for row in rows:
        seen = serials_of(row.name)
        if not seen:
            remedy = "Ask whoever has the zone above to delegate it to your name servers (NS, and glue records)."
            yield error("DOCTOR-DNS-DELEGATION", f"nobody is known to serve the zone {row.name}", remedy)
        for server, serial in seen.items():
            if serial is None:
                what = f"{server} gives no answer for the zone {row.name}"
                yield error("DOCTOR-DNS-SERVER", what, "See that it runs, that port 53 is open over UDP and TCP.")
            elif serial != row.serial:
                behind = (row.serial - serial) % (2 * _HALF) < _HALF
                what = f"{server} has the serial {serial} of {row.name}, and here it is {row.serial}"
                remedy = (
                    f"If it stays so for {patience}: see why it doesn't transfer the zone."
                    if behind
                    else "It is ahead of us: after a restore see `registry restore`; else two instances serve one zone."
                )
                yield (warning if behind or waiting else error)("DOCTOR-DNS-SERIAL", what, remedy)
