# SPDX-License-Identifier: Apache-2.0
"""A certificate as it stands in a list: its bytes, also where `cryptography` can't load them.

Real lists hold certificates with encoding errors that are nevertheless in force; one of them must never cost a list or
a service. What a trust anchor needs, key and subject name, is cut out of the DER by position (TS 119 612 §5.5.3), and
so is what a path needs: nothing but `certificate` and `problem` asks `cryptography`.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from trust_lists.certificates.names import ComparableName, attribute_values, comparable, name_text
from trust_lists.certificates.parsing import load_certificate
from trust_lists.certificates.slices import CertificateSlices, cut
from trust_lists.errors import CertificateError


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A certificate by its DER bytes; two are equal where these are. Whatever the bytes are, nothing here raises."""

    der: bytes
    sha256: str = field(init=False, compare=False)
    """64 lower-case hexadecimal digits."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", sha256(self.der).hexdigest())

    @property
    def certificate(self) -> x509.Certificate | None:
        """The certificate, loaded when it is asked for; None where that fails: `problem` says why."""
        try:
            return load_certificate(self.der)
        except CertificateError:
            return None

    @property
    def problem(self) -> str:
        """Why the certificate can't be loaded; "" where it can."""
        try:
            load_certificate(self.der)
        except CertificateError as error:
            return str(error)
        return ""

    @property
    def slices(self) -> CertificateSlices | None:
        """Its parts; None where they can't be found (then it has neither key nor names)."""
        return cut(self.der)

    @property
    def key(self) -> bytes:
        """SubjectPublicKeyInfo as it stands in the certificate; b"" where it can't be found."""
        slices = cut(self.der)
        return slices.key if slices else b""

    @property
    def comparable_subject(self) -> ComparableName:
        """The subject, comparable as RFC 5280 §7.1 wants; () where there is none."""
        slices = cut(self.der)
        return comparable(slices.subject) if slices else ()

    @property
    def comparable_issuer(self) -> ComparableName:
        """The same of the issuer."""
        slices = cut(self.der)
        return comparable(slices.issuer) if slices else ()

    @property
    def subject_text(self) -> str:
        """The subject as `parsing.subject_text` gives it; "" where there is none."""
        slices = cut(self.der)
        return name_text(slices.subject) if slices else ""

    @property
    def issuer_text(self) -> str:
        """The same of the issuer."""
        slices = cut(self.der)
        return name_text(slices.issuer) if slices else ""

    def subject_values(self, oid: x509.ObjectIdentifier | str) -> tuple[str, ...]:
        """The values of a type of attribute in the subject."""
        slices = cut(self.der)
        return attribute_values(slices.subject, oid) if slices else ()

    def issuer_values(self, oid: x509.ObjectIdentifier | str) -> tuple[str, ...]:
        """The values of a type of attribute in the issuer's name."""
        slices = cut(self.der)
        return attribute_values(slices.issuer, oid) if slices else ()


def listed(certificate: ListedCertificate | x509.Certificate) -> ListedCertificate:
    """Any certificate as one of these."""
    if isinstance(certificate, ListedCertificate):
        return certificate
    return ListedCertificate(certificate.public_bytes(Encoding.DER))
