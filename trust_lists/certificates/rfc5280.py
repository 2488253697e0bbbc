# SPDX-License-Identifier: Apache-2.0
"""The path check of RFC 5280 §6.1 with the policy graph of RFC 9618: pure, with a reason for everything that is wrong.

Revocation (§6.1.3 (a)(3)) is not looked at, and neither is what a certificate is for: extended key usage is the
caller's question. The steps themselves are in `path_steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trust_lists.certificates.anchors import AnchorControls, PathInputs, TrustAnchor
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.path_state import Link, PathState
from trust_lists.certificates.path_steps import STEPS_ABOVE, STEPS_AT_THE_END, Inputs
from trust_lists.certificates.policies import ValidPolicies
from trust_lists.certificates.signed import Signatures

__all__ = ["AnchorControls", "PathInputs", "PathReason", "PathStep", "PathVerdict", "TrustAnchor", "check_path"]

_UNDECIDED = frozenset(
    {"SIGNATURE_UNVERIFIABLE", "NAME_CONSTRAINT_UNSUPPORTED", "NAME_CONSTRAINTS_TOO_MANY", "POLICIES_TOO_MANY"}
)


@dataclass(frozen=True, slots=True)
class PathReason:
    """One thing that is wrong with a path.

    `id` is stable and upper case: NO_CERTIFICATES, UNREADABLE, SIGNATURE_WRONG, SIGNATURE_UNVERIFIABLE, NOT_YET_VALID,
    EXPIRED, ISSUER_NAME, NAME_NOT_PERMITTED, NAME_EXCLUDED, NAME_CONSTRAINT_UNSUPPORTED, NAME_CONSTRAINTS_TOO_MANY,
    POLICY_MISSING, POLICY_MAPPING_ANY, POLICIES_TOO_MANY, NOT_AN_AUTHORITY, PATH_TOO_LONG, NO_CERTIFICATE_SIGNING,
    CRITICAL_EXTENSION_UNKNOWN, ANCHOR_NOT_YET_TRUSTED, ANCHOR_NO_LONGER_TRUSTED, ANCHOR_DISTRUSTED. `clause` is of
    RFC 5280. `position` is that of the certificate in the path, 0 below the anchor and -1 the anchor itself.
    """

    id: str
    clause: str
    position: int
    message: str

    @property
    def undecided(self) -> bool:
        """Whether it is something that nobody here can tell, rather than something that is wrong."""
        return self.id in _UNDECIDED


@dataclass(frozen=True, slots=True)
class PathStep:
    """What one step of RFC 5280 looked at, and what came of it."""

    clause: str
    position: int
    """As in `PathReason`."""
    subject: str
    """SHA-256 of the certificate in hexadecimal digits; "" for the anchor."""
    inputs: Inputs
    reasons: tuple[PathReason, ...]

    @property
    def outcome(self) -> str:
        """PASSED, FAILED or UNDECIDED."""
        if not self.reasons:
            return "PASSED"
        return "UNDECIDED" if all(reason.undecided for reason in self.reasons) else "FAILED"


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """Valid if there is no reason why not; then `policies` are those that it is valid for."""

    reasons: tuple[PathReason, ...] = ()
    policies: ValidPolicies = field(default_factory=ValidPolicies)
    steps: tuple[PathStep, ...] = field(default=(), compare=False)
    """In the order of RFC 5280, down the path; only where they were asked for."""

    @property
    def valid(self) -> bool:
        """Whether the path is valid."""
        return not self.reasons

    @property
    def undecided(self) -> bool:
        """Whether it is neither valid nor, as far as anybody here can tell, invalid."""
        return bool(self.reasons) and all(reason.undecided for reason in self.reasons)


def check_path(
    anchor: TrustAnchor,
    certificates: Sequence[ListedCertificate],
    at: datetime,
    inputs: PathInputs = PathInputs(),  # noqa: B008 - immutable
    *,
    signatures: Signatures | None = None,
    trace: bool = False,
) -> PathVerdict:
    """Whether the certificates, from the one that the anchor issued down to the last, are a valid path at `at` (aware).

    All reasons are told, and with `trace` all steps. `signatures` remembers those that were verified already, and
    limits them: PathLimitError beyond. Nothing else is raised.
    """
    if not certificates:
        return PathVerdict((PathReason("NO_CERTIFICATES", "6.1", 0, "a path has at least one certificate"),))
    length = len(certificates)
    state = PathState.initial(anchor, length, at, inputs, signatures or Signatures(length))
    reasons = _anchor_reasons(anchor, at)
    steps = [PathStep("6.1.2", -1, "", _inputs_shown(anchor, inputs, length), tuple(reasons))] if trace else []
    for position, certificate in enumerate(certificates):
        final = position == length - 1
        self_issued = certificate.comparable_subject == certificate.comparable_issuer
        link = Link(certificate, path_extensions(certificate.der), self_issued, final)
        for clause, run, shown in STEPS_AT_THE_END if final else STEPS_ABOVE:
            looked_at = shown(state, link) if trace else {}
            complaints = run(state, link)
            found = tuple(_reason(each, clause, position, certificate) for each in complaints) if complaints else ()
            reasons += found
            if trace:
                steps.append(PathStep(clause, position, certificate.sha256, looked_at, found))
    return PathVerdict(tuple(reasons), ValidPolicies() if reasons else state.valid, tuple(steps))


def _reason(complaint: tuple[str, str], clause: str, position: int, certificate: ListedCertificate) -> PathReason:
    reason_id, told = complaint
    return PathReason(reason_id, clause, position, f"{certificate.subject_text}: {told}")


def _anchor_reasons(anchor: TrustAnchor, at: datetime) -> list[PathReason]:
    """Outside of the time at which an anchor is trusted there are no paths below it (§6.2)."""
    start, end = anchor.controls.trusted_from, anchor.controls.trusted_until
    if start is not None and at < start:
        told = f"the anchor is trusted from {start:%Y-%m-%d %H:%M:%S%z} only"
        return [PathReason("ANCHOR_NOT_YET_TRUSTED", "6.2", -1, told)]
    if end is not None and at > end:
        told = f"the anchor was trusted until {end:%Y-%m-%d %H:%M:%S%z}"
        return [PathReason("ANCHOR_NO_LONGER_TRUSTED", "6.2", -1, told)]
    return []


def _inputs_shown(anchor: TrustAnchor, inputs: PathInputs, length: int) -> Inputs:
    controls = anchor.controls
    return {
        "length": length,
        "user_initial_policy_set": sorted(inputs.policies_below(controls)),
        "explicit_policy": inputs.explicit_policy or controls.require_explicit_policy == 0,
        "inhibit_policy_mapping": inputs.inhibit_policy_mapping or controls.inhibit_policy_mapping == 0,
        "inhibit_any_policy": inputs.inhibit_any_policy or controls.inhibit_any_policy == 0,
        "max_path_length": [inputs.max_path_length, controls.path_length],
        "trusted_from": controls.trusted_from and controls.trusted_from.isoformat(),
        "trusted_until": controls.trusted_until and controls.trusted_until.isoformat(),
    }
