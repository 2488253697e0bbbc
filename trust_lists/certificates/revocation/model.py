# SPDX-License-Identifier: Apache-2.0
"""The words in which revocation is asked about and answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName

CRL_CLAUSE, OCSP_CLAUSE = "RFC 5280 §6.3.3", "RFC 6960 §3.2"


class Status(StrEnum):
    """Of a certificate at the time asked about."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"
    """The rule demands no evidence for it."""


class CrlReason(IntEnum):
    """Why a certificate was revoked (RFC 5280 §5.3.1)."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10

    @classmethod
    def of(cls, number: int) -> "CrlReason":
        """UNSPECIFIED for a number without a meaning."""
        return cls(number) if number in set(cls) else cls.UNSPECIFIED


class EvidenceKind(StrEnum):
    """What a status was read from."""

    CRL = "crl"
    DELTA_CRL = "delta-crl"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True)
class Authority:
    """A key that may issue certificates or CRLs under a name; with its certificate, unless it is an anchor's."""

    name: ComparableName
    key: bytes
    """SubjectPublicKeyInfo in DER."""
    certificate: ListedCertificate | None = None

    @classmethod
    def of(cls, certificate: ListedCertificate) -> "Authority":
        """The subject of a certificate."""
        return cls(certificate.comparable_subject, certificate.key, certificate)


@dataclass(frozen=True, slots=True)
class Revocation:
    """That a certificate was revoked."""

    since: datetime
    """From when on it isn't to be relied on: the earliest of `date`, the invalidity date (RFC 5280 §5.3.2: others may
    have had the key) and the time that the evidence speaks of (which lists what is revoked, not what will be)."""
    date: datetime
    """revocationDate, revocationTime."""
    reason: CrlReason

    @property
    def on_hold(self) -> bool:
        """Whether it may be lifted again."""
        return self.reason is CrlReason.CERTIFICATE_HOLD


@dataclass(frozen=True, slots=True)
class EvidenceUsed:
    """What a status rests on."""

    kind: EvidenceKind
    sha256: str
    """Of its DER bytes, 64 lower-case hexadecimal digits."""
    this_update: datetime
    next_update: datetime | None
    number: int | None = None
    """The CRL number."""
    number_critical: bool = False
    produced_at: datetime | None = None
    """When the OCSP response was signed."""


@dataclass(frozen=True, slots=True)
class RevocationReason:
    """One thing that speaks about the status, or against a piece of evidence.

    `id` is stable and upper case. About the status: REVOKED, ON_HOLD, REVOKED_LATER, HOLD_LIFTED, OCSP_SAYS_UNKNOWN,
    NO_CRL, NO_OCSP, REASONS_NOT_COVERED, NOT_DECLARED, NO_REVOCATION_AVAILABLE, TOO_MANY_SIGNATURES. About the
    certificate: DISTRIBUTION_POINTS_UNREADABLE, CERTIFICATE_UNREADABLE. About time: EVIDENCE_FROM_LATER,
    EVIDENCE_STALE, EVIDENCE_WITHOUT_END, EVIDENCE_TOO_OLD, EVIDENCE_AFTER_EXPIRY. About CRLs: CRL_UNREADABLE,
    CRL_EXTENSION_UNKNOWN, CRL_ENTRY_EXTENSION_UNKNOWN, CRL_NOT_INDIRECT, CRL_OTHER_POINT, CRL_ONLY_USERS,
    CRL_ONLY_AUTHORITIES, CRL_ONLY_ATTRIBUTES, CRL_ISSUER_NOT_FOUND, CRL_ISSUER_NOT_TRUSTED, CRL_ISSUER_MAY_NOT_SIGN,
    CRL_SIGNATURE_WRONG, DELTA_UNUSABLE. About OCSP responses: OCSP_UNREADABLE, OCSP_OTHER_ISSUER,
    OCSP_EXTENSION_UNKNOWN, OCSP_RESPONDER_NOT_FOUND, OCSP_RESPONDER_NOT_AUTHORIZED, OCSP_RESPONDER_NOT_VALID,
    OCSP_RESPONDER_REVOKED, OCSP_RESPONDER_STATUS_UNKNOWN, OCSP_SIGNATURE_WRONG.
    """

    id: str
    clause: str
    message: str
    evidence: str = ""
    """SHA-256 of the evidence that it is about; "" where it is about none."""


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """The answer, with everything that was found."""

    status: Status
    reasons: tuple[RevocationReason, ...]
    """All of them, also what spoke against evidence that a good status could do without."""
    used: tuple[EvidenceUsed, ...] = ()
    revocation: Revocation | None = None
    """Set where it is REVOKED, and where it is GOOD because the revocation came after the time asked about."""

    @property
    def acceptable(self) -> bool:
        """Whether the rule is satisfied: GOOD, or NOT_ASKED."""
        return self.status in {Status.GOOD, Status.NOT_ASKED}


@dataclass(frozen=True, slots=True)
class Statement:
    """What the CRLs together, or one OCSP response, say about a certificate."""

    kind: EvidenceKind
    used: tuple[EvidenceUsed, ...]
    revocation: Revocation | None = None
    """None: it is good."""
    later: Revocation | None = None
    """It is good because this came after the time asked about."""

    @property
    def this_update(self) -> datetime:
        """The latest time that it speaks of."""
        return max(each.this_update for each in self.used)
