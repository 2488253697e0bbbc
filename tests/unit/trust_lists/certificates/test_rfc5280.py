# SPDX-License-Identifier: Apache-2.0
"""The path check of RFC 5280 §6.1 on chains made for each rule: every reason by its id, with its clause and place."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import (
    NOW,
    YEAR,
    Authority,
    CertificateKey,
    chain_of,
    der,
    dn,
    ec_key,
    key_usage,
    rsa_key,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import GeneralName, NameConstraints
from trust_lists.certificates.policies import ANY_POLICY
from trust_lists.certificates.rfc5280 import AnchorControls, PathInputs, PathVerdict, TrustAnchor, check_path
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import CertificateError, PathLimitError


def policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids])


def oid_der(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *others = map(int, dotted.split("."))
    content = bytearray()
    for number in (first * 40 + second, *others):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return der(0x06, bytes(content))


def reasons(verdict: PathVerdict) -> list[tuple[str, str, int]]:
    return [(each.id, each.clause, each.position) for each in verdict.reasons]


@pytest.mark.parametrize("length", [1, 2, 3, 12])
def test_a_path_of_any_length_is_valid(length: int) -> None:
    root, path = chain_of(length)
    assert check_path(root.anchor, path, NOW) == PathVerdict()


def test_a_path_without_certificates_is_none() -> None:
    assert reasons(check_path(Authority("root").anchor, [], NOW)) == [("NO_CERTIFICATES", "6.1", 0)]


@pytest.mark.parametrize(
    ("new_key", "algorithm", "pss"),
    [
        pytest.param(lambda: rsa_key(2048), hashes.SHA256(), None, id="RSA"),
        pytest.param(lambda: rsa_key(1024), hashes.SHA256(), None, id="RSA 1024"),
        pytest.param(lambda: rsa_key(2048), hashes.SHA512(), None, id="RSA SHA-512"),
        pytest.param(
            lambda: rsa_key(2048), hashes.SHA256(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), id="RSASSA-PSS"
        ),
        pytest.param(
            lambda: rsa_key(2048), hashes.SHA384(), padding.PSS(padding.MGF1(hashes.SHA384()), 20), id="short salt"
        ),
        pytest.param(ec_key, hashes.SHA256(), None, id="P-256"),
        pytest.param(lambda: ec_key(ec.SECP521R1()), hashes.SHA512(), None, id="P-521"),
        pytest.param(lambda: ec_key(ec.BrainpoolP256R1()), hashes.SHA256(), None, id="Brainpool"),
        pytest.param(ed25519.Ed25519PrivateKey.generate, None, None, id="Ed25519"),
        pytest.param(ed448.Ed448PrivateKey.generate, None, None, id="Ed448"),
    ],
)
def test_signatures_of_many_kinds_verify(
    new_key: Callable[[], CertificateKey], algorithm: hashes.HashAlgorithm | None, pss: padding.PSS | None
) -> None:
    root = Authority("root", key=new_key())
    leaf = root.issue(algorithm=algorithm, pss=pss)
    assert check_path(root.anchor, [leaf], NOW).valid
    other = Authority("root")
    assert reasons(check_path(other.anchor, [leaf], NOW)) == [("SIGNATURE_WRONG", "6.1.3(a)(1)", 0)]


def test_a_signature_of_an_unknown_algorithm_is_no_signature() -> None:
    root = Authority("root", key=rsa_key(2048))
    sha256, md5 = (bytes.fromhex(f"06092a864886f70d0101{number}") for number in ("0b", "04"))
    leaf = ListedCertificate(root.issue().der.replace(sha256, md5))
    assert reasons(check_path(root.anchor, [leaf], NOW)) == [("SIGNATURE_UNVERIFIABLE", "6.1.3(a)(1)", 0)]


def test_the_two_algorithms_of_a_certificate_must_be_equal() -> None:
    root = Authority("root", key=rsa_key(2048))
    good = root.issue()
    sha256, sha512 = (bytes.fromhex(f"06092a864886f70d0101{number}") for number in ("0b", "0d"))
    place = good.der.rindex(sha256)
    bad = ListedCertificate(good.der[:place] + good.der[place:].replace(sha256, sha512))
    assert reasons(check_path(root.anchor, [bad], NOW)) == [("SIGNATURE_WRONG", "6.1.3(a)(1)", 0)]


def test_an_altered_certificate_has_a_wrong_signature() -> None:
    root = Authority("root")
    leaf = ListedCertificate(root.issue("leaf one").der.replace(b"leaf one", b"leaf two"))
    assert reasons(check_path(root.anchor, [leaf], NOW)) == [("SIGNATURE_WRONG", "6.1.3(a)(1)", 0)]


def test_dates_are_included_on_both_ends_and_asked_of_each_certificate() -> None:
    root = Authority("root", begin=NOW - 9 * YEAR, end=NOW - 8 * YEAR)
    between = Authority("between", root, begin=NOW - YEAR, end=NOW)
    leaf = between.issue(begin=NOW, end=NOW + YEAR)
    path = [between.certificate, leaf]
    assert check_path(root.anchor, path, NOW).valid
    second = timedelta(seconds=1)
    assert reasons(check_path(root.anchor, path, NOW + second)) == [("EXPIRED", "6.1.3(a)(2)", 0)]
    assert reasons(check_path(root.anchor, path, NOW - second)) == [("NOT_YET_VALID", "6.1.3(a)(2)", 1)]


def test_each_certificate_must_name_its_issuer_in_any_spelling() -> None:
    root = Authority(dn("The  Root", "Österreich"))
    assert check_path(root.anchor, [root.issue(issuer_name=dn("the root", "ÖSTERREICH"))], NOW).valid
    other = root.issue(issuer_name=dn("The Root", "Elsewhere"))
    assert reasons(check_path(root.anchor, [other], NOW)) == [("ISSUER_NAME", "6.1.3(a)(4)", 0)]


def test_an_anchor_without_a_name_issues_nothing() -> None:
    root = Authority("root")
    nameless = root.issue(issuer_name=x509.Name([]))
    found = check_path(TrustAnchor((), root.anchor.key), [nameless], NOW)
    assert reasons(found) == [("ISSUER_NAME", "6.1.3(a)(4)", 0)]


def test_path_length_counts_authorities_below_it() -> None:
    root = Authority("root")
    first = Authority("first", root, path_length=1)
    second = Authority("second", first)
    third = Authority("third", second)
    allowed = [first.certificate, second.certificate, second.issue()]
    assert check_path(root.anchor, allowed, NOW).valid
    too_long = [first.certificate, second.certificate, third.certificate, third.issue()]
    assert reasons(check_path(root.anchor, too_long, NOW)) == [("PATH_TOO_LONG", "6.1.4(l)", 2)]


def test_path_length_does_not_count_self_issued_certificates() -> None:
    root = Authority("root")
    first = Authority("first", root, path_length=0)
    renewed = Authority("first", first)
    assert check_path(root.anchor, [first.certificate, renewed.certificate, renewed.issue()], NOW).valid


def test_the_path_length_of_the_anchors_certificate_does_not_count() -> None:
    root = Authority("root", path_length=0)
    first = Authority("first", root)
    assert check_path(root.anchor, [first.certificate, first.issue()], NOW).valid


@pytest.mark.parametrize("basic", [None, x509.BasicConstraints(ca=False, path_length=None)])
def test_who_is_no_authority_issues_nothing(basic: x509.BasicConstraints | None) -> None:
    root = Authority("root")
    person = Authority("person", root, basic=basic)
    found = check_path(root.anchor, [person.certificate, person.issue()], NOW)
    assert reasons(found) == [("NOT_AN_AUTHORITY", "6.1.4(k)", 0)]
    assert check_path(root.anchor, [person.certificate], NOW).valid


def test_a_key_that_is_not_for_signing_certificates_signs_none() -> None:
    root = Authority("root")
    signer = Authority("signer", root, usage=key_usage("crl_sign"))
    found = check_path(root.anchor, [signer.certificate, signer.issue()], NOW)
    assert reasons(found) == [("NO_CERTIFICATE_SIGNING", "6.1.4(n)", 0)]


def test_unknown_critical_extensions_are_refused_anywhere_and_others_not() -> None:
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    root = Authority("root")
    first = Authority("first", root, extensions=[(unknown, True)])
    leaf = first.issue(extensions=[(unknown, True)])
    assert reasons(check_path(root.anchor, [first.certificate, leaf], NOW)) == [
        ("CRITICAL_EXTENSION_UNKNOWN", "6.1.4(o)", 0),
        ("CRITICAL_EXTENSION_UNKNOWN", "6.1.5(f)", 1),
    ]
    assert check_path(root.anchor, [root.issue(extensions=[(unknown, False)])], NOW).valid


def test_what_a_key_is_for_may_be_critical() -> None:
    root = Authority("root")
    stamps = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    qualified = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.5.5.7.1.3"), b"\x30\x00")
    assert check_path(root.anchor, [root.issue(extensions=[(stamps, True), (qualified, True)])], NOW).valid


def test_an_extension_that_decides_and_cannot_be_read_is_a_reason() -> None:
    broken = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.36"), b"\x30\x05")
    root = Authority("root")
    found = check_path(root.anchor, [root.issue(extensions=[(broken, False)])], NOW)
    assert reasons(found) == [("UNREADABLE", "4.2", 0)]


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"junk"])
def test_what_is_no_certificate_is_unreadable_and_unverifiable(data: bytes) -> None:
    found = check_path(Authority("root").anchor, [ListedCertificate(data)], NOW)
    assert {"UNREADABLE", "SIGNATURE_UNVERIFIABLE", "ISSUER_NAME"} == {each.id for each in found.reasons}


def test_name_constraints_hold_for_all_below() -> None:
    permitted = x509.NameConstraints([x509.DirectoryName(x509.Name(list(dn("x"))[:2]))], None)
    excluded = x509.NameConstraints(None, [x509.DNSName("example.com")])
    root = Authority("root")
    first = Authority("first", root, extensions=[(permitted, True)])
    second = Authority("second", first, extensions=[(excluded, True)])
    path = [first.certificate, second.certificate]
    assert check_path(root.anchor, [*path, second.issue()], NOW).valid
    elsewhere = second.issue(dn("leaf", "Others"))
    assert reasons(check_path(root.anchor, [*path, elsewhere], NOW)) == [("NAME_NOT_PERMITTED", "6.1.3(b)", 2)]
    host = second.issue(extensions=[(x509.SubjectAlternativeName([x509.DNSName("www.example.com")]), False)])
    assert reasons(check_path(root.anchor, [*path, host], NOW)) == [("NAME_EXCLUDED", "6.1.3(c)", 2)]


def test_the_caller_may_constrain_names_and_length() -> None:
    root, path = chain_of(3)
    assert check_path(root.anchor, path, NOW, PathInputs(max_path_length=2)).valid
    short = check_path(root.anchor, path, NOW, PathInputs(max_path_length=1))
    assert reasons(short) == [("PATH_TOO_LONG", "6.1.4(l)", 1)]
    testers, others = (
        GeneralName(4, x509.Name(list(dn("x", name))[:2]).public_bytes()) for name in ("Testers", "Others")
    )
    assert check_path(root.anchor, path, NOW, PathInputs(permitted=(testers, others), excluded=(others,))).valid
    found = check_path(root.anchor, path, NOW, PathInputs(permitted=(others,), excluded=(testers,)))
    assert reasons(found) == [
        (reason, clause, position)
        for position in range(3)
        for reason, clause in [("NAME_NOT_PERMITTED", "6.1.3(b)"), ("NAME_EXCLUDED", "6.1.3(c)")]
    ]


def test_a_form_of_names_that_nobody_compares_leaves_it_undecided() -> None:
    name = x509.RegisteredID(ObjectIdentifier("1.2.3"))
    root = Authority("root")
    constraints = x509.NameConstraints([name], [name])
    first = Authority("first", root, extensions=[(constraints, True)])
    leaf = first.issue(extensions=[(x509.SubjectAlternativeName([name]), False)])
    found = check_path(root.anchor, [first.certificate, leaf], NOW)
    assert reasons(found) == [
        ("NAME_CONSTRAINT_UNSUPPORTED", "6.1.3(b)", 1),
        ("NAME_CONSTRAINT_UNSUPPORTED", "6.1.3(c)", 1),
    ]
    assert found.undecided
    assert not found.valid
    later = check_path(root.anchor, [first.certificate, leaf], NOW + 9 * YEAR)
    assert not later.undecided


def test_a_demanded_policy_must_go_all_the_way_down() -> None:
    demand = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    root = Authority("root")
    first = Authority("first", root, extensions=[(demand, True), (policies("1.2.3", "1.2.4"), False)])
    assert check_path(root.anchor, [first.certificate, first.issue(extensions=[(policies("1.2.3"), False)])], NOW).valid
    other = first.issue(extensions=[(policies("1.2.5"), False)])
    assert reasons(check_path(root.anchor, [first.certificate, other], NOW)) == [
        ("POLICY_MISSING", "6.1.3(f)", 1),
        ("POLICY_MISSING", "6.1.5(g)", 1),
    ]


def test_policies_of_which_nobody_demands_any_do_not_matter() -> None:
    root = Authority("root")
    first = Authority("first", root, extensions=[(policies("1.2.3"), True)])
    other = first.issue(extensions=[(policies("1.2.5"), True)])
    assert check_path(root.anchor, [first.certificate, other], NOW).valid


def test_a_policy_that_the_caller_demands_must_be_one_that_he_asks_for() -> None:
    root = Authority("root")
    path = [root.issue(extensions=[(policies("1.2.3", "1.2.4"), False)])]
    demanded = PathInputs(policies=frozenset({"1.2.4"}), explicit_policy=True)
    found = check_path(root.anchor, path, NOW, demanded)
    assert found.valid
    assert set(found.policies.authority_constrained) == {"1.2.3", "1.2.4"}
    assert set(found.policies.user_constrained) == {"1.2.4"}
    other = replace(demanded, policies=frozenset({"1.2.5"}))
    assert reasons(check_path(root.anchor, path, NOW, other)) == [("POLICY_MISSING", "6.1.5(g)", 0)]
    assert check_path(root.anchor, path, NOW, replace(other, explicit_policy=False)).valid


def test_the_caller_may_inhibit_any_policy_and_mappings() -> None:
    mapping = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), bytes.fromhex("300a300806022a0306022a04"))
    root = Authority("root")
    first = Authority("first", root, extensions=[(policies("1.2.3"), False), (mapping, True)])
    path = [first.certificate, first.issue(extensions=[(policies("1.2.4"), False)])]
    demanded = PathInputs(explicit_policy=True)
    assert set(check_path(root.anchor, path, NOW, demanded).policies.user_constrained) == {"1.2.3"}
    found = check_path(root.anchor, path, NOW, replace(demanded, inhibit_policy_mapping=True))
    assert [each.id for each in found.reasons] == ["POLICY_MISSING", "POLICY_MISSING"]
    wide = [root.issue(extensions=[(policies(ANY_POLICY), False)])]
    assert check_path(root.anchor, wide, NOW, demanded).valid
    assert not check_path(root.anchor, wide, NOW, replace(demanded, inhibit_any_policy=True)).valid


def test_policies_that_cannot_be_followed_leave_it_undecided() -> None:
    names = [f"1.2.{number}" for number in range(1000)]
    pairs = b"".join(der(0x30, oid_der(name) + oid_der(f"{name}.{second}")) for name in names for second in (1, 2))
    mapping = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), der(0x30, pairs))
    root = Authority("root")
    first = Authority("first", root, extensions=[(policies(*names), False), (mapping, True)])
    found = check_path(root.anchor, [first.certificate, first.issue()], NOW, PathInputs(explicit_policy=True))
    assert reasons(found) == [("POLICIES_TOO_MANY", "6.1.4(b)", 0)]
    assert found.undecided


def test_critical_policies_must_have_qualifiers_that_are_known() -> None:
    unknown, known = (
        x509.UnrecognizedExtension(
            ObjectIdentifier("2.5.29.32"),
            der(0x30, der(0x30, oid_der("1.2.3") + der(0x30, der(0x30, kind + b"\x05\x00")))),
        )
        for kind in (oid_der("1.2.9"), oid_der("1.3.6.1.5.5.7.2.1"))
    )
    root = Authority("root")
    found = check_path(root.anchor, [root.issue(extensions=[(unknown, True)])], NOW)
    assert reasons(found) == [("CRITICAL_EXTENSION_UNKNOWN", "6.1.5(f)", 0)]
    assert check_path(root.anchor, [root.issue(extensions=[(unknown, False)])], NOW).valid
    assert check_path(root.anchor, [root.issue(extensions=[(known, True)])], NOW).valid


def test_any_policy_is_mapped_to_nothing() -> None:
    mapping = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), bytes.fromhex("300c300a0604551d200006022a03"))
    root = Authority("root")
    first = Authority("first", root, extensions=[(mapping, True)])
    found = check_path(root.anchor, [first.certificate, first.issue()], NOW)
    assert reasons(found) == [("POLICY_MAPPING_ANY", "6.1.4(a)", 0)]


# What an anchor is trusted for (RFC 5914, RFC 5937)


def controlled(root: Authority, **controls: Any) -> TrustAnchor:
    return replace(root.anchor, controls=AnchorControls(**controls))


def test_an_anchor_is_trusted_for_some_time() -> None:
    root, path = chain_of(2)
    second = timedelta(seconds=1)
    anchor = controlled(root, trusted_from=NOW - YEAR / 2, trusted_until=NOW)
    assert check_path(anchor, path, NOW).valid
    assert check_path(anchor, path, NOW - YEAR / 2).valid
    assert reasons(check_path(anchor, path, NOW + second)) == [("ANCHOR_NO_LONGER_TRUSTED", "6.2", -1)]
    early = check_path(anchor, path, NOW - YEAR / 2 - second)
    assert reasons(early) == [("ANCHOR_NOT_YET_TRUSTED", "6.2", -1)]


def test_an_anchor_may_be_distrusted_for_what_is_issued_later() -> None:
    root = Authority("root")
    anchor = controlled(root, issued_until=NOW)
    assert check_path(anchor, [root.issue(begin=NOW)], NOW + YEAR / 2).valid
    later = [root.issue(begin=NOW + timedelta(seconds=1))]
    assert reasons(check_path(anchor, later, NOW + YEAR / 2)) == [("ANCHOR_DISTRUSTED", "6.2", 0)]
    unreadable = check_path(anchor, [ListedCertificate(b"junk")], NOW)
    assert "ANCHOR_DISTRUSTED" not in {reason.id for reason in unreadable.reasons}


@pytest.mark.parametrize(
    ("anchors", "callers", "length"), [(0, None, 1), (None, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 2)]
)
def test_the_shorter_path_length_of_anchor_and_caller_counts(
    anchors: int | None, callers: int | None, length: int
) -> None:
    root, path = chain_of(3)
    limits = PathInputs(max_path_length=callers)
    assert (
        reasons(check_path(controlled(root, path_length=anchors), path, NOW, limits))[:1]
        == [("PATH_TOO_LONG", "6.1.4(l)", length - 1)][: 3 - length]
    )


def test_an_anchor_has_name_constraints_beside_those_of_the_caller() -> None:
    root = Authority("root")
    host = root.issue(extensions=[(x509.SubjectAlternativeName([x509.DNSName("a.example.com")]), False)])
    names = NameConstraints((GeneralName(2, b"example.com"),), (GeneralName(2, b"b.example.com"),))
    anchor = controlled(root, names=(names,))
    assert check_path(anchor, [host], NOW).valid
    narrower = PathInputs(permitted=(GeneralName(2, b"c.example.com"),))
    assert reasons(check_path(anchor, [host], NOW, narrower)) == [("NAME_NOT_PERMITTED", "6.1.3(b)", 0)]


@pytest.mark.parametrize(
    ("anchors", "callers", "together"),
    [
        (None, {ANY_POLICY}, {"1.2.3", "1.2.4"}),
        ({ANY_POLICY}, {"1.2.3"}, {"1.2.3"}),
        ({"1.2.3"}, {ANY_POLICY}, {"1.2.3"}),
        ({"1.2.3", "1.2.5"}, {"1.2.3", "1.2.4"}, {"1.2.3"}),
        ({"1.2.3"}, {"1.2.4"}, set()),
    ],
)
def test_the_policies_of_an_anchor_and_of_the_caller_are_intersected(
    anchors: set[str] | None, callers: set[str], together: set[str]
) -> None:
    root = Authority("root")
    path = [root.issue(extensions=[(policies("1.2.3", "1.2.4"), False)])]
    anchor = controlled(root, policies=None if anchors is None else frozenset(anchors))
    found = check_path(anchor, path, NOW, PathInputs(policies=frozenset(callers)))
    assert set(found.policies.user_constrained) == together
    demanded = check_path(replace(anchor, controls=replace(anchor.controls, require_explicit_policy=0)), path, NOW)
    assert demanded.valid


def test_the_flags_of_an_anchor_hold_after_as_many_certificates_as_they_say() -> None:
    root, path = chain_of(3)
    for count in range(5):
        found = check_path(controlled(root, require_explicit_policy=count), path, NOW)
        missing = [each.position for each in found.reasons if each.clause == "6.1.3(f)"]
        assert missing == list(range(count, 3))


def test_what_the_certificate_of_an_anchor_says_can_be_made_to_count() -> None:
    demand = x509.PolicyConstraints(require_explicit_policy=1, inhibit_policy_mapping=2)
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    root = Authority(
        "root",
        path_length=3,
        extensions=[(demand, True), (constraints, True), (policies("1.2.3"), False), (x509.InhibitAnyPolicy(4), True)],
    )
    assert AnchorControls.of(root.certificate) == AnchorControls(
        path_length=3,
        policies=frozenset({"1.2.3"}),
        require_explicit_policy=1,
        inhibit_policy_mapping=2,
        inhibit_any_policy=4,
        names=(NameConstraints((GeneralName(2, b"example.com"),)),),
    )
    assert TrustAnchor.of(root.certificate) == TrustAnchor(root.anchor.name, root.anchor.key)
    broken = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.36"), b"\x30\x05")
    with pytest.raises(CertificateError, match="CN=root"):
        AnchorControls.of(Authority("root", extensions=[(broken, False)]).certificate)


# The trace


def test_a_trace_has_each_step_in_the_order_of_the_rfc() -> None:
    root, path = chain_of(2)
    found = check_path(root.anchor, path, NOW, trace=True)
    basic = ["4.2", *(f"6.1.3({step})" for step in ("a)(1", "a)(2", "a)(4", "b", "c", "d", "f"))]
    assert [(each.position, each.clause) for each in found.steps] == [
        (-1, "6.1.2"),
        *((0, clause) for clause in (*basic, *(f"6.1.4({step})" for step in "abcdghklmno"))),
        *((1, clause) for clause in (*basic, "6.1.5(a)", "6.1.5(f)", "6.1.5(g)", "6.2")),
    ]
    assert {each.outcome for each in found.steps} == {"PASSED"}
    assert {each.subject for each in found.steps} == {"", *(each.sha256 for each in path)}
    assert json.loads(json.dumps([dict(each.inputs) for each in found.steps])) == [dict(e.inputs) for e in found.steps]


def test_a_trace_shows_what_a_step_looked_at_and_what_failed() -> None:
    root = Authority("root")
    path = [root.issue(end=NOW - timedelta(days=1))]
    found = check_path(root.anchor, path, NOW, trace=True)
    (failed,) = [each for each in found.steps if each.outcome != "PASSED"]
    assert failed.clause == "6.1.3(a)(2)"
    assert failed.reasons == found.reasons
    assert failed.outcome == "FAILED"
    assert failed.inputs == {
        "at": "2026-11-20T12:00:00+00:00",
        "not_before": "2025-11-20T12:00:00+00:00",
        "not_after": "2026-11-19T12:00:00+00:00",
    }


def test_a_trace_tells_apart_what_is_wrong_and_what_nobody_can_tell() -> None:
    root = Authority("root", key=rsa_key(2048))
    sha256, md5 = (bytes.fromhex(f"06092a864886f70d0101{number}") for number in ("0b", "04"))
    leaf = ListedCertificate(root.issue().der.replace(sha256, md5))
    found = check_path(root.anchor, [leaf], NOW, trace=True)
    assert [each.outcome for each in found.steps if each.reasons] == ["UNDECIDED"]
    assert found.undecided


def test_a_trace_changes_nothing_and_is_made_only_if_it_is_asked_for() -> None:
    root, path = chain_of(3)
    late = NOW + 9 * YEAR
    assert check_path(root.anchor, path, late, trace=True) == check_path(root.anchor, path, late)
    assert check_path(root.anchor, path, late).steps == ()


@given(st.lists(st.binary(max_size=40), max_size=3), st.booleans())
def test_whatever_the_bytes_are_there_is_a_verdict(data: list[bytes], trace: bool) -> None:
    anchor = controlled(known_root(), trusted_until=NOW, issued_until=NOW, path_length=0)
    found = check_path(anchor, list(map(ListedCertificate, data)), NOW, trace=trace)
    assert not found.valid
    assert not found.undecided


@given(st.data())
def test_an_altered_certificate_gives_a_verdict_that_can_be_traced(data: st.DataObject) -> None:
    leaf = known_leaf().der
    place = data.draw(st.integers(0, len(leaf) - 1))
    altered = ListedCertificate(leaf[:place] + bytes([data.draw(st.integers(0, 255))]) + leaf[place + 1 :])
    found = check_path(known_root().anchor, [altered], NOW, trace=True)
    # what is around the signed part can be altered: unused bits of the signature, the length of everything
    assert not found.valid or signed_part(altered) == signed_part(known_leaf())


def signed_part(certificate: ListedCertificate) -> bytes:
    return certificate.slices.signed if certificate.slices else b""


@cache
def known_root() -> Authority:
    return Authority("root")


@cache
def known_leaf() -> ListedCertificate:
    names = x509.SubjectAlternativeName([x509.DNSName("a.example.com"), x509.RFC822Name("a@b.example")])
    told = x509.PolicyInformation(ObjectIdentifier("1.2.3"), ["https://b.example", x509.UserNotice(None, "words")])
    return known_root().issue(extensions=[(names, False), (x509.CertificatePolicies([told]), True)])


def test_all_reasons_are_told_with_the_certificate_that_they_are_about() -> None:
    root, stranger = Authority("root"), Authority("stranger")
    between = Authority("between", stranger, basic=None, end=NOW - YEAR)
    found = check_path(root.anchor, [between.certificate, between.issue(end=NOW - timedelta(days=1))], NOW)
    assert [each.id for each in found.reasons] == [
        "SIGNATURE_WRONG",
        "EXPIRED",
        "ISSUER_NAME",
        "NOT_AN_AUTHORITY",
        "EXPIRED",
    ]
    assert all(each.message.startswith("CN=between,O=Testers,C=BE: ") for each in found.reasons[:4])
    assert found.reasons[4].message.startswith("CN=leaf,O=Testers,C=BE: it expired on 2026-11-19 12:00:00 UTC")


def test_the_same_arguments_give_the_same_verdict() -> None:
    root, path = chain_of(3)
    anchor = replace(root.anchor, key=Authority("other").anchor.key)
    assert check_path(anchor, path, NOW) == check_path(anchor, path, NOW)


def test_signatures_are_verified_once_and_no_more_than_the_limit() -> None:
    root, path = chain_of(3)
    signatures = Signatures(3)
    assert check_path(root.anchor, path, NOW, signatures=signatures).valid
    assert check_path(root.anchor, path, NOW, signatures=signatures).valid
    with pytest.raises(PathLimitError):
        check_path(root.anchor, [root.issue()], NOW, signatures=signatures)
