# SPDX-License-Identifier: Apache-2.0
"""Trust decisions: fail closed, all reasons at once, the same answer each time."""

import json
import re
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from registry.demo.pki import DemoPki, new_ec_key, new_root
from trust_lists.certificates.parsing import fingerprint
from trust_lists.evaluation import (
    Decision,
    Evidence,
    Outcome,
    Role,
    RoleRule,
    StepOutcome,
    TrustConfiguration,
    decide,
)

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def rule(pki: DemoPki) -> RoleRule:
    return RoleRule(anchors=(pki.root.certificate,), intermediates=(pki.smp_ca.certificate,))


def judge(
    rule: RoleRule | None, certificate: x509.Certificate, at: datetime, evidence: Evidence | None = None
) -> Decision:
    configuration = TrustConfiguration({Role.SMP_SIGN: rule} if rule else {})
    return decide(configuration, "smp-sign", certificate, at, evidence or Evidence())


def steps(decision: Decision) -> dict[str, StepOutcome]:
    return {step.id: step.outcome for step in decision.steps}


def test_a_certificate_under_an_anchor_is_accepted(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    decision = judge(rule, pki.smp.certificate, now)
    assert decision.outcome is Outcome.ACCEPT
    assert decision.accepted
    assert decision.reason == ""
    assert decision.warnings == ()
    assert decision.enforced
    assert decision.fingerprint == fingerprint(pki.smp.certificate)
    assert decision.subject == "CN=SMP_DEMO000001,OU=PEPPOL TEST SMP,O=Demo,C=BE"


@pytest.mark.parametrize("rule", [None, RoleRule()], ids=["role not configured", "rule without anchors"])
def test_without_anchors_and_pins_everybody_is_rejected(rule: RoleRule | None, pki: DemoPki, now: datetime) -> None:
    decision = judge(rule, pki.smp.certificate, now)
    assert decision.outcome is Outcome.REJECT
    assert decision.reason == "role smp-sign has no anchors"


@pytest.mark.parametrize("accepted", [True, False])
def test_every_decision_says_that_revocation_was_not_checked(
    accepted: bool, rule: RoleRule, pki: DemoPki, now: datetime
) -> None:
    decision = judge(rule if accepted else None, pki.smp.certificate, now)
    assert decision.accepted == accepted
    assert steps(decision)["revocation"] is StepOutcome.NOT_CHECKED


def test_roles_do_not_lend_each_other_their_anchors(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    configuration = TrustConfiguration({Role.SMP_SIGN: rule})
    decision = decide(configuration, Role.AP_SIGN, pki.smp.certificate, now)
    assert not decision.accepted
    assert decision.role == "ap-sign"


def test_evidence_helps_to_find_the_path_but_is_not_trusted(pki: DemoPki, now: datetime) -> None:
    rule = RoleRule(anchors=(pki.root.certificate,))
    assert not judge(rule, pki.smp.certificate, now).accepted
    assert judge(rule, pki.smp.certificate, now, Evidence((pki.smp_ca.certificate,))).accepted
    foreign = RoleRule(anchors=(new_root(now).certificate,))
    evidence = Evidence((pki.smp_ca.certificate, pki.root.certificate))
    decision = judge(foreign, pki.smp.certificate, now, evidence)
    assert decision.outcome is Outcome.REJECT
    assert decision.reason.endswith("[NO_PATH]")


def test_a_pin_replaces_path_and_subject_but_not_dates(pki: DemoPki, now: datetime) -> None:
    rule = RoleRule(
        anchors=(new_root(now).certificate,),
        pins=frozenset({fingerprint(pki.smp.certificate)}),
        subject_patterns=(re.compile("nobody"),),
    )
    assert steps(judge(rule, pki.smp.certificate, now)) == {
        "configuration": StepOutcome.PASSED,
        "pin": StepOutcome.PASSED,
        "validity": StepOutcome.PASSED,
        "revocation": StepOutcome.NOT_CHECKED,
    }
    assert judge(rule, pki.smp.certificate, now + 1000 * DAY).outcome is Outcome.REJECT


def test_where_there_are_only_pins_others_are_rejected(pki: DemoPki, now: datetime) -> None:
    decision = judge(RoleRule(pins=frozenset({"0" * 64})), pki.smp.certificate, now)
    assert decision.outcome is Outcome.REJECT
    assert decision.reason == "the certificate is none of the pinned ones of role smp-sign"


def test_beside_pins_a_path_is_as_good(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    both = RoleRule(anchors=rule.anchors, intermediates=rule.intermediates, pins=frozenset({"0" * 64}))
    assert judge(both, pki.smp.certificate, now).accepted


@pytest.mark.parametrize(
    ("days", "text"), [(1000, "expired: it was valid from 2026-11-21 11:00 to"), (-1, "not valid yet, but from 2026")]
)
def test_dates_are_the_only_complaint_where_only_they_are_wrong(
    days: int, text: str, rule: RoleRule, pki: DemoPki, now: datetime
) -> None:
    decision = judge(rule, pki.smp.certificate, now + days * DAY)
    assert decision.outcome is Outcome.REJECT
    assert text in decision.reason
    assert steps(decision)["path"] is StepOutcome.PASSED


def test_all_reasons_are_given_at_once(pki: DemoPki, now: datetime) -> None:
    rule = RoleRule(
        anchors=(pki.ap_ca.certificate,),
        subject_patterns=(re.compile("OU=PEPPOL TEST AP"), re.compile("OU=PEPPOL PRODUCTION AP")),
        key_usage=frozenset({"digital_signature", "crl_sign"}),
    )
    decision = judge(rule, pki.smp.certificate, now + 1000 * DAY)
    failed = [step_id for step_id, outcome in steps(decision).items() if outcome is StepOutcome.FAILED]
    assert failed == ["validity", "path", "subject", "key-usage"]
    assert "OU=PEPPOL TEST SMP,O=Demo,C=BE fits none" in decision.reason
    assert "not for crl_sign" in decision.reason


def test_one_fitting_pattern_is_enough(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    patterns = (re.compile("nobody"), re.compile("^CN=SMP_.*OU=PEPPOL TEST SMP"))
    fitting = RoleRule(anchors=rule.anchors, intermediates=rule.intermediates, subject_patterns=patterns)
    assert judge(fitting, pki.smp.certificate, now).accepted


def test_key_usage_must_be_asserted(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    usages = frozenset({"digital_signature", "key_encipherment"})
    asking = RoleRule(anchors=rule.anchors, intermediates=rule.intermediates, key_usage=usages)
    assert judge(asking, pki.smp.certificate, now).accepted
    only = pki.smp_ca.issue(
        "x", not_before=now - DAY, not_after=now + 90 * DAY, key=new_ec_key(), key_usage=("digital_signature",)
    )
    assert judge(asking, only.certificate, now).reason == "the certificate is not for key_encipherment"


def test_an_authority_is_no_signer(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    decision = judge(rule, pki.smp_ca.certificate, now)
    assert decision.outcome is Outcome.REJECT
    assert decision.reason.endswith("[NOT_END_ENTITY]")


def unreadable(pki: DemoPki, now: datetime) -> x509.Certificate:
    """A good signature over a certificate whose key usage is no bit string."""
    key = new_ec_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "unreadable")])
    issuer = pki.smp_ca.certificate.subject
    builder = x509.CertificateBuilder(issuer, name, key.public_key(), 5, now - DAY, now + 90 * DAY)
    broken = x509.UnrecognizedExtension(x509.oid.ExtensionOID.KEY_USAGE, b"\x05\x00")
    return builder.add_extension(broken, critical=False).sign(pki.smp_ca.identity.private_key, SHA256())


def test_what_cannot_be_read_is_neither_accepted_nor_rejected(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    certificate = unreadable(pki, now)
    decision = judge(rule, certificate, now)
    assert decision.outcome is Outcome.INDETERMINATE
    assert not decision.accepted
    assert "cannot be read" in decision.reason
    pinned = RoleRule(pins=frozenset({fingerprint(certificate)}), key_usage=frozenset({"digital_signature"}))
    assert judge(pinned, certificate, now).outcome is Outcome.INDETERMINATE
    assert judge(rule, certificate, now + 1000 * DAY).outcome is Outcome.REJECT


@pytest.mark.parametrize(("days", "warned"), [(31, False), (29, True), (0, True), (-1, False)])
def test_a_certificate_that_expires_soon_is_warned_of(days: int, warned: bool, rule: RoleRule, pki: DemoPki) -> None:
    end = pki.smp.certificate.not_valid_after_utc
    assert bool(judge(rule, pki.smp.certificate, end - days * DAY).warnings) == warned


def test_the_same_question_has_the_same_answer_byte_for_byte(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    answers = {json.dumps(judge(rule, pki.smp.certificate, now).to_json()) for _ in range(5)}
    assert len(answers) == 1


def test_a_decision_is_json(rule: RoleRule, pki: DemoPki, now: datetime) -> None:
    answer = json.loads(json.dumps(judge(rule, pki.smp.certificate, now).to_json()))
    assert answer["outcome"] == "ACCEPT"
    assert answer["enforced"] is True
    assert answer["role"] == "smp-sign"
    assert answer["at"] == "2026-11-21T12:00:00+00:00"
    assert [step["id"] for step in answer["steps"]] == ["configuration", "validity", "path", "revocation"]
    assert answer["steps"][2]["detail"] == "3 certificates up to CN=DEMO Root TEST CA,OU=FOR TEST ONLY,O=Demo,C=BE"


@pytest.mark.parametrize("pattern", ["OU=PEPPOL TEST SMP", r"(?:^|,)OU=PEPPOL TEST SMP(?:,|$)"])
@pytest.mark.parametrize(
    "name", ["x,OU=PEPPOL TEST SMP", "x+OU=PEPPOL TEST SMP", "OU=PEPPOL TEST SMP", "\\,OU=PEPPOL TEST SMP"]
)
def test_a_name_that_looks_like_several_attributes_fits_no_pattern(
    rule: RoleRule, pki: DemoPki, now: datetime, name: str, pattern: str
) -> None:
    fitting = RoleRule(anchors=rule.anchors, intermediates=rule.intermediates, subject_patterns=(re.compile(pattern),))
    posing = pki.smp_ca.issue(name, not_before=now - DAY, not_after=now + DAY, key=new_ec_key())
    assert steps(judge(fitting, posing.certificate, now))["subject"] is StepOutcome.FAILED
    assert judge(fitting, pki.smp.certificate, now).accepted
