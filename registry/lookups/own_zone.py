# SPDX-License-Identifier: Apache-2.0
"""NAPTR look-ups in a zone that is here, as its name servers would answer; nobody is asked.

What is committed counts, also where no name server has it yet.
"""

from collections.abc import Collection, Iterator
from typing import cast

import dns.rdata
import dns.rdataclass
import dns.rdtypes.IN.NAPTR

from registry.discovery.errors import NotRegisteredError, TechnicalFailureError
from registry.discovery.locator import MAX_ALIASES, NaptrAnswer, naptr_of
from registry.discovery.naptr import Naptr
from registry.dns.records import RRset
from registry.dns.zone_reader import absolute, relative
from registry.domains.domain import Domain
from registry.identifiers.participant import WILDCARD
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import Connection

ELSEWHERE = "asks-nobody"
"""The reason id where the answer is somebody else's, who isn't asked."""
_ANSWERING = ("NAPTR", "CNAME")
_LEADING_AWAY = ("NS", "DNAME")


def keeps_zone(stored: StoredDomain) -> bool:
    """Whether the zone of a domain is here, and not at somebody else's SML."""
    return stored.domain.sml.enabled


class OwnZone:
    """A `Locator` of what a domain's zone holds; `hidden` are names, relative to the zone, that it passes over.

    Where the zone is kept by somebody else, it takes for granted that DNS leads to our SMP; see `keeps_zone`.
    """

    def __init__(self, database: Database, stored: StoredDomain, hidden: Collection[str] = ()) -> None:
        self._database = database
        self._stored = stored
        self._hidden = frozenset(hidden)

    def naptr(self, name: str) -> NaptrAnswer:
        """See `Locator`."""
        if not keeps_zone(self._stored):
            return NaptrAnswer(_presumed(self._stored.domain))
        with self._database.read() as connection:
            zone = zones.of_domain(connection, self._stored.id)
            if zone is None:
                raise TechnicalFailureError("dns-no-zone", f"the zone of {self._stored.domain.name} isn't there yet")
            return self._followed(connection, zone, name)

    def _followed(self, connection: Connection, zone: ZoneRow, name: str) -> NaptrAnswer:
        seen: list[str] = []
        ttls: list[int] = []
        while True:
            held = self._held(connection, zone, relative(name, zone.name), name)
            ttls += [rrset.ttl for rrset in held.values()]
            if (found := held.get("NAPTR")) is not None:
                return NaptrAnswer(tuple(map(_record, found.rdatas)), tuple(seen), min(ttls))
            alias = held.get("CNAME")
            if alias is None:
                raise NotRegisteredError("dns-no-naptr", f"{name} exists in DNS without a NAPTR record")
            name = alias.rdatas[0].removesuffix(".")
            if name in seen or len(seen) >= MAX_ALIASES:
                raise TechnicalFailureError("dns-alias-loop", f"aliases in DNS don't end: {' → '.join([*seen, name])}")
            seen.append(name)
            if not name.endswith(f".{zone.name}"):
                raise TechnicalFailureError(ELSEWHERE, f"an alias leads to {name}, and nobody else is asked here")

    def _held(self, connection: Connection, zone: ZoneRow, owner: str, name: str) -> dict[str, RRset]:
        """The record sets that answer for a name, by type: its own, or those of the nearest wildcard (RFC 4592)."""
        own = self._texts(connection, zone, owner)
        if own:
            return own
        for parent in _parents(owner):
            away = zones.rrset_texts(connection, zone.id, [(parent, rdtype) for rdtype in _LEADING_AWAY])
            if away:
                leads = absolute(parent, zone.name)
                raise TechnicalFailureError(ELSEWHERE, f"{leads} is served by others, and nobody else is asked here")
        for parent in (*_parents(owner), ""):
            found = self._texts(connection, zone, f"{WILDCARD}.{parent}" if parent else WILDCARD)
            if found:
                return found
        raise NotRegisteredError("dns-nxdomain", f"{name} does not exist in DNS (said by the zone {zone.name}.)")

    def _texts(self, connection: Connection, zone: ZoneRow, owner: str) -> dict[str, RRset]:
        if owner in self._hidden:
            return {}
        texts = zones.rrset_texts(connection, zone.id, [(owner, rdtype) for rdtype in _ANSWERING])
        return {rdtype: RRset.from_text(owner, rdtype, text) for (_, rdtype), text in texts.items()}


def _parents(owner: str) -> Iterator[str]:
    """The names above an owner, below the zone, the nearest first."""
    while "." in owner:
        owner = owner.partition(".")[2]
        yield owner


def _record(text: str) -> Naptr:
    rdata = dns.rdata.from_text(dns.rdataclass.IN, "NAPTR", text)
    return naptr_of(cast("dns.rdtypes.IN.NAPTR.NAPTR", rdata))


def _presumed(domain: Domain) -> tuple[Naptr, ...]:
    """What should be in a zone that isn't ours: what our SMP registers with."""
    return tuple(
        Naptr(100, 10 + place, "U", service, f"!.*!{domain.smp.base_url}!")
        for place, service in enumerate(domain.dns.naptr_services)
    )
