# SPDX-License-Identifier: Apache-2.0
"""What a path check begins with: an anchor with what it is trusted for, and what the caller asks (RFC 5280 §6.1.1).

An anchor is a name and a key, as TS 119 615 §4.3 has it: neither the dates nor the extensions of the certificate that
it may come from count. Who wants them to count says so with controls (RFC 5914 §3, RFC 5937 §3).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import GeneralName, NameConstraints, path_extensions
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.errors import CertificateError


@dataclass(frozen=True, slots=True)
class AnchorControls:
    """What an anchor is trusted for; None and nothing mean without limit.

    The three counts are of certificates that may still come before the rule holds, 0 is at once: so they also say what
    the extensions of an authority can say (RFC 5280 §4.2.1.11, §4.2.1.14), and the flags of RFC 5914 are 0 or None.
    """

    path_length: int | None = None
    """How many authorities that aren't self-issued may stand below the anchor."""
    policies: frozenset[str] | None = None
    require_explicit_policy: int | None = None
    inhibit_policy_mapping: int | None = None
    inhibit_any_policy: int | None = None
    names: tuple[NameConstraints, ...] = ()
    """All of them hold: a name has to be within each that is about names of its form."""
    trusted_from: datetime | None = None
    trusted_until: datetime | None = None
    """Aware; with `trusted_from`, included, the time at which a path may begin here."""
    issued_until: datetime | None = None
    """Aware; the last certificate of a path must not be valid from later on (distrust after a date)."""

    @classmethod
    def of(cls, certificate: ListedCertificate) -> "AnchorControls":
        """What the extensions of a certificate say, as if it stood in the path (RFC 5937 §3.2); times are left open.

        Raises CertificateError where one of them can't be read.
        """
        found = path_extensions(certificate.der)
        if found.broken:
            raise CertificateError(f"{certificate.subject_text}: {next(iter(found.broken.values()))}")
        return cls(
            path_length=found.path_length,
            policies=found.policies,
            require_explicit_policy=found.require_explicit_policy,
            inhibit_policy_mapping=found.inhibit_policy_mapping,
            inhibit_any_policy=found.inhibit_any_policy,
            names=(found.constraints,),
        )


_UNLIMITED = AnchorControls()


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """Whom a path begins at (RFC 5280 §6.1.1 (d))."""

    name: ComparableName
    key: bytes
    """SubjectPublicKeyInfo in DER."""
    controls: AnchorControls = _UNLIMITED

    @classmethod
    def of(cls, certificate: ListedCertificate, controls: AnchorControls = _UNLIMITED) -> "TrustAnchor | None":
        """The subject and key of a certificate; None where it has no key that can be found, or an empty subject."""
        name, key = certificate.comparable_subject, certificate.key
        return cls(name, key, controls) if name and key else None


@dataclass(frozen=True, slots=True)
class PathInputs:
    """What the caller asks of every path (RFC 5280 §6.1.1 (c), (e) to (i)); the defaults ask nothing."""

    policies: frozenset[str] = frozenset({ANY_POLICY})
    """user-initial-policy-set: dotted OIDs."""
    explicit_policy: bool = False
    """A path must be valid for one of `policies`."""
    inhibit_policy_mapping: bool = False
    inhibit_any_policy: bool = False
    permitted: tuple[GeneralName, ...] = ()
    """A name of a form that is here must be within one of them."""
    excluded: tuple[GeneralName, ...] = ()
    max_path_length: int | None = None
    """How many authorities that aren't self-issued may stand between an anchor and the last certificate."""
    clock_skew: timedelta = timedelta()
    """By how much the dates of certificates may be missed; not negative."""

    def policies_below(self, controls: AnchorControls) -> frozenset[str]:
        """Those that the caller asks for and the anchor is trusted for (RFC 5937 §3.2)."""
        if controls.policies is None or ANY_POLICY in controls.policies:
            return self.policies
        return controls.policies if ANY_POLICY in self.policies else self.policies & controls.policies
