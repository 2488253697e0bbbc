# SPDX-License-Identifier: Apache-2.0
"""The trust decision. No IO, no clock: the same arguments give the same answer, for ever.

All steps that can be taken are taken, so that the answer names everything that is wrong. Revocation is not looked at,
and a step says so each time.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509

from trust_lists.certificates.parsing import fingerprint, key_usages, subject_for_patterns, subject_text
from trust_lists.certificates.paths import Path, build_path
from trust_lists.errors import CertificateError
from trust_lists.evaluation.configuration import Evidence, RoleRule, TrustConfiguration
from trust_lists.evaluation.decision import Decision, Outcome, Step, StepOutcome

EXPIRES_SOON = timedelta(days=30)

_NO_EVIDENCE = Evidence()


def decide(
    configuration: TrustConfiguration,
    role: str,
    certificate: x509.Certificate,
    at: datetime,
    evidence: Evidence = _NO_EVIDENCE,
) -> Decision:
    """Whether `certificate` is accepted in `role` at `at` (aware).

    Steps, in order: `configuration`; `pin` where a pin decides; `validity`; `path` and `subject` unless pinned;
    `key-usage` if the rule asks for any; `revocation`, which is never checked.
    """
    steps = tuple(_steps(configuration.rule(role), role, certificate, at, evidence))
    outcomes = {step.outcome for step in steps}
    if StepOutcome.FAILED in outcomes:
        outcome = Outcome.REJECT
    elif StepOutcome.UNREADABLE in outcomes:
        outcome = Outcome.INDETERMINATE
    else:
        outcome = Outcome.ACCEPT
    return Decision(
        outcome=outcome,
        role=role,
        subject=subject_text(certificate),
        fingerprint=fingerprint(certificate),
        at=at,
        steps=steps,
        warnings=tuple(_warnings(certificate, at)),
    )


def _steps(
    rule: RoleRule, role: str, certificate: x509.Certificate, at: datetime, evidence: Evidence
) -> Iterator[Step]:
    known = len(rule.anchors) + len(rule.pins)
    yield _step(
        "configuration",
        known > 0,
        f"role {role} has {len(rule.anchors)} anchors and {len(rule.pins)} pins",
        f"role {role} has no anchors",
    )
    if known:
        pinned = fingerprint(certificate) in rule.pins
        if pinned:
            yield Step("pin", StepOutcome.PASSED, "the certificate is pinned")
        elif not rule.anchors:
            yield Step("pin", StepOutcome.FAILED, f"the certificate is none of the pinned ones of role {role}")
        yield _validity(certificate, at)
        if not pinned and rule.anchors:
            yield _path(rule, certificate, at, evidence)
        if not pinned and rule.subject_patterns:
            yield _subject(rule, certificate)
        if rule.key_usage:
            yield _key_usage(rule, certificate)
    yield Step("revocation", StepOutcome.NOT_CHECKED, "whether it was revoked was not asked")


def _validity(certificate: x509.Certificate, at: datetime) -> Step:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    window = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if at > end:
        return Step("validity", StepOutcome.FAILED, f"the certificate expired: it was valid from {window}")
    return _step(
        "validity", start <= at, f"valid from {window}", f"the certificate is not valid yet, but from {window}"
    )


def _path(rule: RoleRule, certificate: x509.Certificate, at: datetime, evidence: Evidence) -> Step:
    found = build_path(certificate, (*rule.intermediates, *evidence.intermediates), rule.anchors, at)
    if isinstance(found, Path):
        length = len(found.certificates)
        return Step("path", StepOutcome.PASSED, f"{length} certificates up to {subject_text(found.anchor)}")
    if found.reason_id in ("EXPIRED", "NOT_YET_VALID"):
        return Step("path", StepOutcome.PASSED, "leads to an anchor within the certificate's own dates")
    outcome = StepOutcome.UNREADABLE if found.reason_id == "UNREADABLE" else StepOutcome.FAILED
    return Step("path", outcome, f"{found.message} [{found.reason_id}]")


def _subject(rule: RoleRule, certificate: x509.Certificate) -> Step:
    subject = subject_text(certificate)
    searched = subject_for_patterns(certificate)
    fits = any(pattern.search(searched) for pattern in rule.subject_patterns)
    return _step("subject", fits, subject, f"the subject {subject} fits none of the patterns of this role")


def _key_usage(rule: RoleRule, certificate: x509.Certificate) -> Step:
    try:
        asserted = key_usages(certificate) or frozenset()
    except CertificateError as error:
        return Step("key-usage", StepOutcome.UNREADABLE, str(error))
    missing = ", ".join(sorted(rule.key_usage - asserted))
    return _step("key-usage", not missing, ", ".join(sorted(asserted)), f"the certificate is not for {missing}")


def _warnings(certificate: x509.Certificate, at: datetime) -> Iterator[str]:
    end = certificate.not_valid_after_utc
    if at <= end < at + EXPIRES_SOON:
        yield f"the certificate expires on {end:%Y-%m-%d %H:%M} UTC"


def _step(step_id: str, passed: bool, detail: str, complaint: str) -> Step:
    return Step(step_id, StepOutcome.PASSED if passed else StepOutcome.FAILED, detail if passed else complaint)
