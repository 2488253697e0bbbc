# SPDX-License-Identifier: Apache-2.0
"""The domains of this instance as objects, read from the database and kept until one changes."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.errors import NotFoundError
from registry.identifiers.code_lists import CodeList
from registry.storage.engine import Database
from registry.storage.queries import code_lists, domains, zones
from registry.storage.queries.domains import DomainRow


@dataclass(frozen=True, slots=True)
class StoredDomain:
    """A domain with its database id, and the id of its zone where it has one."""

    id: int
    domain: Domain
    zone_id: int | None


class DomainDirectory:
    """All domains. `refresh` looks whether any changed; everything else answers from memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._fingerprint: tuple[int, ...] | None = None
        self._by_name: dict[str, StoredDomain] = {}
        self.generation = 0
        """Grows whenever a refresh found something new; who derives things from domains compares it."""
        self.refresh()

    def refresh(self) -> None:
        """Read the domains again if one was added or changed, or a zone came or went."""
        with self._database.read() as connection, self._lock:
            fingerprint = domains.fingerprint(connection)
            if fingerprint == self._fingerprint:
                return
            zone_ids = {row.domain_id: row.id for row in zones.all_zones(connection)}
            lists = code_lists.all_lists(connection)
            self._by_name = {
                row.name: StoredDomain(row.id, _domain(row, lists.get(row.id, {}).values()), zone_ids.get(row.id))
                for row in domains.all_domains(connection)
            }
            self._fingerprint = fingerprint
            self.generation += 1

    def all(self) -> list[StoredDomain]:
        """Every domain, by name."""
        return list(self._by_name.values())

    def get(self, name: str) -> StoredDomain:
        """A domain by name. Raises NotFoundError, naming those that exist."""
        found = self._by_name.get(name)
        if found is None:
            known = ", ".join(self._by_name) or "none"
            raise NotFoundError(f"there is no domain {name!r} here (known: {known})")
        return found

    def by_id(self, domain_id: int) -> StoredDomain:
        """A domain by its database id, which was read from a row that refers to it."""
        found = next((stored for stored in self._by_name.values() if stored.id == domain_id), None)
        if found is None:
            self.refresh()
            found = next(stored for stored in self._by_name.values() if stored.id == domain_id)
        return found

    def with_sml(self) -> list[StoredDomain]:
        """The domains for which this instance is the SML."""
        return [stored for stored in self._by_name.values() if stored.domain.sml.enabled and stored.zone_id is not None]


def _domain(row: DomainRow, lists: Iterable[CodeList]) -> Domain:
    settings = {**row.settings, "name": row.name}
    domain = load_domain(row.profile, settings) if row.profile else Domain.from_mapping(settings)
    return replace(domain, identifiers=domain.identifiers.with_code_lists(*lists))
