# SPDX-License-Identifier: Apache-2.0
"""The path check of RFC 5280 §6.1, step by step: pure, with a reason for everything that is wrong.

An anchor is a name and a key, as TS 119 615 §4.3 has it: neither the dates nor the extensions of the certificate that
it may come from count. The other inputs are those that the RFC calls usual: any policy, nothing demanded, no subtrees.
Revocation (§6.1.3 (a)(3)) is not looked at, and neither is what a certificate is for: extended key usage is the
caller's question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trust_lists.certificates import path_extensions as ext
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.name_constraints import Subtrees
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import PathExtensions
from trust_lists.certificates.policies import ANY_POLICY, PolicyState
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import CertificateError

# Processed here, or saying nothing about whether a path is valid: what a key is for, where revocation is told, and the
# statements about qualified certificates that TS 119 615 §4.4 reads itself.
KNOWN_EXTENSIONS = frozenset(
    {
        ext.KEY_USAGE,
        ext.ALTERNATIVE_NAME,
        ext.BASIC_CONSTRAINTS,
        ext.NAME_CONSTRAINTS,
        ext.POLICIES,
        ext.POLICY_MAPPINGS,
        ext.POLICY_CONSTRAINTS,
        ext.INHIBIT_ANY_POLICY,
        "2.5.29.37",  # extended key usage
        "2.5.29.31",  # CRL distribution points
        "1.3.6.1.5.5.7.1.3",  # QCStatements (RFC 3739 §3.2.6)
    }
)


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """Whom a path begins at (RFC 5280 §6.1.1 (d))."""

    name: ComparableName
    key: bytes
    """SubjectPublicKeyInfo in DER."""

    @classmethod
    def of(cls, certificate: ListedCertificate) -> "TrustAnchor | None":
        """The subject and key of a certificate; None where it has no key that can be found, or an empty subject."""
        name, key = certificate.comparable_subject, certificate.key
        return cls(name, key) if name and key else None


@dataclass(frozen=True, slots=True)
class PathReason:
    """One thing that is wrong with a path.

    `id` is stable and upper case: NO_CERTIFICATES, UNREADABLE, SIGNATURE_WRONG, SIGNATURE_UNVERIFIABLE, NOT_YET_VALID,
    EXPIRED, ISSUER_NAME, NAME_NOT_PERMITTED, NAME_EXCLUDED, NAME_CONSTRAINT_UNSUPPORTED, NAME_CONSTRAINTS_TOO_MANY,
    POLICY_MISSING, POLICY_MAPPING_ANY, NOT_AN_AUTHORITY, PATH_TOO_LONG, NO_CERTIFICATE_SIGNING,
    CRITICAL_EXTENSION_UNKNOWN. `clause` is of RFC 5280. `position` is that of the certificate in the path, 0 below the
    anchor.
    """

    id: str
    clause: str
    position: int
    message: str


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """Valid if there is no reason why not."""

    reasons: tuple[PathReason, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the path is valid."""
        return not self.reasons


def check_path(
    anchor: TrustAnchor,
    certificates: Sequence[ListedCertificate],
    at: datetime,
    signatures: Signatures | None = None,
) -> PathVerdict:
    """Whether the certificates, from the one that the anchor issued down to the last, are a valid path at `at` (aware).

    All reasons are told. `signatures` remembers those that were verified already, and limits them: PathLimitError
    beyond. Nothing else is raised.
    """
    if not certificates:
        return PathVerdict((PathReason("NO_CERTIFICATES", "6.1", 0, "a path has at least one certificate"),))
    return PathVerdict(tuple(_Check(anchor, certificates, at, signatures or Signatures(len(certificates))).reasons()))


@dataclass(slots=True)
class _Check:
    """The state of §6.1.2, moved from certificate to certificate."""

    anchor: TrustAnchor
    certificates: Sequence[ListedCertificate]
    at: datetime
    signatures: Signatures
    issuer: ComparableName = field(init=False)
    key: bytes = field(init=False)
    subtrees: Subtrees = field(init=False, default=Subtrees())
    policies: PolicyState = field(init=False)
    room: int = field(init=False)
    """max_path_length: how many more authorities may follow that aren't self-issued."""

    def __post_init__(self) -> None:
        self.issuer, self.key = self.anchor.name, self.anchor.key
        self.room = len(self.certificates)
        self.policies = PolicyState.initial(len(self.certificates))

    def reasons(self) -> Iterator[PathReason]:
        last = len(self.certificates) - 1
        for position, certificate in enumerate(self.certificates):
            extensions = ext.path_extensions(certificate.der)
            steps = self._below(certificate, extensions, final=position == last)
            for reason_id, clause, message in steps:
                yield PathReason(reason_id, clause, position, f"{certificate.subject_text}: {message}")

    def _below(
        self, certificate: ListedCertificate, extensions: PathExtensions, *, final: bool
    ) -> "Iterator[_Complaint]":
        self_issued = certificate.comparable_subject == certificate.comparable_issuer
        for oid, told in sorted(extensions.broken.items()):
            yield "UNREADABLE", "4.2", f"the extension {oid} can't be read: {told}" if oid else told
        yield from self._signature(certificate)
        yield from self._dates(certificate)
        if not self.issuer or certificate.comparable_issuer != self.issuer:
            yield "ISSUER_NAME", "6.1.3(a)(4)", f"its issuer {certificate.issuer_text} is not the one above it"
        if final or not self_issued:
            for reason_id, message in self.subtrees.complaints(certificate):
                yield reason_id, "6.1.3(b)" if reason_id == "NAME_NOT_PERMITTED" else "6.1.3(c)", message
        self.policies = self.policies.below(extensions, any_allowed=self_issued and not final)
        clause = "6.1.3(f)"
        if final and self.policies.satisfied:
            self.policies, clause = self.policies.at_the_end(extensions), "6.1.5(g)"
        if not self.policies.satisfied:
            yield "POLICY_MISSING", clause, "a policy is demanded, and none is valid"
        if not final:
            yield from self._above(certificate, extensions, self_issued=self_issued)
        unknown = extensions.critical - KNOWN_EXTENSIONS
        if unknown:
            clause = "6.1.5(f)" if final else "6.1.4(o)"
            yield "CRITICAL_EXTENSION_UNKNOWN", clause, f"nobody here knows the critical {', '.join(sorted(unknown))}"

    def _signature(self, certificate: ListedCertificate) -> "Iterator[_Complaint]":
        try:
            if not self.signatures.hold(certificate, self.key):
                yield "SIGNATURE_WRONG", "6.1.3(a)(1)", "it was not signed with the key above it"
        except CertificateError as error:
            yield "SIGNATURE_UNVERIFIABLE", "6.1.3(a)(1)", str(error)

    def _dates(self, certificate: ListedCertificate) -> "Iterator[_Complaint]":
        try:
            slices = certificate.slices
            if slices is None:
                raise CertificateError("it can't be read")
            start, end = slices.dates
        except CertificateError as error:
            yield "UNREADABLE", "4.1", str(error)
            return
        if self.at < start:
            yield "NOT_YET_VALID", "6.1.3(a)(2)", f"it is valid from {start:%Y-%m-%d %H:%M:%S} UTC only"
        if self.at > end:
            yield "EXPIRED", "6.1.3(a)(2)", f"it expired on {end:%Y-%m-%d %H:%M:%S} UTC"

    def _above(
        self, certificate: ListedCertificate, extensions: PathExtensions, *, self_issued: bool
    ) -> "Iterator[_Complaint]":
        """§6.1.4: what makes this certificate the issuer of the next one."""
        if any(ANY_POLICY in mapping for mapping in extensions.mappings):
            yield "POLICY_MAPPING_ANY", "6.1.4(a)", "it maps any policy to another, or another to any"
        self.issuer, self.key = certificate.comparable_subject, certificate.key
        self.subtrees = self.subtrees.within(extensions.constraints)
        self.policies = self.policies.above(extensions, self_issued=self_issued)
        version = certificate.slices.version if certificate.slices else 0
        if version != 3 or not extensions.authority:
            yield "NOT_AN_AUTHORITY", "6.1.4(k)", "it is not the certificate of an authority"
        if not self_issued:
            if self.room <= 0:
                yield "PATH_TOO_LONG", "6.1.4(l)", "there are more authorities than one of those above it allows"
            self.room -= 1
        if extensions.path_length is not None:
            self.room = min(self.room, extensions.path_length)
        if not extensions.may_sign_certificates:
            yield "NO_CERTIFICATE_SIGNING", "6.1.4(n)", "its key is not for signing certificates"


_Complaint = tuple[str, str, str]
"""Stable id, clause, words."""
