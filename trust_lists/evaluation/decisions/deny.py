# SPDX-License-Identifier: Apache-2.0
"""The deny list: what is never trusted, in whatever place of a path it stands (e-CODEX: the ignore store).

A digest of a certificate denies just these bytes, and whoever holds it can change some without breaking the signature
(an ECDSA signature has a twin): only key, or issuer and serial number, deny a certificate for good.
"""

from collections.abc import Iterable

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions.model import Check
from trust_lists.evaluation.trust_configuration.certificates import key_digest, serial_text
from trust_lists.evaluation.trust_configuration.model import DenyList

_PLACE = "stores.deny"


class Denied:
    """A deny list, looked up."""

    def __init__(self, rule: DenyList) -> None:
        self._keys = frozenset(rule.spki_sha256)
        self._certificates = frozenset(rule.cert_sha256)
        self._serials = frozenset((each.issuer, each.serial) for each in rule.issuer_serial)
        self.empty = not (self._keys or self._certificates or self._serials)

    def checks(self, certificates: Iterable[ListedCertificate]) -> list[Check]:
        """One for each certificate that is denied."""
        if self.empty:
            return []
        return [
            Check("DENIED", f"{_PLACE}.{kind}", f"{each.subject_text} is denied", each.sha256)
            for each in certificates
            if (kind := self._how(each))
        ]

    def _how(self, certificate: ListedCertificate) -> str:
        if certificate.sha256 in self._certificates:
            return "cert_sha256"
        if self._keys and key_digest(certificate) in self._keys:
            return "spki_sha256"
        if self._serials and (certificate.issuer_text, serial_text(certificate)) in self._serials:
            return "issuer_serial"
        return ""
