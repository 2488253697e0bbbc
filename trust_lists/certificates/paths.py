# SPDX-License-Identifier: Apache-2.0
"""Paths from a certificate to an anchor (RFC 5280 §6), by cryptography's validator.

Policy: authorities must satisfy its web PKI rules, which all certificates of Peppol G2 and G3, DE4A, FINA and TOOP that
we know do; end entities may have any extensions, since those of Peppol have no subjectAltName. An anchor may be any
authority, also the one that issued the certificate, and its own issuer is then not asked for. Revocation and
certificate policies are not looked at. The validator limits the number of signatures it checks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from trust_lists.certificates.parsing import extensions, subject_text
from trust_lists.errors import CertificateError

# The validator asks for client authentication, which is not what most of these certificates are for.
_AUTHORITIES = ExtensionPolicy.webpki_defaults_ca().may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)


@dataclass(frozen=True, slots=True)
class Path:
    """A valid path: `certificates` from the leaf to the anchor, both included."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def anchor(self) -> x509.Certificate:
        """Where the path ends."""
        return self.certificates[-1]


@dataclass(frozen=True, slots=True)
class PathFailure:
    """Why there is no path at that time. `reason_id` is one of

    NO_ANCHORS; UNREADABLE (extensions of the leaf); NOT_END_ENTITY (the leaf is an authority); EXPIRED or
    NOT_YET_VALID (the leaf has a path, though not at that time); ISSUER_NOT_VALID (the same, because of an authority's
    dates); NO_PATH.
    """

    reason_id: str
    message: str


def build_path(
    leaf: x509.Certificate,
    intermediates: Iterable[x509.Certificate],
    anchors: Iterable[x509.Certificate],
    at: datetime,
) -> Path | PathFailure:
    """A path from `leaf` over any of `intermediates` to one of `anchors`, valid at `at` (aware)."""
    store, between = list(anchors), list(intermediates)
    if not store:
        return PathFailure("NO_ANCHORS", "there are no anchors")
    name = subject_text(leaf)
    try:
        if _is_authority(leaf):
            return PathFailure("NOT_END_ENTITY", f"{name} is the certificate of an authority")
    except CertificateError as error:
        return PathFailure("UNREADABLE", str(error))
    found = _find(leaf, between, store, at)
    if isinstance(found, Path):
        return found
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    # The dates of authorities may have moved since: either end of the leaf's life proves that it belongs here.
    belongs = any(isinstance(_find(leaf, between, store, moment), Path) for moment in (start, end))
    if not belongs:
        issuer = leaf.issuer.rfc4514_string()
        return PathFailure("NO_PATH", f"{name}, issued by {issuer}, leads to none of the anchors: {found}")
    if at > end:
        return PathFailure("EXPIRED", f"{name} expired on {end:%Y-%m-%d %H:%M} UTC")
    if at < start:
        return PathFailure("NOT_YET_VALID", f"{name} is valid from {start:%Y-%m-%d %H:%M} UTC only")
    return PathFailure("ISSUER_NOT_VALID", f"an authority above {name} is not valid at {at:%Y-%m-%d %H:%M}")


def _find(
    leaf: x509.Certificate, intermediates: list[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> Path | str:
    """The path, or the validator's words about why there is none."""
    verifier = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(at)
        .extension_policies(ca_policy=_AUTHORITIES, ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        return Path(tuple(verifier.verify(leaf, intermediates).chain))
    except VerificationError as error:
        return str(error).removeprefix("validation failed: ")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return extensions(certificate).get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
