# SPDX-License-Identifier: Apache-2.0
"""What every part of one lookup needs: the domain, the ports, the moment, and the record that it writes."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from registry.discovery.errors import NotTrustedError
from registry.discovery.explanation import ExplanationBuilder
from registry.discovery.fetcher import Fetcher
from registry.discovery.locator import Locator
from registry.domains.domain import Domain
from registry.trust import TrustDecision, TrustModel
from trust_lists.evaluation.trust_configuration.model import Context


@dataclass(frozen=True, slots=True)
class LookupContext:
    """Lives for one lookup; `at` is the moment for which all of it is decided."""

    domain: Domain
    trust: TrustModel
    locator: Locator
    fetcher: Fetcher
    explanation: ExplanationBuilder
    at: datetime

    def decide(
        self,
        role: str,
        certificate: x509.Certificate,
        url: str,
        evidence: tuple[x509.Certificate, ...] = (),
        *,
        asserted: frozenset[str] | None = None,
    ) -> TrustDecision:
        """The trust decision on the certificate of who is at `url`, recorded as the step `trust-{role}`.

        `evidence` came along with it; `asserted` are the SHA-256 of those that signed metadata name for the endpoint.
        Raises NotTrustedError, unless the domain only warns in this role.
        """
        with self.explanation.step(f"trust-{role}") as step:
            host = _host(url)
            context = {Context.HOST: host} if host else {}
            decision = self.trust.decide(role, certificate, self.at, evidence, context=context, asserted=asserted)
            step.detail = f"{decision.subject} is trusted {decision.grounds}"
            if not decision.accepted:
                message = f"{decision.subject} is not trusted in the role {role}: {decision.reason}"
                if decision.enforced:
                    raise NotTrustedError(f"untrusted-{role}", message)
                step.warn(message)
            for warning in decision.warnings:
                step.warn(warning)
            return decision


def _host(url: str) -> str | None:
    """The host of an address that somebody else wrote; None where there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
