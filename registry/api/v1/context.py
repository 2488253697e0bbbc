# SPDX-License-Identifier: Apache-2.0
"""What the resources of `/api/v1` work with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from registry.accounts.oidc_logins import OidcLogins
from registry.accounts.permissions import Principal
from registry.accounts.sessions import Sessions
from registry.dns.followers import OtherZones
from registry.dns.zone_records import ZoneRecords
from registry.domains.domain import Domain
from registry.errors import NotFoundError
from registry.identifiers.text import shorten
from registry.lookups.resolving import Inside, Outside
from registry.room import Room
from registry.shown_settings import ShownSetting
from registry.sml.administration import SmlAdministration
from registry.sml.admission.admission import Admission
from registry.sml.interventions.desk import Interventions
from registry.sml.registration import Registrar
from registry.smp.access_points import AccessPoints
from registry.smp.business_cards import BusinessCards
from registry.smp.participants import Participants
from registry.smp.publishing import Publishing
from registry.smp.service_views import ServiceViews
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database
from registry.trust import TrustModel
from trust_lists.sources.evidence_manifest import EvidenceManifest

AT_A_TIME: Final = 2
"""Searches: a process has other things to do."""


class Authenticating(Protocol):
    """Who a credential is of. Each raises UnauthorizedError for one that is not good."""

    def by_token(self, secret: str, *, name: str | None = None) -> Principal:
        """The bearer of a token."""
        ...

    def by_session(self, secret: str, *, changes_password: bool = False) -> Principal:
        """Whoever logged in to a session.

        Raises PasswordChangeRequiredError where it is good for that only, and something else is to be done.
        """
        ...

    def by_certificate(self, der: bytes) -> Principal:
        """The owner of a client certificate."""
        ...


class DomainSetup(Protocol):
    """The use cases of domains, which concern all parts of an instance."""

    def add(self, actor: Actor, profile: str, settings: Mapping[str, Any]) -> StoredDomain:
        """Add a domain. Raises ConfigurationError with all that is wrong, AlreadyExistsError."""
        ...

    def changed(self, name: str, settings: Mapping[str, Any]) -> Domain:
        """What a domain would be with settings laid over its own. Raises ConfigurationError."""
        ...

    def change(self, actor: Actor, name: str, settings: Mapping[str, Any]) -> StoredDomain:
        """Lay settings over those that a domain has. Raises ConfigurationError, ConflictError."""
        ...


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The parts of an instance that the API needs."""

    database: Database
    directory: DomainDirectory
    authenticator: Authenticating
    registrar: Registrar
    publishing: Publishing
    participants: Participants
    business_cards: BusinessCards
    signer: DocumentSigner
    trust_of: Callable[[Domain], TrustModel]
    evidence_collected_at: Callable[[Domain], datetime | None]
    """When the evidence of a domain's trust model was collected; None where there is none."""
    setup: DomainSetup
    sml: SmlAdministration
    admission: Admission
    zone_records: ZoneRecords
    interventions: Interventions
    sessions: Sessions
    evidence_manifest: Callable[[Domain], EvidenceManifest | None] = lambda _domain: None
    """What came of each attempt to collect it; None where there is none."""
    oidc_logins: OidcLogins | None = None
    """None where no provider is set up."""
    other_zones: OtherZones = field(default_factory=dict)
    """Zones that no domain has, and who takes them."""
    settings: Sequence[ShownSetting] = ()
    """Of this process."""
    outside: Outside | None = None
    """Look-ups over the network; None where nobody has said what they may ask."""
    searches: Room = field(default_factory=lambda: Room(AT_A_TIME))
    """For counterfactuals and comparisons, which make some hundred decisions each."""

    @property
    def services(self) -> ServiceViews:
        """What is published for document types."""
        return ServiceViews(self.database)

    @property
    def inside(self) -> Inside:
        """Look-ups in what is held here."""
        return Inside(self.database, self.signer, self.trust_of)

    def access_points(self, stored: StoredDomain) -> AccessPoints:
        """The access points of a domain."""
        return AccessPoints(self.database, stored, self.trust_of(stored.domain))

    def domain(self, name: str) -> StoredDomain:
        """A domain by name. Raises NotFoundError, which tells nothing of other domains."""
        found = next((stored for stored in self.directory.all() if stored.domain.name == name), None)
        if found is None:
            raise no_domain(name)
        return found


def no_domain(name: str) -> NotFoundError:
    """The same for a domain that there isn't and one that the caller must not know of."""
    return NotFoundError(f"there is no domain {shorten(name)}")
