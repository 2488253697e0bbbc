# SPDX-License-Identifier: Apache-2.0
"""A trust decision as the registry uses it: the engine's, and what the domain does about a no."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions import Decision, Outcome

EXPIRES_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """Whether a certificate is accepted. Where `enforced` is False, the domain goes on in spite of a no, and warns."""

    decision: Decision
    enforced: bool = True
    not_after: datetime | None = None
    """When the certificate ends; None where it can't be read."""
    asks_revocation: bool = True
    """Whether the rule of the role wants to know if the certificate was revoked."""

    @property
    def accepted(self) -> bool:
        """Whether the answer is yes; what nobody can tell is none."""
        return self.decision.accepted

    @property
    def outcome(self) -> Outcome:
        """ACCEPT, REJECT or INDETERMINATE."""
        return self.decision.outcome

    @property
    def role(self) -> str:
        """The role that was asked about."""
        return self.decision.role.value

    @property
    def subject(self) -> str:
        """Of the certificate, for people."""
        return self.decision.subject

    @property
    def reason(self) -> str:
        """Everything that speaks against it, in words, each with its id and clause; "" if it is accepted."""
        told = "; ".join(dict.fromkeys(str(check) for check in self.decision.checks))
        return f"it can't be told: {told}" if self.outcome is Outcome.INDETERMINATE else told

    @property
    def grounds(self) -> str:
        """Who vouches for it, in words, and by which configuration."""
        vouchers = ", ".join(self.decision.grounds) or "the rule of the role"
        revoked = "revocation was looked at" if self.asks_revocation else "whether it was revoked was not asked"
        return f"by {vouchers}; {revoked}; configuration {self.decision.configuration[:12]}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is worth knowing also of a certificate that is accepted; among it that it ends before long."""
        at, end = self.decision.at, self.not_after
        if end is None or not at <= end < at + EXPIRES_SOON:
            return self.decision.warnings
        return (*self.decision.warnings, f"the certificate expires on {end:%Y-%m-%d %H:%M} UTC")

    def to_json(self) -> dict[str, object]:
        """The decision in values that `json.dumps` takes: what the engine has, `enforced`, and all warnings."""
        return {**self.decision.to_json(), "enforced": self.enforced, "warnings": list(self.warnings)}


def begin_of(certificate: ListedCertificate) -> datetime | None:
    """When a certificate begins to be valid; None where it can't be read."""
    return _date_of(certificate, 0)


def end_of(certificate: ListedCertificate) -> datetime | None:
    """When a certificate ends; None where it can't be read."""
    return _date_of(certificate, 1)


def _date_of(certificate: ListedCertificate, which: int) -> datetime | None:
    slices = certificate.slices
    try:
        return slices.dates[which] if slices else None
    except CertificateError:
        return None
