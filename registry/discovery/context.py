# SPDX-License-Identifier: Apache-2.0
"""What every part of one lookup needs: the domain, the ports, the moment, and the record that it writes."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from registry.discovery.errors import NotTrustedError
from registry.discovery.explanation import ExplanationBuilder
from registry.discovery.fetcher import Fetcher
from registry.discovery.locator import Locator
from registry.domains.domain import Domain
from registry.trust import Decision, TrustModel


@dataclass(frozen=True, slots=True)
class LookupContext:
    """Lives for one lookup; `at` is the moment for which all of it is decided."""

    domain: Domain
    trust: TrustModel
    locator: Locator
    fetcher: Fetcher
    explanation: ExplanationBuilder
    at: datetime

    def decide(self, role: str, certificate: x509.Certificate, evidence: tuple[x509.Certificate, ...] = ()) -> Decision:
        """The trust decision on a certificate, recorded as the step `trust-{role}`.

        Raises NotTrustedError, unless the domain only warns in this role.
        """
        with self.explanation.step(f"trust-{role}") as step:
            decision = self.trust.decide(role, certificate, self.at, evidence)
            seen = (f"{seen.id}: {seen.detail}" for seen in decision.steps)
            step.detail = "; ".join((f"{decision.subject} is trusted", *seen))
            if not decision.accepted:
                message = f"{decision.subject} is not trusted in the role {role}: {decision.reason}"
                if decision.enforced:
                    raise NotTrustedError(f"untrusted-{role}", message)
                step.warn(message)
            for warning in decision.warnings:
                step.warn(warning)
            return decision
