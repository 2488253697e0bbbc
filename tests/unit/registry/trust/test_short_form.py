# SPDX-License-Identifier: Apache-2.0
"""The short form of trust settings means what it always meant, now that one engine decides about all domains."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.demo.pki import Authority, DemoPki, build_demo_pki, certificates_pem, new_ec_key, new_root
from registry.domains.trust_settings import RoleSettings
from registry.trust.short_form import from_settings
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import fingerprint, load_certificate, load_certificates_pem
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation import Case, Decision, DecisionEngine, Outcome, Role
from trust_lists.evaluation.trust_configuration import content_address

DAY = timedelta(days=1)


def pem(*certificates: x509.Certificate) -> tuple[str, ...]:
    return tuple(certificates_pem(each).decode() for each in certificates)


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki(now: datetime) -> DemoPki:
    return build_demo_pki(now, access_points=1)


@pytest.fixture(scope="module")
def rule(pki: DemoPki) -> RoleSettings:
    return RoleSettings(anchors=pem(pki.root.certificate), intermediates=pem(pki.smp_ca.certificate))


def judge(
    rule: RoleSettings,
    certificate: x509.Certificate,
    at: datetime,
    evidence: Iterable[x509.Certificate] = (),
    role: str = "smp-sign",
    **others: RoleSettings,
) -> Decision:
    roles = {"smp-sign": rule, **{name.replace("_", "-"): each for name, each in others.items()}}
    engine = DecisionEngine(from_settings(roles))
    return engine.decide(Case(Role(role), listed(certificate), at, tuple(map(listed, evidence))))


def ids(decision: Decision) -> set[str]:
    return {check.id for check in decision.checks}


# Paths


def test_a_certificate_under_an_anchor_is_accepted(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    decision = judge(rule, pki.smp.certificate, now)
    assert decision.outcome is Outcome.ACCEPT
    assert decision.checks == ()
    (ground,) = decision.grounds
    assert ground.startswith("stores.anchors.demo-root-test-ca-")


def test_an_issuer_that_is_no_root_can_be_the_anchor(pki: DemoPki, now: datetime) -> None:
    assert judge(RoleSettings(anchors=pem(pki.smp_ca.certificate)), pki.smp.certificate, now).accepted


@pytest.mark.parametrize(
    "rule", [RoleSettings(), RoleSettings(subject_patterns=(".",), key_usage=("digital_signature",))]
)
def test_without_anchors_and_pins_everybody_is_rejected(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    assert ids(judge(rule, pki.smp.certificate, now)) == {"NO_RULE"}


def test_roles_do_not_lend_each_other_their_anchors(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    assert ids(judge(rule, pki.smp.certificate, now, role="ap-sign")) == {"NO_RULE"}
    foreign = RoleSettings(anchors=pem(new_root(now).certificate))
    assert not judge(rule, pki.smp.certificate, now, role="ap-sign", ap_sign=foreign).accepted


def test_evidence_helps_to_find_the_path_but_is_not_trusted(pki: DemoPki, now: datetime) -> None:
    rule = RoleSettings(anchors=pem(pki.root.certificate))
    assert ids(judge(rule, pki.smp.certificate, now)) == {"NO_PATH"}
    assert judge(rule, pki.smp.certificate, now, [pki.smp_ca.certificate]).accepted
    foreign = RoleSettings(anchors=pem(new_root(now, "Another root").certificate))
    evidence = [pki.smp_ca.certificate, pki.root.certificate]
    assert judge(foreign, pki.smp.certificate, now, evidence).outcome is Outcome.REJECT


def test_a_root_of_the_same_name_with_another_key_is_no_anchor(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    impostor = new_root(now)
    assert impostor.certificate.subject == pki.root.certificate.subject
    posing = RoleSettings(anchors=pem(impostor.certificate), intermediates=rule.intermediates)
    assert judge(posing, pki.smp.certificate, now).outcome is Outcome.REJECT


@pytest.mark.parametrize(("role", "accepted"), [("smp-sign", False), ("ap-encrypt", True), ("ap-sign", True)], ids=str)
def test_what_stands_between_serves_the_roles_that_name_it(
    role: str, accepted: bool, rule: RoleSettings, pki: DemoPki, now: datetime
) -> None:
    """The root has issued both authorities: only which one a role names tells access points from SMPs."""
    points = RoleSettings(anchors=rule.anchors, intermediates=pem(pki.ap_ca.certificate))
    certificate = pki.access_points[0].certificate
    roles = {"ap_encrypt": points, "ap_sign": points}
    assert judge(rule, certificate, now, role=role, **roles).accepted == accepted
    assert judge(rule, pki.smp.certificate, now, role=role, **roles).accepted != accepted


def test_a_role_that_names_nobody_between_takes_what_came_along(pki: DemoPki, now: datetime) -> None:
    """SMPs send the chain of their signing certificate along with the signature."""
    rule = RoleSettings(anchors=pem(pki.root.certificate))
    client = RoleSettings(anchors=rule.anchors, intermediates=pem(pki.smp_ca.certificate))
    assert judge(rule, pki.smp.certificate, now, [pki.smp_ca.certificate], sml_client=client).accepted


def test_path_length_is_kept_to(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    """RFC 5280 §4.2.1.9: the CA for SMPs may not create another CA."""
    window: dict[str, Any] = {"not_before": now - DAY, "not_after": now + DAY}
    rogue = Authority(pki.smp_ca.issue("CA", path_length=0, key_usage=("key_cert_sign",), key=new_ec_key(), **window))
    leaf = rogue.issue("leaf", key=new_ec_key(), **window).certificate
    assert "PATH_TOO_LONG" in ids(judge(rule, leaf, now, [rogue.certificate]))


def test_an_end_entity_cannot_issue(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    leaf = Authority(pki.smp).issue("leaf", key=new_ec_key(), not_before=now - DAY, not_after=now + DAY).certificate
    assert "NOT_AN_AUTHORITY" in ids(judge(rule, leaf, now, [pki.smp.certificate]))


def test_an_authority_is_no_end_entity(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    assert "KEY_USAGE_FORBIDDEN" in ids(judge(rule, pki.smp_ca.certificate, now))


def test_extended_key_usage_of_authorities_is_not_held_against_them(now: datetime) -> None:
    window: dict[str, Any] = {"not_before": now - DAY, "not_after": now + DAY, "key": new_ec_key()}
    root = new_root(now)
    mail = x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION
    made = root.issue("CA", path_length=0, key_usage=("key_cert_sign",), extended_key_usage=(mail,), **window)
    leaf = Authority(made).issue("leaf", **window).certificate
    assert judge(RoleSettings(anchors=pem(root.certificate)), leaf, now, [made.certificate]).accepted


def test_a_key_that_is_too_short_is_refused_below_an_anchor_and_accepted_as_a_pin(pki: DemoPki, now: datetime) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 — that is the point
    leaf = pki.smp_ca.issue("short", not_before=now - DAY, not_after=now + DAY, key=key).certificate
    assert ids(judge(RoleSettings(anchors=pem(pki.smp_ca.certificate)), leaf, now)) == {"KEY_TOO_WEAK"}
    assert judge(RoleSettings(pins=(fingerprint(leaf),)), leaf, now).accepted


# Dates


@pytest.mark.parametrize(("days", "reason"), [(1000, "EXPIRED"), (-1, "NOT_YET_VALID")])
def test_dates_are_the_only_complaint_where_only_the_leaf_s_are_wrong(
    days: int, reason: str, rule: RoleSettings, pki: DemoPki, now: datetime
) -> None:
    root = new_root(now - 30 * DAY)
    leaf = root.issue("leaf", not_before=now, not_after=now + 10 * DAY, key=new_ec_key()).certificate
    assert ids(judge(RoleSettings(anchors=pem(root.certificate)), leaf, now + days * DAY)) == {reason}


@pytest.mark.parametrize("at", ["start", "end"])
def test_both_ends_of_validity_are_inclusive(at: str, pki: DemoPki) -> None:
    leaf = pki.smp.certificate
    moment = leaf.not_valid_before_utc if at == "start" else leaf.not_valid_after_utc
    rule = RoleSettings(anchors=pem(pki.smp_ca.certificate))
    assert judge(rule, leaf, moment).accepted
    beyond = moment + (-1 if at == "start" else 1) * timedelta(seconds=1)
    assert not judge(rule, leaf, beyond).accepted


# Pins, subjects, key usage


def test_a_pin_replaces_path_and_subject_but_not_dates_and_usage(pki: DemoPki, now: datetime) -> None:
    pinned = {"pins": (fingerprint(pki.smp.certificate),), "anchors": pem(new_root(now).certificate)}
    rule = RoleSettings(**pinned, subject_patterns=("nobody",))
    assert judge(rule, pki.smp.certificate, now).grounds == (f"stores.pins.pin-{fingerprint(pki.smp.certificate)}",)
    assert "EXPIRED" in ids(judge(rule, pki.smp.certificate, now + 1000 * DAY))
    usage = RoleSettings(**pinned, key_usage=("crl_sign",))
    assert "KEY_USAGE_MISSING" in ids(judge(usage, pki.smp.certificate, now))


def test_where_there_are_only_pins_others_are_rejected(pki: DemoPki, now: datetime) -> None:
    assert ids(judge(RoleSettings(pins=("0" * 64,)), pki.smp.certificate, now)) == {"NOT_PINNED"}


def test_a_pin_serves_the_role_that_names_it(pki: DemoPki, now: datetime) -> None:
    pinned, other = RoleSettings(pins=(fingerprint(pki.smp.certificate),)), RoleSettings(pins=("0" * 64,))
    assert judge(pinned, pki.smp.certificate, now, sml_client=other).accepted
    assert not judge(pinned, pki.smp.certificate, now, role="sml-client", sml_client=other).accepted


def test_beside_pins_a_path_is_as_good(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    both = RoleSettings(anchors=rule.anchors, intermediates=rule.intermediates, pins=("0" * 64,))
    assert judge(both, pki.smp.certificate, now).accepted


def test_all_reasons_are_given_at_once(pki: DemoPki, now: datetime) -> None:
    rule = RoleSettings(
        anchors=pem(pki.ap_ca.certificate),
        subject_patterns=("OU=PEPPOL TEST AP", "OU=PEPPOL PRODUCTION AP"),
        key_usage=("digital_signature", "crl_sign"),
    )
    decision = judge(rule, pki.smp.certificate, now)
    assert ids(decision) == {"NO_PATH", "SUBJECT_MISMATCH", "KEY_USAGE_MISSING"}
    assert "OU=PEPPOL TEST SMP,O=Demo,C=BE" in decision.reason
    assert "not for cRLSign" in decision.reason


@pytest.mark.parametrize(
    "pattern",
    [
        "^CN=SMP_.*OU=PEPPOL TEST SMP",
        "(?i)ou=peppol test smp",
        "PEPPOL TEST SMP|nobody",
        "(?:^|,)OU=PEPPOL TEST SMP(?:,|$)",
        "C=BE$",
        r"(T)ES\1",
    ],
)
def test_a_pattern_is_searched_for_and_one_that_fits_is_enough(
    pattern: str, rule: RoleSettings, pki: DemoPki, now: datetime
) -> None:
    fitting = RoleSettings(rule.anchors, rule.intermediates, subject_patterns=("nobody", pattern))
    assert judge(fitting, pki.smp.certificate, now).accepted


@pytest.mark.parametrize("pattern", ["^OU=PEPPOL", "PEPPOL$", "ou=peppol test smp", "nobody|no one"])
def test_a_pattern_that_is_found_nowhere_refuses(pattern: str, rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    fitting = RoleSettings(rule.anchors, rule.intermediates, subject_patterns=(pattern,))
    assert ids(judge(fitting, pki.smp.certificate, now)) == {"SUBJECT_MISMATCH"}


@pytest.mark.parametrize("pattern", ["OU=PEPPOL TEST SMP", r"(?:^|,)OU=PEPPOL TEST SMP(?:,|$)"])
@pytest.mark.parametrize(
    "name", ["x,OU=PEPPOL TEST SMP", "x+OU=PEPPOL TEST SMP", "OU=PEPPOL TEST SMP", "\\,OU=PEPPOL TEST SMP"]
)
def test_a_name_that_looks_like_several_attributes_fits_no_pattern(
    rule: RoleSettings, pki: DemoPki, now: datetime, name: str, pattern: str
) -> None:
    fitting = RoleSettings(rule.anchors, rule.intermediates, subject_patterns=(pattern,))
    posing = pki.smp_ca.issue(name, not_before=now - DAY, not_after=now + DAY, key=new_ec_key())
    assert ids(judge(fitting, posing.certificate, now)) == {"SUBJECT_MISMATCH"}
    assert judge(fitting, pki.smp.certificate, now).accepted


def test_key_usage_must_be_asserted(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    asking = RoleSettings(rule.anchors, rule.intermediates, key_usage=("digital_signature", "key_encipherment"))
    assert judge(asking, pki.smp.certificate, now).accepted
    only = pki.smp_ca.issue(
        "x", not_before=now - DAY, not_after=now + 90 * DAY, key=new_ec_key(), key_usage=("digital_signature",)
    )
    assert ids(judge(asking, only.certificate, now)) == {"KEY_USAGE_MISSING"}


@pytest.mark.parametrize(("demanded", "accepted"), [((), True), (("digital_signature",), False)])
def test_a_certificate_without_key_usage_passes_where_none_is_demanded(
    demanded: tuple[str, ...], accepted: bool, rule: RoleSettings, pki: DemoPki, now: datetime
) -> None:
    asking = RoleSettings(rule.anchors, rule.intermediates, key_usage=demanded)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plain")])
    issuer, key = pki.smp_ca, new_ec_key()
    builder = x509.CertificateBuilder(issuer.certificate.subject, name, key.public_key(), 5, now - DAY, now + DAY)
    plain = builder.sign(issuer.identity.private_key, SHA256())
    assert judge(asking, plain, now).accepted == accepted


def test_what_cannot_be_read_is_not_accepted(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "unreadable")])
    issuer, key = pki.smp_ca, new_ec_key()
    builder = x509.CertificateBuilder(issuer.certificate.subject, name, key.public_key(), 5, now - DAY, now + DAY)
    broken = x509.UnrecognizedExtension(x509.oid.ExtensionOID.KEY_USAGE, b"\x05\x00")
    unreadable = builder.add_extension(broken, critical=False).sign(issuer.identity.private_key, SHA256())
    assert "KEY_USAGE_UNREADABLE" in ids(judge(rule, unreadable, now))


# Settings


def test_an_anchor_that_cannot_be_read_is_named_with_its_role() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with pytest.raises(ConfigurationError, match="role ap-sign: an anchor or intermediate is no good"):
        from_settings({"ap-sign": RoleSettings(anchors=(broken,))})


def test_revocation_is_not_asked(rule: RoleSettings, pki: DemoPki, now: datetime) -> None:
    role = from_settings({"smp-sign": rule}).rule(Role.SMP_SIGN)
    assert role is not None
    assert {role.revocation.leaf.value, role.revocation.intermediates.value} == {"no_check"}


ROLES = ("smp-sign", "ap-encrypt", "sml-client")
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def some_settings(draw: st.DrawFn, certificates: tuple[str, ...]) -> dict[str, RoleSettings]:
    def some(values: Iterable[str]) -> tuple[str, ...]:
        return tuple(draw(st.lists(st.sampled_from(sorted(values)), max_size=3)))

    return {
        role: RoleSettings(
            anchors=some(certificates),
            intermediates=some(certificates),
            pins=some({"0" * 64, "1" * 64, "a" * 64}),
            subject_patterns=some({"OU=A", "(?i)b", "C=.."}),
            key_usage=some({"digital_signature", "key_encipherment", "key_agreement"}),
        )
        for role in draw(st.lists(st.sampled_from(ROLES), unique=True))
    }


@FEW
@given(data=st.data())
def test_the_same_settings_have_the_same_address_in_whatever_order(data: st.DataObject, pki: DemoPki) -> None:
    certificates = pem(pki.root.certificate, pki.smp_ca.certificate, pki.ap_ca.certificate)
    roles = data.draw(some_settings(certificates))

    def shuffled(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(data.draw(st.permutations(values))) + values[:1]

    other = {
        role: RoleSettings(
            anchors=shuffled(each.anchors),
            intermediates=shuffled(each.intermediates),
            pins=shuffled(each.pins),
            subject_patterns=shuffled(each.subject_patterns),
            key_usage=shuffled(each.key_usage),
            on_untrusted="warn",  # what is done about a no isn't part of it
        )
        for role, each in reversed(roles.items())
    }
    assert content_address(from_settings(roles)) == content_address(from_settings(other))


def _bundle(folder: Path) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".pem", ".cer", ".der"):
            data = path.read_bytes()
            found += load_certificates_pem(data) if b"-----BEGIN" in data else [load_certificate(data)]
    return found


def test_real_certificates_of_the_networks_are_accepted_under_their_authorities(corpus: Path) -> None:
    """Every certificate whose issuer we have: Peppol G2 and G3, DE4A, FINA, TOOP, and SMP and AP certificates."""
    folder = corpus / "trust_models" / "real_anchors"
    rows = json.loads((folder / "real_certs_68.json").read_text())
    authorities = _bundle(folder)
    roots = [each for each in authorities if each.subject == each.issuer]
    issued = [each for each in authorities if each.subject != each.issuer]
    rule = RoleSettings(anchors=pem(*roots), intermediates=pem(*issued))
    engine = DecisionEngine(from_settings({"ap-sign": rule}))
    known = {each.subject for each in authorities}
    leaves = [load_certificate(row["pem"]) for row in rows if row["ca"] is False]
    judged = [leaf for leaf in leaves if leaf.issuer in known]
    for leaf in judged:
        case = Case(Role.AP_SIGN, listed(leaf), leaf.not_valid_before_utc)
        assert engine.decide(case).accepted, leaf.subject
        late = replace(case, at=datetime(2099, 1, 1, tzinfo=UTC))
        assert "EXPIRED" in ids(engine.decide(late))
    assert len(judged) == 21
