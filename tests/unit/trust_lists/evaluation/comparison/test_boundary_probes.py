# SPDX-License-Identifier: Apache-2.0
"""Generated probes: each flips at its boundary, on twins with real signatures, and finds rules that do nothing."""

from collections import defaultdict
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, YEAR, Authority, key_usage
from tests.simulators.trust_models import anchor, configuration, path_to, pin, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import CertificateError
from trust_lists.evaluation.comparison import Probe, ProbeResults, run_probes
from trust_lists.evaluation.comparison.probing.hypothetical import AssumedSignatures
from trust_lists.evaluation.comparison.probing.keys import KeyPool
from trust_lists.evaluation.comparison.probing.minting import Mint
from trust_lists.evaluation.comparison.probing.mirror import mirror
from trust_lists.evaluation.decisions import Outcome
from trust_lists.evaluation.trust_configuration.canonical import to_json
from trust_lists.evaluation.trust_configuration.certificates import serial_text
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration

YES, NO, UNKNOWN = Outcome.ACCEPT, Outcome.REJECT, Outcome.INDETERMINATE
ROOT = Authority("root")
AP_CA = Authority("access points", ROOT, path_length=0)
SMP_CA = Authority("publishers", ROOT, path_length=0)
CERTIFICATES = [each.certificate for each in (ROOT, AP_CA, SMP_CA)]
DENIED = AP_CA.issue("denied")
STRICT_LEAF: dict[str, Any] = {
    "key_usage": {"all": ["digitalSignature"], "none": ["keyCertSign"], "absent": "reject"},
    "eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "accept"},
    "policies": {
        "any": ["1.2.3.4"],
        "require_explicit_policy": True,
        "inhibit_policy_mapping": True,
        "inhibit_any_policy": True,
    },
    "algorithms": {"keys": ["p256", "rsa>=2048"], "hashes": ["sha256"]},
    "max_lifetime": "P760D",
    "subject": {"match": {"OU": "TEST AP", "CN": "P[A-Z]{2}[0-9]{6}"}, "bind": {"CN": "context.seat_id"}},
}
STRICT_REVOCATION = {"leaf": "crl_and_ocsp_required", "intermediates": "crl_required", "freshness": "P1D"}
DISTRUSTED = {
    "from": (NOW - YEAR).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "until": (NOW + YEAR).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "for_certs_issued_before": (NOW + YEAR / 2).strftime("%Y-%m-%dT%H:%M:%SZ"),
}


@cache
def strict() -> TrustConfiguration:
    """Every rule says something; issued by the anchor itself, by that of access points alone."""
    return configuration(
        {
            "ap-sign": rule(path_to("ap-ca", direct=True), STRICT_LEAF, STRICT_REVOCATION),
            "smp-sign": rule(path_to("smp-ca", direct=True)),
        },
        {
            "anchors": [
                anchor("ap-ca", AP_CA.certificate, controls={"path_len": 0}, trusted=DISTRUSTED),
                anchor("smp-ca", SMP_CA.certificate),
            ],
            "deny": {
                "spki_sha256": ["ab" * 32],
                "cert_sha256": [DENIED.sha256],
                "issuer_serial": [{"issuer": AP_CA.certificate.subject_text, "serial": serial_text(DENIED)}],
            },
        },
        CERTIFICATES,
        {"clock_skew": "PT5M"},
    )


@cache
def root_only() -> TrustConfiguration:
    """The root is trusted; what stands between is at hand."""
    between = [{"sha256": each.certificate.sha256} for each in (AP_CA, SMP_CA)]
    revocation = {"leaf": "crl_or_ocsp_required", "intermediates": "crl_required"}
    return configuration(
        {"ap-sign": rule(path_to("root"), revocation=revocation)},
        {"anchors": [anchor("root", ROOT.certificate, controls={"path_len": 1})], "intermediates": between},
        CERTIFICATES,
    )


@cache
def of_strict() -> ProbeResults:
    return run_probes(strict(), strict(), (Role.AP_SIGN,), NOW)


def asked(found: ProbeResults, kind: str, rule_path: str = "") -> list[Probe]:
    probes = [each for each in found.probes if each.kind == kind and each.rule.endswith(rule_path)]
    assert probes, f"no probe of the kind {kind} about {rule_path}"
    return probes


def test_what_meets_all_rules_is_accepted_with_real_signatures() -> None:
    (base,) = asked(of_strict(), "BASE")
    assert base.signed
    assert (base.before.outcome, base.after.outcome) == (YES, YES)
    assert of_strict().left_out == ()


def test_every_probe_is_answered_as_its_rule_says() -> None:
    assert [(each.kind, each.told, each.before) for each in of_strict().unmet] == []


@pytest.mark.parametrize(
    ("kind", "rule_path"),
    [
        ("EXPIRED", "engine.clock_skew"),
        ("NOT_YET_VALID", "engine.clock_skew"),
        ("LIFETIME", "leaf.max_lifetime"),
        ("ISSUER_BEGINS", "trusted.from"),
        ("ISSUER_ENDS", "trusted.until"),
        ("ISSUED_BEFORE", "trusted.for_certs_issued_before"),
        ("REVOKED", "revocation.leaf"),
    ],
)
def test_an_edge_has_a_probe_on_either_side_and_they_flip(kind: str, rule_path: str) -> None:
    within, beyond = asked(of_strict(), kind, rule_path)
    assert (within.before.outcome, beyond.before.outcome) == (YES, NO)
    assert abs(within.at - beyond.at) <= timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "rule_path", "reason"),
    [
        ("KEY_USAGE_MISSING", "key_usage.all", "KEY_USAGE_MISSING"),
        ("KEY_USAGE_FORBIDDEN", "key_usage.none", "KEY_USAGE_FORBIDDEN"),
        ("KEY_USAGE_ABSENT", "key_usage.absent", "KEY_USAGE_ABSENT"),
        ("EKU_WRONG", "eku.any", "EKU_MISSING"),
        ("EKU_ABSENT", "eku.absent", "EKU_ABSENT"),
        ("POLICY_MISSING", "policies.require_explicit_policy", "POLICY_MISSING"),
        ("POLICY_OTHER", "policies.any", "POLICY_MISSING"),
        ("KEY_WEAK", "algorithms.keys", "KEY_TOO_WEAK"),
        ("HASH_WEAK", "algorithms.hashes", "HASH_TOO_WEAK"),
        ("SUBJECT_MISMATCH", "match.OU", "SUBJECT_MISMATCH"),
        ("SUBJECT_NOT_BOUND", "bind.CN", "SUBJECT_NOT_BOUND"),
        ("PATH_LENGTH", "controls.path_len", "PATH_TOO_LONG"),
        ("OTHER_ROLE", "path.to", "NO_PATH"),
        ("SIBLING", "path.to", "NO_PATH"),
        ("STRANGER", "path.to", "NO_PATH"),
        ("IMPOSTOR", "stores.anchors.ap-ca", "NO_PATH"),
        ("DENIED", "deny.spki_sha256", "DENIED"),
        ("DENIED", "deny.cert_sha256", "DENIED"),
        ("DENIED", "deny.issuer_serial", "DENIED"),
    ],
    ids=str,
)
def test_a_violation_is_refused_for_its_own_reason_and_for_no_other(kind: str, rule_path: str, reason: str) -> None:
    for probe in asked(of_strict(), kind, rule_path):
        assert (probe.expected, probe.before.outcome, probe.before.reason) == (NO, NO, reason)


def test_what_a_rule_allows_explicitly_is_accepted() -> None:
    (probe,) = asked(of_strict(), "EKU_ANY")
    assert (probe.expected, probe.before.outcome) == (YES, YES)


@pytest.mark.parametrize("kind", ["STATUS_UNKNOWN", "STATUS_BY_ONE", "CONTEXT_MISSING"])
def test_what_is_not_known_cannot_be_told(kind: str) -> None:
    assert {each.before.outcome for each in asked(of_strict(), kind)} == {UNKNOWN}


def test_evidence_counts_until_it_is_too_old() -> None:
    within, beyond = asked(of_strict(), "EVIDENCE_AGE")
    assert (within.before.outcome, beyond.before.outcome) == (YES, UNKNOWN)


def test_one_configuration_answers_everything_alike_and_is_probed_once() -> None:
    assert of_strict().differing == ()
    assert {each.sides for each in of_strict().probes} == {"AB"}


def test_hypotheticals_agree_with_the_twins_and_are_marked() -> None:
    found = of_strict()
    assert found.hypotheticals
    assert found.disagreeing == ()
    assert {each.signed for each in found.hypotheticals} == {False}
    assert {each["signature"] for each in found.to_json()["hypotheticals"]["probes"]} == {"assumed"}


def test_a_sibling_and_another_roles_authority_show_what_a_root_lets_pass() -> None:
    found = run_probes(strict(), root_only(), (Role.AP_SIGN,), NOW)
    telling = {(each.kind, each.before.outcome, each.after.outcome) for each in found.telling if each.sides == "A"}
    assert ("OTHER_ROLE", NO, YES) in telling
    assert ("SIBLING", NO, YES) in telling
    assert not found.unmet


def test_a_path_is_as_long_as_the_narrowest_limit_allows() -> None:
    found = run_probes(root_only(), root_only(), (Role.AP_SIGN,), NOW)
    limited = asked(found, "PATH_LENGTH", "anchors.root.controls.path_len")
    by_room = {each.told: each.before.outcome for each in limited if each.origin == "stores.anchors.root"}
    assert by_room == {"1 authority stands below its issuer": YES, "2 authorities stand below its issuer": NO}
    below = asked(found, "PATH_LENGTH", f"intermediates.{AP_CA.certificate.sha256}")
    assert {each.before.outcome for each in below} == {NO}


def test_of_an_intermediate_its_end_and_its_revocation_count() -> None:
    found = run_probes(root_only(), root_only(), (Role.AP_SIGN,), NOW)
    outcomes = defaultdict(list)
    for each in found.probes:
        if each.origin == f"stores.intermediates.{AP_CA.certificate.sha256}":
            outcomes[each.kind].append(each.before.outcome)
    assert outcomes["ISSUER_ENDS"] == [YES, NO]
    assert outcomes["ISSUER_REVOKED"] == [NO]
    assert outcomes["SIBLING"] == [YES]


def test_a_policy_rule_that_demands_none_is_found_to_have_no_effect() -> None:
    lax = {**STRICT_LEAF["policies"], "require_explicit_policy": False}
    dead = configuration(
        {"ap-sign": rule(path_to("root"), {"policies": lax})},
        {"anchors": [anchor("root", ROOT.certificate)]},
        CERTIFICATES,
    )
    found = run_probes(dead, dead, (Role.AP_SIGN,), NOW)
    assert {(each.kind, each.rule) for each in found.unmet} == {
        ("POLICY_MISSING", "roles.ap-sign.leaf.policies.any"),
        ("POLICY_OTHER", "roles.ap-sign.leaf.policies.any"),
    }
    assert {each.before.outcome for each in found.unmet} == {YES}


@pytest.mark.parametrize(
    ("controls", "kind", "rule_path"),
    [
        ({"permitted": ["dns:example.org"]}, "NAME_NOT_PERMITTED", "controls.permitted"),
        ({"permitted": ["directory:O=Example,C=BE"]}, "NAME_NOT_PERMITTED", "controls.permitted"),
        ({"excluded": ["dns:example.org"]}, "NAME_EXCLUDED", "controls.excluded"),
        ({"excluded": ["email:.example.org"]}, "NAME_EXCLUDED", "controls.excluded"),
        ({"excluded": ["uri:example.org"]}, "NAME_EXCLUDED", "controls.excluded"),
        ({"excluded": ["directory:O=Example,C=BE"]}, "NAME_EXCLUDED", "controls.excluded"),
        ({"policies": ["1.2.3.4"], "require_explicit_policy": True}, "POLICY_OF_ANCHOR", "controls.policies"),
    ],
    ids=["permitted-dns", "permitted-dn", "excluded-dns", "excluded-email", "excluded-uri", "excluded-dn", "policies"],
)
def test_controls_of_an_anchor_are_probed_from_outside(controls: dict[str, Any], kind: str, rule_path: str) -> None:
    limited = configuration(
        {"ap-sign": rule(path_to("root"))},
        {"anchors": [anchor("root", ROOT.certificate, controls=controls)]},
        CERTIFICATES,
    )
    found = run_probes(limited, limited, (Role.AP_SIGN,), NOW)
    assert found.unmet == ()
    assert {each.before.outcome for each in asked(found, kind, rule_path)} == {NO}


def test_pins_are_probed_with_certificates_that_stand_in_their_place() -> None:
    valid = {"from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    pinned = configuration(
        {"ap-sign": rule({"pin": ["gateway"]})},
        {"pins": [pin("gateway", DENIED, "ap-sign", party="AT", valid=valid)]},
    )
    found = run_probes(pinned, root_only(), (Role.AP_SIGN,), NOW)
    outcomes = defaultdict(list)
    for each in found.probes:
        if each.origin == "stores.pins.gateway":
            outcomes[each.kind].append(each.before.outcome)
    assert outcomes == {
        "BASE": [YES],
        "NOT_PINNED": [NO],
        "OTHER_PARTY": [NO],
        "PIN_BEGINS": [YES, NO],
        "PIN_ENDS": [YES, NO],
    }
    assert found.unmet == ()


@pytest.mark.parametrize(
    ("use", "asserted", "not_asserted"), [("hint", NO, YES), ("pin", NO, NO), ("anchor", YES, YES)]
)
def test_what_an_smp_asserts_counts_as_the_configuration_says(
    use: str, asserted: Outcome, not_asserted: Outcome
) -> None:
    made = configuration(
        {"ap-encrypt": rule(path_to("root")), "smp-metadata": {"endpoint_certificate": use}},
        {"anchors": [anchor("root", ROOT.certificate)]},
        CERTIFICATES,
    )
    found = run_probes(made, made, (Role.AP_ENCRYPT,), NOW)
    assert [each.before.outcome for each in asked(found, "ASSERTED")] == [asserted]
    assert [each.before.outcome for each in asked(found, "NOT_ASSERTED")] == [not_asserted]
    assert found.unmet == ()


def test_from_the_other_side_all_answers_are_exchanged() -> None:
    there = run_probes(strict(), root_only(), (Role.AP_SIGN,), NOW)
    back = run_probes(root_only(), strict(), (Role.AP_SIGN,), NOW)
    swapped = {"A": "B", "B": "A", "AB": "AB"}

    def answers(found: ProbeResults, *, mirrored: bool) -> set[tuple[object, ...]]:
        return {
            (swapped[p.sides], *p.key[:2], *p.key[3:], p.after.outcome, p.before.outcome)
            if mirrored
            else (p.sides, *p.key[:2], *p.key[3:], p.before.outcome, p.after.outcome)
            for p in found.probes
        }

    assert answers(there, mirrored=False) == answers(back, mirrored=True)


def test_an_anchor_whose_certificate_is_not_at_hand_is_left_out_and_told() -> None:
    bare = configuration({"ap-sign": rule(path_to("root"))}, {"anchors": [anchor("root", ROOT.certificate)]})
    found = run_probes(bare, bare, (Role.AP_SIGN,), NOW)
    assert found.probes == ()
    assert found.left_out == (f"{ROOT.certificate.sha256}: the certificate is not at hand",)


def test_a_pattern_that_nothing_is_known_to_fit_is_told() -> None:
    odd = configuration(
        {"ap-sign": rule(path_to("root"), {"subject": {"match": {"CN": "(?=never)x"}, "bind": {}}})},
        {"anchors": [anchor("root", ROOT.certificate)]},
        CERTIFICATES,
    )
    (told,) = run_probes(odd, odd, (Role.AP_SIGN,), NOW).left_out[:1]
    assert "no name is known that fits" in told


def test_twins_say_what_their_originals_say_with_keys_of_their_own() -> None:
    limited = Authority(
        "limited",
        ROOT,
        path_length=3,
        extensions=[(x509.NameConstraints([x509.DNSName("example.org")], None), True)],
        usage=key_usage("key_cert_sign"),
    )
    made = configuration(
        {"ap-sign": rule(path_to("root"))},
        {
            "anchors": [anchor("root", ROOT.certificate)],
            "intermediates": [{"sha256": limited.certificate.sha256}],
        },
        [ROOT.certificate, limited.certificate],
    )
    world = mirror(made, made, KeyPool(), Mint())
    root, twin = (world.authorities[each.certificate.sha256].certificate for each in (ROOT, limited))
    assert twin.comparable_subject == limited.certificate.comparable_subject
    assert twin.key != limited.certificate.key
    assert Signatures().hold(twin, root.key)
    assert not Signatures().hold(twin, ROOT.certificate.key)
    mirrored = world.mirrored(made)
    assert mirrored.stores.anchors[0].cert.certificate == root
    assert to_json(mirrored)["roles"] == to_json(made)["roles"]


def test_an_assumed_signature_counts_for_one_certificate_and_one_key_only() -> None:
    leaf, other = ROOT.issue("leaf"), ROOT.issue("other")
    forged = Authority("nobody").issue("forged", issuer_name=ROOT.name)
    found = AssumedSignatures({forged.der: ROOT.certificate.key}, limit=4)
    assert found.hold(forged, ROOT.certificate.key)
    assert not found.hold(forged, AP_CA.certificate.key)
    assert found.hold(leaf, ROOT.certificate.key)
    assert not found.hold(other, AP_CA.certificate.key)
    assert found.used == {forged.sha256}


def test_what_cannot_be_signed_with_is_no_certificate_but_an_error_of_ours() -> None:
    pool, mint = KeyPool(), Mint()
    with pytest.raises(CertificateError):
        mint.twin(ListedCertificate(b"no certificate"), pool.key("p256"), pool.key("ed25519"), "sha256")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(AP_CA.certificate.der) - 1), st.integers(0, 255))
def test_a_damaged_authority_costs_its_own_probes_and_nothing_else(place: int, byte: int) -> None:
    data = bytearray(AP_CA.certificate.der)
    data[place] = byte
    damaged = ListedCertificate(bytes(data))
    anchors = [anchor("root", ROOT.certificate), anchor("damaged", damaged)]
    made = configuration(
        {"ap-sign": rule(path_to("root", "damaged"))}, {"anchors": anchors}, [ROOT.certificate, damaged]
    )
    found = run_probes(made, made, (Role.AP_SIGN,), NOW)
    assert {each.origin for each in found.probes} >= {"stores.anchors.root"}
    assert not [each for each in found.unmet if each.origin == "stores.anchors.root"]


def test_dates_that_stand_for_no_bound_are_no_edges() -> None:
    forever = {"from": "1000-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"}
    leaf = ROOT.issue("leaf")
    made = configuration(
        {"ap-sign": rule({"any_of": [path_to("root"), {"pin": "any"}]})},
        {
            "anchors": [anchor("root", ROOT.certificate, "key+name", trusted=forever)],
            "pins": [pin("leaf", leaf, "ap-sign", valid=forever)],
        },
        CERTIFICATES,
    )
    found = run_probes(made, made, (Role.AP_SIGN,), NOW)
    kinds = {each.kind for each in found.probes}
    assert kinds >= {"BASE", "EXPIRED", "NOT_PINNED"}
    assert kinds.isdisjoint({"ISSUER_BEGINS", "ISSUER_ENDS", "PIN_BEGINS", "PIN_ENDS"})
    assert found.unmet == ()


def test_where_nothing_is_found_that_meets_a_rule_that_is_told_and_no_more_is_asked() -> None:
    silent = Authority("silent", usage=key_usage("key_cert_sign"))  # it may not sign CRLs
    made = configuration(
        {"ap-sign": rule(path_to("silent"), revocation={"leaf": "crl_required"})},
        {"anchors": [anchor("silent", silent.certificate)]},
        [silent.certificate],
    )
    found = run_probes(made, made, (Role.AP_SIGN,), NOW)
    assert [each.kind for each in found.probes] == ["BASE"]
    assert found.unmet == ()
    assert any("what should meet the rule doesn't" in each for each in found.left_out)


def test_an_anchor_that_issues_nothing_is_told_to_have_no_probes() -> None:
    made = configuration(
        {"ap-sign": rule({"any_of": [path_to("leaf"), {"openid_federation": ["network"]}]})},
        {
            "anchors": [anchor("leaf", DENIED, "end-entity")],
            "openid_federation": [
                {
                    "id": "network",
                    "trust_anchor": "https://anchor.example",
                    "keys": ["A" * 43],
                    "max_path_length": None,
                    "trust_marks": "any",
                }
            ],
        },
        [DENIED],
    )
    assert run_probes(made, made, (Role.AP_SIGN,), NOW).left_out[:2] == (
        "A, roles.ap-sign.accept.any_of[1].path, stores.anchors.leaf: it is trusted itself, and issues nothing",
        "A, roles.ap-sign.accept.any_of[2].openid_federation: nobody here can sign statements",
    )
