# SPDX-License-Identifier: Apache-2.0
"""The path check of RFC 5280 §6.1 on chains made for each rule: every reason by its id, with its clause and place."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.simulators.certificate_chains import (
    NOW,
    YEAR,
    Authority,
    CertificateKey,
    chain_of,
    dn,
    ec_key,
    key_usage,
    rsa_key,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.rfc5280 import PathVerdict, TrustAnchor, check_path
from trust_lists.certificates.signed import Signatures
from trust_lists.errors import PathLimitError


def policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids])


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


def test_a_demanded_policy_must_go_all_the_way_down() -> None:
    demand = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    root = Authority("root")
    first = Authority("first", root, extensions=[(demand, True), (policies("1.2.3", "1.2.4"), False)])
    assert check_path(root.anchor, [first.certificate, first.issue(extensions=[(policies("1.2.3"), False)])], NOW).valid
    other = first.issue(extensions=[(policies("1.2.5"), False)])
    assert reasons(check_path(root.anchor, [first.certificate, other], NOW)) == [("POLICY_MISSING", "6.1.3(f)", 1)]


def test_policies_of_which_nobody_demands_any_do_not_matter() -> None:
    root = Authority("root")
    first = Authority("first", root, extensions=[(policies("1.2.3"), True)])
    other = first.issue(extensions=[(policies("1.2.5"), True)])
    assert check_path(root.anchor, [first.certificate, other], NOW).valid


def test_any_policy_is_mapped_to_nothing() -> None:
    mapping = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), bytes.fromhex("300c300a0604551d200006022a03"))
    root = Authority("root")
    first = Authority("first", root, extensions=[(mapping, True)])
    found = check_path(root.anchor, [first.certificate, first.issue()], NOW)
    assert reasons(found) == [("POLICY_MAPPING_ANY", "6.1.4(a)", 0)]


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
    assert check_path(root.anchor, path, NOW, signatures).valid
    assert check_path(root.anchor, path, NOW, signatures).valid
    with pytest.raises(PathLimitError):
        check_path(root.anchor, [root.issue()], NOW, signatures)
