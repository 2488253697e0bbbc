# SPDX-License-Identifier: Apache-2.0
"""What the world sees of a zone: its public name servers, and the serial that each of them has."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import dns.exception
import dns.inet
import dns.nameserver
import dns.resolver

from registry.app.doctor.findings import Finding, error, warning
from registry.discovery.locator import parse_nameserver
from registry.dns.asking import ShownSoa, ask_soa
from registry.domains.server_address import server_address_text
from registry.errors import ConfigurationError, TechnicalError
from registry.serials import is_greater
from registry.storage.engine import Database
from registry.storage.queries import zones

Serials = Mapping[str, ShownSoa | None]
"""By name and address of a server; None where it gave no answer of its own."""
_TIMEOUT_S = 3.0
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
        found: dict[str, ShownSoa | None] = {}
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

    def _serial(self, zone: str, address: str) -> ShownSoa | None:
        try:
            return ask_soa(server_address_text(address, self._port), zone, _TIMEOUT_S)
        except TechnicalError:
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
        for server, soa in seen.items():
            if soa is None:
                what = f"{server} gives no answer for the zone {row.name}"
                yield error("DOCTOR-DNS-SERVER", what, "See that it runs, that port 53 is open over UDP and TCP.")
            elif not soa.signed and soa.serial != row.serial:  # of a signed zone it isn't ours
                behind = is_greater(row.serial, soa.serial)
                what = f"{server} has the serial {soa.serial} of {row.name}, and here it is {row.serial}"
                remedy = (
                    f"If it stays so for {patience}: see why it doesn't transfer the zone."
                    if behind
                    else f"It is ahead of us: see `registry dns check {row.name}`. After a restore, `registry dns "
                    f"repair {row.name}`; else two instances serve one zone."
                )
                yield (warning if behind or waiting else error)("DOCTOR-DNS-SERIAL", what, remedy)
