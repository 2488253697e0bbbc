# SPDX-License-Identifier: Apache-2.0
"""What a certificate is at each SML of this instance, told without a call: by the same rules, and changing nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from registry.errors import ConfigurationError
from registry.sml.authorization import TrustOf
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import callers, publishers
from registry.storage.queries.callers import Bearer
from trust_lists.evaluation.trust_configuration.model import Context


@dataclass(frozen=True, slots=True)
class OwnedPublisher:
    """An SMP that the certificate owns."""

    smp_id: str
    by: str
    """`certificate`, where this very one is registered, or `issuer+subject`."""
    suspended: bool
    refusal: str = ""
    """Why its calls about this SMP are refused; "" where they aren't."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a certificate is in one domain."""

    domain: str
    outcome: str
    """`accepted`, `warned` (it passes in spite of a no), `refused` or `blocked`."""
    reason: str
    """Who vouches for it, or what speaks against it."""
    warnings: tuple[str, ...] = ()
    owns: tuple[OwnedPublisher, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether it gets in."""
        return self.outcome in {"accepted", "warned"}


def standings(
    database: Database,
    domains: Iterable[StoredDomain],
    trust_of: TrustOf,
    certificate: x509.Certificate,
) -> list[Standing]:
    """What the certificate is in each of these domains now."""
    return [_standing(database, stored, trust_of, certificate, database.now()) for stored in domains]


def _standing(
    database: Database, stored: StoredDomain, trust_of: TrustOf, certificate: x509.Certificate, at: datetime
) -> Standing:
    bearer, name = Bearer.of(certificate), stored.domain.name
    try:
        trust = trust_of(stored.domain)
    except ConfigurationError as error:
        return Standing(name, "refused", str(error))
    decision = trust.decide("sml-client", certificate, at)
    named = [stored.id] if stored.domain.sml.identity == "issuer+subject" and decision.accepted else []
    with database.read() as connection:
        exact = publishers.owned_by(connection, [stored.id], bearer, [], at)
        rows = publishers.owned_by(connection, [stored.id], bearer, named, at)
        blocked = bool(callers.blocked_in(connection, [stored.id], bearer))
    owns = []
    for row in rows:
        about = trust.decide("sml-client", certificate, at, context={Context.SMP_ID: row.smp_id})
        refusal = "" if about.accepted or not about.enforced else about.reason
        by = "certificate" if row in exact else "issuer+subject"
        owns.append(OwnedPublisher(row.smp_id, by, row.suspended, refusal))
    outcome = "accepted" if decision.accepted else "refused" if decision.enforced else "warned"
    reason = decision.grounds if decision.accepted else decision.reason
    if blocked:
        outcome, reason = "blocked", "the operator has blocked it"
    return Standing(name, outcome, reason, decision.warnings, tuple(owns))
