# SPDX-License-Identifier: Apache-2.0
"""What is changed in a certificate that meets a rule, which rule that is about, and what the rule says of it.

Edges come in pairs: what is still within, and what is one second, one authority or one bit beyond. A rule that says
REJECT and gets another answer has no effect; one that says ACCEPT and gets another is not what decides.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison.probing.bases import Base, Issuing
from trust_lists.evaluation.decisions.model import Outcome

YES, NO, UNKNOWN = Outcome.ACCEPT, Outcome.REJECT, Outcome.INDETERMINATE


class By(StrEnum):
    """Who issues the certificate."""

    ITS_ISSUER = "its issuer"
    SIBLING = "a sibling of its issuer"
    """Another authority, from the same authority above."""
    IMPOSTOR = "somebody with the name of its issuer"
    STRANGER = "somebody whom nobody knows"
    OTHER_ROLE = "the authority of another role"
    BELOW = "authorities below its issuer"


class Source(StrEnum):
    """Which evidence about revocation is at hand."""

    BOTH = "CRL and OCSP"
    CRL = "CRL"
    OCSP = "OCSP"
    NONE = "none"


class Asserted(StrEnum):
    """What signed SMP metadata name for the endpoint."""

    THIS = "this certificate"
    OTHER = "another certificate"


@dataclass(frozen=True, slots=True)
class Evidencing:
    """The evidence about revocation: of the certificate; about those above it there is always enough."""

    source: Source = Source.BOTH
    age: timedelta = timedelta(minutes=1)
    revoked: str = ""
    """`leaf`, or `issuer`: the certificate of the authority right above; "": nobody."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One probe, before anything is made."""

    kind: str
    """Stable and upper case."""
    told: str
    """What is special about the certificate, for people."""
    rule: str
    """The key path of the rule that it is about."""
    expected: Outcome
    """What the rule says."""
    base: Base
    by: By = By.ITS_ISSUER
    other: Issuing | None = None
    """Who issues it, where that is the authority of another role."""
    below: int = 0
    """How many authorities stand below the issuer."""
    evidence: Evidencing = field(default_factory=Evidencing)
    asserted: Asserted | None = None
    """None: what the side's own rule about SMP metadata wants."""
    key_kind: str = ""
    """Of the certificate's key, where it isn't that of the base."""
    key_name: str = "leaf"
    only_signed: bool = False
    """Whether it says nothing where signatures are assumed."""
    ready: ListedCertificate | None = None
    """The certificate, where a configuration names it by its digest, so that it was made before."""

    @property
    def at(self) -> datetime:
        """When it is asked about."""
        return self.base.at
