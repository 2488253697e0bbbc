# SPDX-License-Identifier: Apache-2.0
"""A certificate in its place in a path, with what the rules of the web ask about it; and what a rule is.

Whatever the rule reads and can't be read breaks the rule: the readers here raise CertificateError.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from trust_lists.certificates import der
from trust_lists.certificates import path_extensions as ext
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.slices import CertificateSlices
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions.model import Check

AUTHORITY_ACCESS, PURPOSES = "1.3.6.1.5.5.7.1.1", "2.5.29.37"
SERVER, CLIENT, ANY_PURPOSE = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"


@dataclass(frozen=True, slots=True)
class Judged:
    """A certificate; `issuer` is the one above it, itself if it is self-signed, None where nobody has it."""

    certificate: ListedCertificate
    slices: CertificateSlices
    extensions: dict[str, ext.Extension]
    read: ext.PathExtensions
    self_issued: bool
    issuer: ListedCertificate | None

    @classmethod
    def of(cls, certificate: ListedCertificate, issuer: ListedCertificate | None) -> "Judged":
        """Raises CertificateError where not even the extensions can be told apart."""
        slices = certificate.slices
        if slices is None or slices.extensions is None:
            raise CertificateError("its extensions can't be found")
        self_issued = certificate.comparable_subject == certificate.comparable_issuer
        return cls(
            certificate,
            slices,
            ext.split(slices.extensions),
            ext.path_extensions(certificate.der),
            self_issued,
            issuer,
        )

    def has(self, oid: str) -> bool:
        """Whether there is such an extension."""
        return oid in self.extensions

    def is_critical(self, oid: str) -> bool:
        """Whether there is one, and it is critical."""
        return self.has(oid) and self.extensions[oid].critical

    def parts(self, oid: str) -> list[der.Element]:
        """What the SEQUENCE of an extension consists of; [] where there is no such extension."""
        return der.sequence(self.extensions[oid].value) if self.has(oid) else []

    @property
    def purposes(self) -> frozenset[str]:
        """Those of extended key usage, as OIDs."""
        return frozenset(map(der.oid, self.parts(PURPOSES)))

    @property
    def names(self) -> tuple[ext.GeneralName, ...]:
        """The alternative names."""
        return self.read.alternative_names


class Rule(NamedTuple):
    """What must hold. `holds` may raise CertificateError, which breaks the rule too."""

    id: str
    clause: str
    told: str
    """What is wrong where it doesn't hold."""
    holds: Callable[[Judged], bool]


def broken(rules: Iterable[Rule], judged: Judged) -> Iterator[Check]:
    """A check for each rule that doesn't hold."""
    for rule in rules:
        problem = _problem(rule, judged)
        if problem is not None:
            told = f"{judged.certificate.subject_text or 'the certificate'}: {rule.told}{problem}"
            yield Check(rule.id, rule.clause, told, judged.certificate.sha256)


def _problem(rule: Rule, judged: Judged) -> str | None:
    try:
        return None if rule.holds(judged) else ""
    except CertificateError as error:
        return f" ({error})"
