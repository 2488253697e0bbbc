# SPDX-License-Identifier: Apache-2.0
"""Certificates in the name of real authorities whose keys we lack: everything is checked but their own signature.

What they show is what would be accepted if somebody had such a certificate issued. They prove nothing about a
signature, and every answer that rests on one says so.
"""

from collections.abc import Mapping

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import MAX_SIGNATURES, Signatures


class AssumedSignatures(Signatures):
    """Takes the signatures of some certificates as good, each by one key; all others are verified."""

    def __init__(self, assumed: Mapping[bytes, bytes], limit: int = MAX_SIGNATURES) -> None:
        """`assumed`: by the DER of a certificate, the SubjectPublicKeyInfo of whom it names as its issuer."""
        super().__init__(limit)
        self._assumed = assumed
        self.used: set[str] = set()
        """SHA-256 of the certificates whose signature was taken as good."""

    def hold(self, certificate: ListedCertificate, key: bytes) -> bool:
        """As `Signatures.hold`, without looking at those that are assumed."""
        if self._assumed.get(certificate.der) == key:
            self.used.add(certificate.sha256)
            return True
        return super().hold(certificate, key)
