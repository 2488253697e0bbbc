# SPDX-License-Identifier: Apache-2.0
"""What is asked about one certificate, and of whom the answer may ask more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.revocation.extensions import RevocationExtensions, revocation_extensions
from trust_lists.certificates.revocation.model import Authority
from trust_lists.certificates.revocation.rules import RevocationRules
from trust_lists.errors import CertificateError


class CrlIssuers(Protocol):
    """Who else may have signed CRLs, beside the authority right above a certificate: whoever knows paths can tell."""

    def named(self, name: ComparableName) -> Iterable[Authority]:
        """Everybody of that name, whether trusted or not."""

    def trusted(self, authority: Authority, at: datetime) -> bool:
        """Whether a path leads to it from the same anchor, all valid and unrevoked at `at` (RFC 5280 §6.3.3 (f)).

        May raise PathLimitError.
        """


class NoCrlIssuers:
    """Nobody else."""

    def named(self, name: ComparableName) -> Iterable[Authority]:
        """Nobody."""
        return ()

    def trusted(self, authority: Authority, at: datetime) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a certificate was revoked at a time."""

    certificate: ListedCertificate
    issuer: Authority
    """Right above it in a path."""
    at: datetime
    rules: RevocationRules
    serial: int
    issuer_name: ComparableName
    issuer_der: bytes
    """The issuer's Name, as it stands in the certificate."""
    expiry: datetime
    is_authority: bool
    extensions: RevocationExtensions

    @property
    def declared(self) -> bool:
        """Whether the certificate says where its status can be asked for.

        That there is nobody to ask only end entities may say (RFC 9608): of an authority it doesn't count.
        """
        return self.extensions.declared and (self.is_authority or not self.extensions.none_available)

    @classmethod
    def about(
        cls, certificate: ListedCertificate, issuer: Authority, at: datetime, rules: RevocationRules
    ) -> "Question":
        """Raises CertificateError where the certificate can't be read as far as needed."""
        slices = certificate.slices
        if slices is None:
            raise CertificateError("the certificate can't be read")
        return cls(
            certificate=certificate,
            issuer=issuer,
            at=at,
            rules=rules,
            serial=int.from_bytes(slices.serial, "big", signed=True),
            issuer_name=certificate.comparable_issuer,
            issuer_der=slices.issuer,
            expiry=slices.dates[1],
            is_authority=path_extensions(certificate.der).authority,
            extensions=revocation_extensions(certificate.der),
        )
