# SPDX-License-Identifier: Apache-2.0
"""What a process of the SML adds to IsAlive (sml.md §1.1 C): does DNS follow what is registered, and does it answer?"""

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from registry.app.zone_service import ZoneService
from registry.errors import RegistryError
from registry.setting_values import Bind
from registry.sml.errors import FaultKind, SmlError
from registry.storage.engine import Database
from registry.storage.queries import zones

ANSWER_S = 2.0
"""How long the name server has for an answer, in seconds."""


class SmlLiveness:
    """Looks at the zones of this process and asks its name server. Blocking."""

    def __init__(self, database: Database, zone_service: ZoneService, most_lag_s: float) -> None:
        self._database = database
        self._zones = zone_service
        self._most_lag_s = most_lag_s

    def check(self) -> None:
        """Raises SmlError: ERR-107 for zones that lag or can't be served, and a name server that doesn't answer."""
        status = self._zones.status
        if status.unreadable:
            raise _not_alive(f"zones that can't be served: {', '.join(status.unreadable)}")
        lag_s = max(status.lag_s, self._zones.silent_s)
        if lag_s > self._most_lag_s:
            raise _not_alive(f"changes wait for DNS since {lag_s:.0f} s")
        if self._zones.address:
            for zone in self._names():
                self._ask(zone)

    def _names(self) -> list[str]:
        try:
            with self._database.read() as connection:
                return [row.name for row in zones.all_zones(connection)]
        except RegistryError as error:
            raise SmlError(FaultKind.INTERNAL_ERROR, 105, "The database can't be read") from error

    def _ask(self, zone: str) -> None:
        bind = Bind.parse(self._zones.address)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host)  # noqa: S104 — as it is bound
        query = dns.message.make_query(f"{zone}.", dns.rdatatype.SOA, flags=0)
        try:
            answer = dns.query.udp(query, host, timeout=ANSWER_S, port=bind.port)
        except (dns.exception.DNSException, OSError) as error:
            raise _not_alive(f"the name server doesn't answer for {zone}") from error
        if not (answer.answer and answer.flags & dns.flags.AA):
            raise _not_alive(f"the name server has no authoritative answer for {zone}")


def _not_alive(why: str) -> SmlError:
    return SmlError(FaultKind.INTERNAL_ERROR, 107, f"DNS: {why}")
