# SPDX-License-Identifier: Apache-2.0
"""Who calls the admin service of an SML, and what they administer there.

A caller is an account, known by its client certificate, and has to be an administrator of the system or of the
sub-domain: no certificate is one by itself. Sub-domains that a caller doesn't administer are to it as if there were
none.
"""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import SYSTEM, Action, Principal, Scope, decide
from registry.errors import NotFoundError, RegistryError, UnauthorizedError, ValidationError
from registry.sml.admin_sub_domains import zone_of
from registry.sml.model import Caller
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor


class CertificateOwners(Protocol):
    """Whose client certificates are."""

    def by_certificate(self, der: bytes) -> Principal:
        """The owner of a client certificate. Raises UnauthorizedError."""
        ...


@dataclass(frozen=True, slots=True)
class Admin:
    """Who calls, and what they administer."""

    actor: Actor
    principal: Principal
    sub_domains: tuple[StoredDomain, ...]

    def sub_domain(self, name: str) -> StoredDomain:
        """One that they administer. Raises NotFoundError, UnauthorizedError."""
        zone = zone_of(name)
        for stored in self.sub_domains:
            if stored.domain.dns.zone == zone:
                return stored
        raise self.missing(NotFoundError(f"there is no sub-domain {zone}"))

    def sub_domain_of(self, alias: str | None) -> StoredDomain:
        """The one that an alias begins with, or the only one. Raises ValidationError, UnauthorizedError."""
        named = zone_of((alias or "").partition(":")[0])
        found = [stored for stored in self.sub_domains if stored.domain.dns.zone == named] or self.sub_domains
        if len(found) == 1:
            return found[0]
        names = ", ".join(stored.domain.dns.zone for stored in found) or "none"
        told = f"Alias has to begin with the name of a sub-domain and a colon; there are {names}"
        error = ValidationError.of("SML-ALIAS", told)
        raise error if found else self.missing(error)

    def missing(self, error: RegistryError) -> RegistryError:
        """What is told where something isn't there: it may be somebody else's, and only an administrator of the
        system may know.
        """
        decision = decide(self.principal, Action.DOMAIN_CHANGE, SYSTEM)
        return error if decision else UnauthorizedError(decision.reasons[-1])


class Admins:
    """Finds out who calls, at every call anew."""

    def __init__(self, directory: DomainDirectory, owners: CertificateOwners) -> None:
        self._directory = directory
        self._owners = owners

    def of(self, caller: Caller) -> Admin:
        """Who calls, whatever they administer. Raises UnauthorizedError for who has no account."""
        if caller.certificate is None:
            raise UnauthorizedError("No client certificate was presented")
        principal = self._owners.by_certificate(caller.certificate.public_bytes(Encoding.DER))
        self._directory.refresh()
        every = self._directory.with_sml()
        mine = tuple(stored for stored in every if decide(principal, Action.DOMAIN_CHANGE, Scope(stored.id)))
        return Admin(Actor(principal.actor, caller.request_id), principal, mine)
