# SPDX-License-Identifier: Apache-2.0
"""What a CRL and an OCSP response have in common with a certificate: bytes, an algorithm, and a signature."""

from dataclasses import dataclass

from trust_lists.certificates.signed import signature_holds
from trust_lists.errors import CertificateError, PathLimitError

MAX_SIGNATURES = 100
"""That one answer about one certificate verifies."""


@dataclass(frozen=True, slots=True)
class SignedData:
    """Its parts, cut out of DER."""

    sha256: str
    """Of the whole, 64 lower-case hexadecimal digits."""
    signed: bytes
    """What the signature is about."""
    algorithm: bytes
    """AlgorithmIdentifier."""
    signature: bytes
    """The bits, as whole bytes."""

    def is_signed_with(self, key: bytes) -> bool:
        """Whether `key` (SubjectPublicKeyInfo) made the signature. Raises CertificateError where that can't be told."""
        return signature_holds(self.signed, self.algorithm, self.signature, key)


class EvidenceSignatures:
    """The signatures of a body of evidence: each is verified once, however many certificates are asked about.

    A CRL of some megabytes costs tens of milliseconds.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], bool | str] = {}

    def hold(self, data: SignedData, key: bytes) -> bool:
        """As `SignedData.is_signed_with`."""
        known = self._known.get((data.sha256, key))
        if known is None:
            try:
                known = data.is_signed_with(key)
            except CertificateError as error:
                known = str(error)
            self._known[data.sha256, key] = known
        if isinstance(known, str):
            raise CertificateError(known)
        return known


class SignatureBudget:
    """How many signatures one answer may still ask for, also of those that are known: the same evidence must give the
    same answer, whoever asked before."""

    def __init__(self, signatures: EvidenceSignatures, limit: int = MAX_SIGNATURES) -> None:
        self._signatures = signatures
        self._left = limit

    def hold(self, data: SignedData, key: bytes) -> bool:
        """As `SignedData.is_signed_with`; raises PathLimitError beyond the limit."""
        if not self._left:
            raise PathLimitError("there are more signatures to verify than one answer may take")
        self._left -= 1
        return self._signatures.hold(data, key)
