# SPDX-License-Identifier: Apache-2.0
"""The seam to trust_lists: which trust configuration a domain uses, and what it says about a certificate.

SMP, SML and discovery ask only here. Access points embed discovery, so this module knows no database and no web.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.domains.domain import Domain, RoleSettings
from registry.errors import ConfigurationError
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation import Decision, Evidence, Role, RoleRule, TrustConfiguration, decide

__all__ = ["Decision", "Role", "TrustModel"]


@dataclass(frozen=True, slots=True)
class TrustModel:
    """The trust configuration of a domain. `advisory` are the roles in which a no is a warning only."""

    configuration: TrustConfiguration
    advisory: frozenset[str] = frozenset()

    @classmethod
    def for_domain(cls, domain: Domain) -> "TrustModel":
        """From the domain's settings. Raises ConfigurationError where an anchor cannot be read."""
        roles: Mapping[str, RoleSettings] = domain.trust.roles
        return cls(
            TrustConfiguration({role: _rule(domain.name, role, settings) for role, settings in roles.items()}),
            frozenset(role for role, settings in roles.items() if settings.on_untrusted == "warn"),
        )

    def decide(
        self,
        role: str,
        certificate: x509.Certificate,
        at: datetime,
        evidence_certificates: Iterable[x509.Certificate] = (),
    ) -> Decision:
        """Whether `certificate` is accepted in `role` at `at` (aware UTC).

        `evidence_certificates` came along with it and may be needed for the path. Where `Decision.enforced` is
        False, a caller goes on in spite of a no and reports it as a warning.
        """
        decision = decide(self.configuration, role, certificate, at, Evidence(tuple(evidence_certificates)))
        return replace(decision, enforced=role not in self.advisory)

    def client_anchors_pem(self) -> str:
        """Anchors and intermediates of the SML's clients as PEM, for the TLS listener's list of authorities.

        OpenSSL follows them up to a self-signed root unless it is told that part of a chain will do
        (`ssl.VERIFY_X509_PARTIAL_CHAIN`), which is needed where the anchors are not roots.
        """
        rule = self.configuration.rule(Role.SML_CLIENT)
        certificates = dict.fromkeys((*rule.anchors, *rule.intermediates))
        return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def _rule(domain: str, role: str, settings: RoleSettings) -> RoleRule:
    try:
        return RoleRule(
            anchors=tuple(_certificate(text) for text in settings.anchors),
            intermediates=tuple(_certificate(text) for text in settings.intermediates),
            pins=frozenset(settings.pins),
            subject_patterns=tuple(re.compile(pattern) for pattern in settings.subject_patterns),
            key_usage=frozenset(settings.key_usage),
        )
    except CertificateError as error:
        raise ConfigurationError(
            f"domain {domain}, role {role}: an anchor or intermediate is no good: {error}"
        ) from None


@lru_cache(maxsize=256)
def _certificate(pem: str) -> x509.Certificate:
    return load_certificate(pem)
