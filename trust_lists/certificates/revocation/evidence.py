# SPDX-License-Identifier: Apache-2.0
"""CRLs and OCSP responses as somebody fetched them, read once, and looked up for any number of certificates."""

from collections.abc import Iterable, Sequence

from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.revocation.crl import Crl, read_crl
from trust_lists.certificates.revocation.model import RevocationReason
from trust_lists.certificates.revocation.ocsp import OcspResponse, SingleResponse, read_response
from trust_lists.certificates.revocation.signed_data import EvidenceSignatures
from trust_lists.errors import CertificateError

MAX_UNREADABLE_TOLD = 20


class RevocationEvidence:
    """All evidence at hand. It doesn't change; what was verified and looked up is remembered.

    The order in which the bytes are given doesn't matter, and neither does it how often each of them is.
    """

    def __init__(self, crls: Iterable[bytes] = (), responses: Iterable[bytes] = ()) -> None:
        """Never raises: what can't be read is in `unreadable`."""
        self.signatures = EvidenceSignatures()
        unreadable: dict[RevocationReason, None] = {}
        self._crls: dict[ComparableName, list[Crl]] = {}
        for crl in _each_once(crls):
            try:
                found = read_crl(crl)
                self._crls.setdefault(found.issuer, []).append(found)
            except CertificateError as error:
                unreadable[RevocationReason("CRL_UNREADABLE", "RFC 5280 §5.1", str(error))] = None
        self._responses: dict[int, list[tuple[OcspResponse, SingleResponse]]] = {}
        for data in _each_once(responses):
            try:
                response = read_response(data)
                for single in response.singles:
                    self._responses.setdefault(single.cert_id.serial, []).append((response, single))
            except CertificateError as error:
                unreadable[RevocationReason("OCSP_UNREADABLE", "RFC 6960 §4.2.1", str(error))] = None
        for lists in self._crls.values():
            lists.sort(key=lambda found: (found.this_update, found.number or 0), reverse=True)
        for group in self._responses.values():
            group.sort(key=lambda found: found[1].this_update, reverse=True)
        self.unreadable = tuple(unreadable)[:MAX_UNREADABLE_TOLD]
        """Each of them once, the first of many."""

    def crls(self, issuer: ComparableName) -> Sequence[Crl]:
        """Those of an issuer, from the youngest."""
        return self._crls.get(issuer, ())

    def responses(self, serial: int) -> Sequence[tuple[OcspResponse, SingleResponse]]:
        """What is said about certificates with this serial number, of whatever issuer, from the youngest."""
        return self._responses.get(serial, ())


def _each_once(data: Iterable[bytes]) -> list[bytes]:
    return sorted(set(data))
