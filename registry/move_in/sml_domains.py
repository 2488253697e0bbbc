# SPDX-License-Identifier: Apache-2.0
"""Which domain of ours a sub-domain of an old SML goes to: as the operator says, else the one with its zone.

Never two into one: a participant of both would be one participant, and belong to whose record was loaded last.
"""

from collections.abc import Mapping

from registry.errors import ConfigurationError, NotFoundError
from registry.storage.domain_directory import DomainDirectory, StoredDomain


class SmlDomains:
    """Finds domains for which this instance is the SML; look again with `refresh` at the begin of a transaction."""

    def __init__(self, directory: DomainDirectory, named: Mapping[str, str] | None = None) -> None:
        """`named` says for sub-domains, by their names in lower case, the names of domains.

        Raises ConfigurationError where two go to one.
        """
        self._directory = directory
        self._named = named or {}
        if len({*self._named.values()}) < len(self._named):
            raise ConfigurationError("two sub-domains can't go to one domain: name another one, or let it be made")
        self._found: dict[str, StoredDomain | None] = {}

    def refresh(self) -> None:
        """See what has changed in the database: a domain may have been made in this very transaction."""
        self._directory.refresh()
        self._found.clear()

    def find(self, sub_domain: str) -> StoredDomain | None:
        """The domain of a sub-domain, or None."""
        if sub_domain not in self._found:
            name = self._named.get(sub_domain)
            others = {*self._named.values()}
            self._found[sub_domain] = next(
                (
                    stored
                    for stored in self._directory.with_sml()
                    if (
                        stored.domain.dns.zone == sub_domain and stored.domain.name not in others
                        if name is None
                        else stored.domain.name == name
                    )
                ),
                None,
            )
        return self._found[sub_domain]

    def of(self, sub_domain: str) -> StoredDomain:
        """The domain of a sub-domain. Raises NotFoundError."""
        found = self.find(sub_domain)
        if found is None:
            raise NotFoundError(f"no domain is here for the sub-domain {sub_domain}")
        return found

    def is_named(self, sub_domain: str) -> bool:
        """Whether the operator has said where a sub-domain goes."""
        return sub_domain in self._named

    def every(self) -> list[StoredDomain]:
        """All domains for which this instance is the SML, the oldest first."""
        return sorted(self._directory.with_sml(), key=lambda stored: stored.id)
