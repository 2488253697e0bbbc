# SPDX-License-Identifier: Apache-2.0
"""The catalog zone of an instance (RFC 9432): it lists the zones here, so that name servers take new ones unasked.

It is a zone without a domain, written, stamped and transferred as all others. A member's group is the `zone_privacy` of
its domain, by which a signer chooses its template. A member's label is made from its name: a zone that is removed and
comes again is the same member, and those who follow the catalog keep what they know of it (RFC 9432 §5.6).
"""

import hashlib
from collections.abc import Iterable, Mapping

from registry.audit.events import record
from registry.dns.journal import NewState, ZoneJournal
from registry.dns.records import APEX, absolute
from registry.domains.dns_profile import DnsProfile, ZonePrivacy
from registry.domains.host_name import is_host_name
from registry.domains.server_address import parse_server_address, server_address_text
from registry.domains.zone_servers import Secondary
from registry.errors import ConfigurationError
from registry.identifiers.text import ascii_lower
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import zone_records, zones
from registry.storage.queries.zones import ZoneRow
from registry.storage.unit_of_work import UnitOfWork

_LABEL = 40
# No one resolves a catalog, so nobody keeps its records; refreshed often, as a lost NOTIFY would hide a new zone.
_FIXED = (
    NewState(APEX, "SOA", "0 invalid. invalid. 0 300 60 2147483646 0"),
    NewState(APEX, "NS", "0 invalid."),  # RFC 9432 §4
    NewState("version", "TXT", '0 "2"'),
)


class CatalogZone:
    """The catalog zone `name`; does nothing where that is empty. Raises ConfigurationError for what is no name."""

    def __init__(self, database: Database, journal: ZoneJournal, name: str) -> None:
        self._database = database
        self._journal = journal
        self.name = ascii_lower(name).removesuffix(".")
        if self.name and not is_host_name(self.name):
            raise ConfigurationError(f"REGISTRY_DNS_CATALOG_ZONE: a domain name is wanted, not {name[:80]!r}")

    @retried
    def keep(self, actor: Actor) -> int:
        """Let the catalog list the zones that are here, as its transaction sees them; returns how many records change.

        Inside of the transaction that changes the zones of domains it is a part of that one; there it comes last,
        since others who change zones wait for it. Raises ConfigurationError where a domain has the catalog's name.
        """
        if not self.name:
            return 0
        with self._database.write(actor) as work:
            zone_id = self._zone(work)
            zone_records.lock(work.connection, zone_id)
            profiles = {each.id: each.domain.dns for each in DomainDirectory(self._database).all()}
            wanted = catalog_states(members(zones.all_zones(work.connection), profiles))
            held = zones.newest_state(work.connection, zone_id)
            kept = {(each.owner, each.rdtype) for each in wanted}
            gone = [NewState(owner, rdtype, None) for owner, rdtype, _ in held if (owner, rdtype) not in kept]
            before = _listed(work, zone_id)
            changed = self._journal.write(work, zone_id, [*wanted, *gone])
            if changed:
                after = _listed(work, zone_id)
                record(work, "dns:catalog:update", self.name, before={"zones": before}, after={"zones": after})
            return changed

    def serves(self, row: ZoneRow) -> bool:
        """Whether a zone is to be served: not one that was the catalog as long as that had another name, or was wanted.

        It rests in the database with its serial, since those who followed it know that, should the name come back.
        """
        return row.domain_id is not None or row.alias_of is not None or row.name == self.name

    def _zone(self, work: UnitOfWork) -> int:
        found = next((row for row in zones.all_zones(work.connection) if row.name == self.name), None)
        if found is None:
            zone_id = zones.add(work, None, self.name, serial=0)
            record(work, "dns:zone:create", self.name, after={"zone": self.name})
            return zone_id
        if found.domain_id is not None or found.alias_of is not None:
            raise ConfigurationError(f"REGISTRY_DNS_CATALOG_ZONE: {self.name} is the zone of a domain; choose another")
        return found.id


def members(rows: Iterable[ZoneRow], profiles: Mapping[int, DnsProfile]) -> dict[str, ZonePrivacy]:
    """The zones that a catalog lists, each with its group; `profiles` by domain. A zone's other names go with it."""
    by_id = {row.id: row for row in rows}
    listed: dict[str, ZonePrivacy] = {}
    for row in by_id.values():
        owner = row if row.alias_of is None else by_id[row.alias_of]
        profile = None if owner.domain_id is None else profiles.get(owner.domain_id)
        if profile is not None and profile.catalog:
            listed[row.name] = profile.zone_privacy
    return listed


def catalog_states(listed: Mapping[str, ZonePrivacy]) -> list[NewState]:
    """All records of a catalog that lists these zones (RFC 9432 §4)."""
    states = list(_FIXED)
    for name, group in sorted(listed.items()):
        member = f"{member_label(name)}.zones"
        states.append(NewState(member, "PTR", f"0 {absolute(name)}"))
        states.append(NewState(f"group.{member}", "TXT", f'0 "{group}"'))
    return states


def member_label(zone: str) -> str:
    """The label by which a zone is a member."""
    return hashlib.sha256(zone.encode()).hexdigest()[:_LABEL]


def _listed(work: UnitOfWork, zone_id: int) -> list[str]:
    held = zones.newest_state(work.connection, zone_id)
    return sorted(text.partition(" ")[2].removesuffix(".") for _, rdtype, text in held if rdtype == "PTR")


def catalog_secondaries(texts: Iterable[str]) -> tuple[Secondary, ...]:
    """The name servers that take the catalog, from `HOST:PORT/KEY` each. Raises ConfigurationError."""
    secondaries = []
    for text in texts:
        server, _, key = text.partition("/")
        address, key = parse_server_address(server), ascii_lower(key).removesuffix(".")
        if address is None or not is_host_name(key):
            raise ConfigurationError(f"REGISTRY_DNS_CATALOG_SECONDARIES: HOST:PORT/KEY is wanted, not {text[:120]!r}")
        secondaries.append(Secondary(server_address_text(*address), key))
    return tuple(secondaries)
