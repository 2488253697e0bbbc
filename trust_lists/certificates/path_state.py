# SPDX-License-Identifier: Apache-2.0
"""The state of RFC 5280 §6.1.2, and what each step of §6.1.3 to §6.1.5 does with it and complains about.

In which order the steps come, and what a reader of a trace is told about them, is in `path_steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trust_lists.certificates import path_extensions as ext
from trust_lists.certificates.anchors import AnchorControls, PathInputs, TrustAnchor
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.name_constraints import Subtrees
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.path_extensions import PathExtensions
from trust_lists.certificates.policies import ANY_POLICY, PolicyState, ValidPolicies
from trust_lists.certificates.signed import Signatures, with_parameters
from trust_lists.errors import CertificateError
from trust_lists.instants import earlier, later

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
_KNOWN_QUALIFIERS = frozenset({ext.PRACTICE_STATEMENT, ext.USER_NOTICE})

Complaints = Sequence[tuple[str, str]]
"""Stable id and words, of each thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate in its place, with what several steps ask of it."""

    certificate: ListedCertificate
    extensions: PathExtensions
    self_issued: bool
    final: bool

    @property
    def version(self) -> int:
        """1, 2 or 3; 0 where it can't be found."""
        slices = self.certificate.slices
        return slices.version if slices else 0

    @property
    def dates(self) -> tuple[datetime, datetime]:
        """From when and until when it is valid, both included. Raises CertificateError."""
        slices = self.certificate.slices
        if slices is None:
            raise CertificateError("it can't be read")
        return slices.dates


@dataclass(slots=True)
class PathState:
    """The variables of §6.1.2, moved from certificate to certificate by the methods that are named after the steps."""

    at: datetime
    wanted: frozenset[str]
    """user-initial-policy-set."""
    signatures: Signatures
    issuer: ComparableName
    key: bytes
    subtrees: Subtrees
    policies: PolicyState
    room: int
    """max_path_length: how many more authorities may follow that aren't self-issued."""
    issued_until: datetime | None
    skew: timedelta
    valid: ValidPolicies = field(default_factory=ValidPolicies)
    """What comes out at the end."""

    @classmethod
    def initial(
        cls, anchor: TrustAnchor, length: int, at: datetime, inputs: PathInputs, signatures: Signatures
    ) -> "PathState":
        """Above a path of `length` certificates (§6.1.2, and RFC 5937 §3.2 for the controls of the anchor)."""
        controls = anchor.controls
        free = length + 1
        lengths = (length, inputs.max_path_length, controls.path_length)
        return cls(
            at,
            inputs.policies_below(controls),
            signatures,
            anchor.name,
            anchor.key,
            _initial_subtrees(controls, inputs),
            PolicyState.initial(
                _earlier(free, inputs.explicit_policy, controls.require_explicit_policy),
                _earlier(free, inputs.inhibit_policy_mapping, controls.inhibit_policy_mapping),
                _earlier(free, inputs.inhibit_any_policy, controls.inhibit_any_policy),
            ),
            min(each for each in lengths if each is not None),
            controls.issued_until,
            inputs.clock_skew,
        )

    # §6.1.3, for each certificate

    def extensions_are_readable(self, link: Link) -> Complaints:
        return [
            ("UNREADABLE", f"the extension {oid} can't be read: {told}" if oid else told)
            for oid, told in sorted(link.extensions.broken.items())
        ]

    def signature_holds(self, link: Link) -> Complaints:
        try:
            if self.signatures.hold(link.certificate, self.key):
                return ()
        except CertificateError as error:
            return [("SIGNATURE_UNVERIFIABLE", str(error))]
        return [("SIGNATURE_WRONG", "it was not signed with the key above it")]

    def is_in_force(self, link: Link) -> Complaints:
        try:
            start, end = link.dates
        except CertificateError as error:
            return [("UNREADABLE", str(error))]
        if later(self.at, self.skew) < start:
            return [("NOT_YET_VALID", f"it is valid from {start:%Y-%m-%d %H:%M:%S} UTC only")]
        if earlier(self.at, self.skew) > end:
            return [("EXPIRED", f"it expired on {end:%Y-%m-%d %H:%M:%S} UTC")]
        return ()

    def issuer_is_above(self, link: Link) -> Complaints:
        if self.issuer and link.certificate.comparable_issuer == self.issuer:
            return ()
        return [("ISSUER_NAME", f"its issuer {link.certificate.issuer_text} is not the one above it")]

    def names_are_permitted(self, link: Link) -> Complaints:
        return () if link.self_issued and not link.final else self.subtrees.not_permitted(link.certificate)

    def names_are_not_excluded(self, link: Link) -> Complaints:
        return () if link.self_issued and not link.final else self.subtrees.not_excluded(link.certificate)

    def policies_below(self, link: Link) -> Complaints:
        return self._moved(self.policies.below(link.extensions, any_allowed=link.self_issued and not link.final))

    def policy_is_valid(self, link: Link) -> Complaints:
        if self.policies.satisfied or self.policies.too_large:
            return ()
        return [("POLICY_MISSING", "a policy is demanded, and none is valid")]

    # §6.1.4, for each certificate that issued another

    def any_policy_is_not_mapped(self, link: Link) -> Complaints:
        if any(ANY_POLICY in mapping for mapping in link.extensions.mappings):
            return [("POLICY_MAPPING_ANY", "it maps any policy to another, or another to any")]
        return ()

    def map_policies(self, link: Link) -> Complaints:
        return self._moved(self.policies.mapped(link.extensions))

    def take_name(self, link: Link) -> Complaints:
        self.issuer = link.certificate.comparable_subject
        return ()

    def take_key(self, link: Link) -> Complaints:
        self.key = with_parameters(link.certificate.key, self.key)
        return ()

    def take_name_constraints(self, link: Link) -> Complaints:
        self.subtrees = self.subtrees.within(link.extensions.constraints)
        return ()

    def count_down(self, link: Link) -> Complaints:
        self.policies = self.policies.above(link.extensions, self_issued=link.self_issued)
        return ()

    def is_authority(self, link: Link) -> Complaints:
        if link.version == 3 and link.extensions.authority:
            return ()
        return [("NOT_AN_AUTHORITY", "it is not the certificate of an authority")]

    def has_room(self, link: Link) -> Complaints:
        if link.self_issued:
            return ()
        if self.room > 0:
            self.room -= 1
            return ()
        return [("PATH_TOO_LONG", "there are more authorities than one of those above it allows")]

    def take_path_length(self, link: Link) -> Complaints:
        if link.extensions.path_length is not None:
            self.room = min(self.room, link.extensions.path_length)
        return ()

    def may_sign_certificates(self, link: Link) -> Complaints:
        if link.extensions.may_sign_certificates:
            return ()
        return [("NO_CERTIFICATE_SIGNING", "its key is not for signing certificates")]

    def critical_extensions_are_known(self, link: Link) -> Complaints:
        found = link.extensions
        complaints = []
        if unknown := sorted(found.critical - KNOWN_EXTENSIONS):
            told = f"nobody here knows the critical {', '.join(unknown)}"
            complaints.append(("CRITICAL_EXTENSION_UNKNOWN", told))
        if ext.POLICIES in found.critical:  # then its qualifiers must be known too (§4.2.1.4)
            kinds = {each.kind for qualifiers in found.qualifiers.values() for each in qualifiers}
            if unknown := sorted(kinds - _KNOWN_QUALIFIERS):
                told = f"nobody here knows the qualifier {', '.join(unknown)} of its critical policies"
                complaints.append(("CRITICAL_EXTENSION_UNKNOWN", told))
        return complaints

    # §6.1.5, for the last certificate

    def count_down_at_the_end(self, link: Link) -> Complaints:
        self.policies = self.policies.at_the_end(link.extensions)
        return ()

    def policy_is_one_that_is_asked_for(self, link: Link) -> Complaints:
        self.valid = self.policies.outcome(self.wanted)
        if self.policies.explicit > 0 or self.valid.user_constrained or self.policies.too_large:
            return ()
        return [("POLICY_MISSING", "a policy is demanded, and it is valid for none that is asked for")]

    def was_issued_in_time(self, link: Link) -> Complaints:
        if self.issued_until is None:
            return ()
        try:
            start, _ = link.dates
        except CertificateError:
            return ()  # (a)(2) has said so
        if start <= self.issued_until:
            return ()
        until = f"{self.issued_until:%Y-%m-%d %H:%M:%S%z}"
        return [("ANCHOR_DISTRUSTED", f"it was issued after {until}, until when its anchor is trusted to issue")]

    def _moved(self, policies: PolicyState) -> Complaints:
        given_up = policies.too_large and not self.policies.too_large
        self.policies = policies
        return [("POLICIES_TOO_MANY", "there are more policies and mappings than anybody follows")] if given_up else ()


def _initial_subtrees(controls: AnchorControls, inputs: PathInputs) -> Subtrees:
    subtrees = Subtrees.initial(inputs.permitted, inputs.excluded)
    for names in controls.names:
        subtrees = subtrees.within(names)
    return subtrees


def _earlier(free: int, at_once: bool, stated: int | None) -> int:
    if at_once:
        return 0
    return free if stated is None else min(stated, free)
