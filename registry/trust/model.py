# SPDX-License-Identifier: Apache-2.0
"""The trust model of a domain: its configuration, ready to decide, with the evidence that is at hand.

Access points embed discovery, so this package knows no database, no web and no files. One of these is made once for a
domain as it is; any number of threads may ask it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from cryptography import x509

from registry.domains.domain import Domain
from registry.domains.trust_models import pem_text
from registry.errors import ConfigurationError
from registry.trust.authorities import Authorities, authorities_of
from registry.trust.decision import TrustDecision, end_of
from registry.trust.short_form import from_settings
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.errors import ConfigurationError as WrongConfigurationError
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration import Role, TrustConfiguration, read_tree
from trust_lists.evaluation.trust_configuration.model import Context, Json

_NO_CONTEXT: Final[Mapping[Context, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TrustModel:
    """The engine of a domain's configuration. `advisory` are the roles in which a no is a warning only."""

    engine: DecisionEngine
    domain: str = ""
    """The domain's name, which rules may ask for (`context.domain`)."""
    advisory: frozenset[str] = frozenset()
    evidence: Evidence = field(default_factory=Evidence)

    @classmethod
    def for_domain(cls, domain: Domain, evidence: Evidence | None = None) -> "TrustModel":
        """From the domain's trust model or settings. Raises ConfigurationError with all that is wrong with them."""
        engine = DecisionEngine(configuration_of(domain))
        return cls(engine, domain.name, domain.trust.advisory, evidence or Evidence())

    def at_hand(self, evidence: Evidence) -> "TrustModel":
        """The same with other evidence."""
        return replace(self, evidence=evidence)

    @property
    def configuration(self) -> TrustConfiguration:
        """By which it is decided."""
        return self.engine.configuration

    @property
    def address(self) -> str:
        """The SHA-256 of the configuration's canonical form, which decisions cite."""
        return self.engine.address

    def decide(
        self,
        role: str,
        certificate: x509.Certificate | ListedCertificate,
        at: datetime,
        evidence_certificates: Iterable[x509.Certificate | ListedCertificate] = (),
        *,
        context: Mapping[Context, str] = _NO_CONTEXT,
        asserted: frozenset[str] | None = None,
        trace: bool = False,
    ) -> TrustDecision:
        """Whether `certificate` is accepted in `role` (a `Role`) at `at` (aware UTC).

        `evidence_certificates` came along with it and may be needed for the path; `asserted` are the SHA-256 of those
        that signed SMP metadata name for the endpoint, None where there are none at hand. Where the answer isn't
        `enforced`, a caller goes on in spite of a no and reports it as a warning.
        """
        case = Case(
            role=Role(role),
            certificate=listed(certificate),
            at=at,
            intermediates=tuple(map(listed, evidence_certificates)),
            context={Context.DOMAIN: self.domain, **context},
            asserted=asserted,
        )
        decision = self.engine.decide(case, self.evidence, trace=trace)
        rule = self.configuration.rule(case.role)
        return TrustDecision(
            decision,
            enforced=role not in self.advisory,
            not_after=end_of(case.certificate),
            asks_revocation=rule is not None and rule.revocation.leaf is not RevocationRule.NO_CHECK,
        )

    def authorities(self, role: str) -> Authorities:
        """The authorities of a role, for who needs a list of certificates."""
        return authorities_of(self.configuration, Role(role))

    def client_anchors_pem(self) -> str:
        """Anchors and intermediates of the SML's clients as PEM, for the TLS listener's list of authorities.

        OpenSSL follows them up to a self-signed root unless it is told that part of a chain will do
        (`ssl.VERIFY_X509_PARTIAL_CHAIN`), which is needed where the anchors are not roots.
        """
        return "".join(pem_text(each.der) for each in self.authorities(Role.SML_CLIENT).all)


def configuration_of(domain: Domain) -> TrustConfiguration:
    """The trust configuration of a domain, with its certificates. Raises ConfigurationError."""
    tree = domain.trust.configuration
    try:
        if tree is None:
            return from_settings(domain.trust.roles)
        return read_tree(_json(tree), lambda _name: None).configuration
    except WrongConfigurationError as error:
        problems = "\n  ".join(error.reasons)
        raise ConfigurationError(f"domain {domain.name}: the trust model can't be used:\n  {problems}") from None


def _json(tree: Mapping[str, object]) -> Json:
    """The configuration of settings, of which nobody has looked at the types yet."""
    found: dict[str, Json] = {str(key): _value(value) for key, value in tree.items()}
    return found


def _value(value: object) -> Json:
    match value:
        case Mapping():
            return _json(value)
        case list() | tuple():
            return [_value(each) for each in value]
        case bool() | int() | str() | None:
            return value
    return str(value)
