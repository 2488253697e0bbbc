# SPDX-License-Identifier: Apache-2.0
"""Whether OCSP responses are to be believed (RFC 6960 §3.2, §4.2.2.2), and what they say about a certificate.

A responder is the certificate's issuer, or somebody to whom that very key issued a certificate for OCSP signing; there
are no others. Nonces don't matter: evidence is judged by its times, and what was asked isn't known here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import new as new_hash

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.extensions import revocation_extensions
from trust_lists.certificates.revocation.model import (
    OCSP_CLAUSE,
    EvidenceKind,
    EvidenceUsed,
    RevocationReason,
    Statement,
    Status,
)
from trust_lists.certificates.revocation.ocsp import OcspResponse, OcspStatus, SingleResponse
from trust_lists.certificates.revocation.question import Question
from trust_lists.certificates.revocation.signed_data import SignatureBudget
from trust_lists.certificates.revocation.times import Times, counts
from trust_lists.certificates.rfc5280 import TrustAnchor, check_path
from trust_lists.errors import CertificateError, PathLimitError

Responses = Callable[[int], Sequence[tuple[OcspResponse, SingleResponse]]]
"""Looks up what is said about a serial number, from the youngest."""

ResponderStatus = Callable[[ListedCertificate, datetime], Status]
"""Asks whether the certificate of a responder, issued by the same authority, was revoked at a time."""

_AUTHORIZED = "RFC 6960 §4.2.2.2"
_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def check_responses(
    question: Question, responses: Responses, signatures: SignatureBudget, responder_status: ResponderStatus
) -> tuple[tuple[Statement, ...], tuple[RevocationReason, ...]]:
    """What each response says that is to be believed; and everything that was found on the way."""
    check = _OcspCheck(question, signatures, responder_status)
    statements: list[Statement] = []
    found = responses(question.serial)
    try:
        for response, single in found:
            try:
                statements.extend(check.statements(response, single))
            except CertificateError as error:
                check.tell("OCSP_UNREADABLE", OCSP_CLAUSE, str(error), response)
    except PathLimitError as error:
        check.tell("TOO_MANY_SIGNATURES", OCSP_CLAUSE, str(error))
    if not found:
        check.tell("NO_OCSP", OCSP_CLAUSE, "no OCSP response about the certificate is at hand")
    return tuple(statements), tuple(check.reasons)


@dataclass(slots=True)
class _OcspCheck:
    question: Question
    signatures: SignatureBudget
    responder_status: ResponderStatus
    reasons: dict[RevocationReason, None] = field(default_factory=dict)

    def tell(self, reason_id: str, clause: str, message: str, response: OcspResponse | None = None) -> None:
        self.reasons[RevocationReason(reason_id, clause, message, response.data.sha256 if response else "")] = None

    def statements(self, response: OcspResponse, single: SingleResponse) -> Iterator[Statement]:
        """One, or none."""
        if not self._is_meant(single):
            self.tell(
                "OCSP_OTHER_ISSUER", f"{OCSP_CLAUSE} (1)", "it is about a certificate of another issuer", response
            )
            return
        times = Times(
            single.this_update,
            single.next_update,
            single.archive_cutoff,
            f"{OCSP_CLAUSE} (5), (6)",
            response.data.sha256,
        )
        if late := times.from_later(self.question.at, self.question.rules):
            self.reasons[late] = None
            return
        if unknown := response.unknown_critical | single.unknown_critical:
            message = f"nobody here knows the critical {', '.join(sorted(unknown))}"
            self.tell("OCSP_EXTENSION_UNKNOWN", "RFC 6960 §4.4", message, response)
            return
        if not self._is_authentic(response, single):
            return
        if single.status is OcspStatus.UNKNOWN:
            self.tell("OCSP_SAYS_UNKNOWN", "RFC 6960 §2.2", "the responder doesn't know the certificate", response)
            return
        weaknesses = times.weaknesses(self.question.at, self.question.expiry, self.question.rules)
        used = (
            EvidenceUsed(
                EvidenceKind.OCSP,
                response.data.sha256,
                single.this_update,
                single.next_update,
                produced_at=response.produced_at,
            ),
        )
        revocation = None
        if single.revoked_at is not None:
            revocation = times.revocation(single.revoked_at, single.reason, single.invalid_since)
        if revocation is not None and counts(revocation, self.question.at, weaknesses):
            yield Statement(EvidenceKind.OCSP, used, revocation=revocation)
        elif weaknesses:
            self.reasons |= dict.fromkeys(weaknesses)
        else:
            yield Statement(EvidenceKind.OCSP, used, later=revocation)

    def _is_meant(self, single: SingleResponse) -> bool:
        """Whether it is about a certificate of this issuer (the serial number is right)."""
        algorithm = _HASHES.get(single.cert_id.algorithm)
        return algorithm is not None and (single.cert_id.name_hash, single.cert_id.key_hash) == (
            _hashed(algorithm, self.question.issuer_der),
            _hashed(algorithm, key_bits(self.question.issuer.key)),
        )

    def _is_authentic(self, response: OcspResponse, single: SingleResponse) -> bool:
        issuer = self.question.issuer
        by_issuer = self._names(response, issuer.name, issuer.key)
        if by_issuer and self.signatures.hold(response.data, issuer.key):
            return True
        named = [each for each in response.certificates if self._names(response, each.comparable_subject, each.key)]
        if named:
            return any(self._is_by(each, response, single) for each in dict.fromkeys(named))
        if by_issuer:
            self.tell("OCSP_SIGNATURE_WRONG", f"{OCSP_CLAUSE} (2)", "the issuer didn't sign it", response)
        else:
            message = "the certificate of whom it names as responder isn't in it"
            self.tell("OCSP_RESPONDER_NOT_FOUND", f"{OCSP_CLAUSE} (3)", message, response)
        return False

    def _names(self, response: OcspResponse, name: object, key: bytes) -> bool:
        if response.responder_name is not None:
            return response.responder_name == name
        try:
            return response.responder_key_hash == _hashed("sha1", key_bits(key))
        except CertificateError:
            return False

    def _is_by(self, responder: ListedCertificate, response: OcspResponse, single: SingleResponse) -> bool:
        """Whether an authorized responder with this certificate signed it."""
        issuer, subject = self.question.issuer, responder.subject_text
        if not self.signatures.hold(response.data, responder.key):
            self.tell("OCSP_SIGNATURE_WRONG", f"{OCSP_CLAUSE} (2)", f"{subject} didn't sign it", response)
            return False
        try:
            extensions = revocation_extensions(responder.der)
        except CertificateError as error:
            self.tell("OCSP_RESPONDER_NOT_AUTHORIZED", _AUTHORIZED, f"{subject}: {error}", response)
            return False
        if not extensions.ocsp_signing:
            message = f"the certificate of {subject} is not for OCSP signing"
            self.tell("OCSP_RESPONDER_NOT_AUTHORIZED", _AUTHORIZED, message, response)
            return False
        at = max(self.question.at, single.this_update)
        verdict = check_path(TrustAnchor(issuer.name, issuer.key), [responder], at)
        for each in verdict.reasons:
            self.tell("OCSP_RESPONDER_NOT_VALID", _AUTHORIZED, f"{each.id}: {each.message}", response)
        if not verdict.valid:
            return False
        status = Status.GOOD if extensions.ocsp_no_check else self.responder_status(responder, at)
        if status in {Status.REVOKED, Status.UNKNOWN}:
            reason_id = f"OCSP_RESPONDER_{'REVOKED' if status is Status.REVOKED else 'STATUS_UNKNOWN'}"
            message = f"the certificate of {subject} was revoked, or nobody knows whether it was"
            self.tell(reason_id, f"{_AUTHORIZED}.1", message, response)
            return False
        return True


def key_bits(key: bytes) -> bytes:
    """The bits of the key in a SubjectPublicKeyInfo, which is what responders are known by. Raises CertificateError."""
    parts = der.sequence(key)
    if len(parts) != 2:
        raise CertificateError("a public key has not the parts that it should have")
    return der.bits(parts[1])


def _hashed(algorithm: str, data: bytes) -> bytes:
    return new_hash(algorithm, data, usedforsecurity=False).digest()
