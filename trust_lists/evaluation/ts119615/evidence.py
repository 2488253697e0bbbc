# SPDX-License-Identifier: Apache-2.0
"""What the procedures of TS 119 615 judge by, beside the certificate and the instant."""

from dataclasses import dataclass

from cryptography import x509

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.authenticated import AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex

Certificate = ListedCertificate | x509.Certificate


@dataclass(frozen=True, slots=True)
class ListEvidence:
    """Authenticated lists, the index of just these lists, and certificates that may stand between list and CERT."""

    lists: AuthenticatedLists
    index: ServiceIndex
    intermediates: tuple[ListedCertificate, ...] = ()
