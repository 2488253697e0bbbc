# SPDX-License-Identifier: Apache-2.0
"""A certificate as it stands in a list: its bytes, also where `cryptography` can't load them.

Real lists hold certificates with encoding errors that are nevertheless in force; one of them must never cost a list or
a service. What a trust anchor needs, key and subject name, is cut out of the DER by position.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509

from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A certificate by its DER bytes; two are equal where these are."""

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
