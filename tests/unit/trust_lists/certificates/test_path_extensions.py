# SPDX-License-Identifier: Apache-2.0
"""Extensions that decide about paths: read one by one, so that a broken one costs nothing but itself."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from tests.simulators.certificate_chains import Authority, der
from trust_lists.certificates import path_extensions as ext
from trust_lists.certificates.path_extensions import GeneralName, PathExtensions, PolicyQualifier, path_extensions


def of(*extensions: x509.ExtensionType, critical: bool = False) -> PathExtensions:
    leaf = Authority("root").issue(extensions=[(each, critical) for each in extensions])
    return path_extensions(leaf.der)


def raw(oid: str, value: str) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), bytes.fromhex(value))


def test_absent_extensions_leave_the_defaults() -> None:
    found = of(raw("1.2.3", "0500"))
    assert found == PathExtensions()


def test_an_authority_may_say_how_far_it_reaches() -> None:
    found = path_extensions(Authority("root", path_length=2).certificate.der)
    assert (found.authority, found.path_length, found.may_sign_certificates) == (True, 2, True)


@pytest.mark.parametrize(
    ("value", "authority", "length"),
    [
        ("3000", False, None),
        ("3003010100", False, None),  # a default that is written out
        ("3003010101", True, None),  # a truth that isn't DER
        ("30060101ff020100", True, 0),
        ("3003020105", False, 5),
    ],
)
def test_basic_constraints_are_read_as_they_are_written(value: str, authority: bool, length: int | None) -> None:
    found = of(raw(ext.BASIC_CONSTRAINTS, value))
    assert (found.authority, found.path_length, found.broken) == (authority, length, {})


def test_policies_are_read_past_broken_qualifiers() -> None:
    found = of(raw(ext.POLICIES, "300a300806022a0330020c50"))
    assert found.policies == {"1.2.3"}
    assert found.broken == {}


def test_qualifiers_are_read_by_policy() -> None:
    reference = x509.UserNotice(x509.NoticeReference("Testers", [1]), "Ein Hinweis für Leser")
    found = of(
        x509.CertificatePolicies(
            [
                x509.PolicyInformation(ObjectIdentifier("1.2.3"), ["https://cps.example", reference]),
                x509.PolicyInformation(ObjectIdentifier("1.2.4"), None),
                x509.PolicyInformation(ObjectIdentifier("1.2.5"), [x509.UserNotice(None, "x" * 300)]),
                x509.PolicyInformation(ObjectIdentifier("1.2.6"), [x509.UserNotice(None, None)]),
            ]
        )
    )
    assert found.policies == {"1.2.3", "1.2.4", "1.2.5", "1.2.6"}
    assert {policy: [each.notice for each in told] for policy, told in found.qualifiers.items()} == {
        "1.2.3": ["", "Ein Hinweis für Leser"],
        "1.2.5": ["x" * 300],
        "1.2.6": [""],
    }
    assert [each.practice_statement for each in found.qualifiers["1.2.3"]] == ["https://cps.example", ""]


@pytest.mark.parametrize("value", ["", "30", "0c0161", "3000", "3003040161", "30030c01ff", "30000c01ff"])
def test_qualifiers_that_make_no_sense_say_nothing(value: str) -> None:
    assert PolicyQualifier(ext.USER_NOTICE, bytes.fromhex(value)).notice == ""
    assert PolicyQualifier(ext.PRACTICE_STATEMENT, bytes.fromhex(value)[2:]).practice_statement == ""


def test_mappings_and_counts_are_read() -> None:
    found = of(
        raw(ext.POLICY_MAPPINGS, "300a300806022a0306022a04"),
        x509.PolicyConstraints(require_explicit_policy=1, inhibit_policy_mapping=0),
        x509.InhibitAnyPolicy(3),
    )
    assert found.mappings == (("1.2.3", "1.2.4"),)
    assert (found.require_explicit_policy, found.inhibit_policy_mapping, found.inhibit_any_policy) == (1, 0, 3)


def test_names_are_read_with_their_kind() -> None:
    inner = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "BE")])
    found = of(
        x509.SubjectAlternativeName(
            [x509.DNSName("a.example"), x509.RFC822Name("x@a.example"), x509.DirectoryName(inner)]
        )
    )
    assert found.has_alternative_names
    assert found.alternative_names == (
        GeneralName(2, b"a.example"),
        GeneralName(1, b"x@a.example"),
        GeneralName(4, inner.public_bytes()),
    )


def test_key_identifiers_are_hints_only() -> None:
    authority = Authority("root")
    key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    leaf = authority.issue(extensions=[(key, False)])
    assert path_extensions(leaf.der).authority_key == path_extensions(authority.certificate.der).subject_key != b""
    assert of(raw(ext.SUBJECT_KEY, "ff"), raw(ext.AUTHORITY_KEY, "ff")) == PathExtensions()


def test_critical_extensions_are_told_known_or_not() -> None:
    assert of(raw("1.2.3", "0500"), x509.InhibitAnyPolicy(0), critical=True).critical == {
        "1.2.3",
        ext.INHIBIT_ANY_POLICY,
    }


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (ext.BASIC_CONSTRAINTS, "04"),
        (ext.BASIC_CONSTRAINTS, "30060101ff0201ff"),
        (ext.KEY_USAGE, "0300"),
        (ext.ALTERNATIVE_NAME, "30020c00"),
        (ext.ALTERNATIVE_NAME, "3002a400"),
        (ext.NAME_CONSTRAINTS, "3004a0023000"),
        (ext.NAME_CONSTRAINTS, "3008a00630048200a005"),
        (ext.NAME_CONSTRAINTS, "300ba0093007820161800105"),
        (ext.POLICIES, "30023000"),
        (ext.POLICY_MAPPINGS, "3006300406022a03"),
        (ext.POLICY_CONSTRAINTS, "30038001ff"),
        (ext.INHIBIT_ANY_POLICY, "0500"),
    ],
)
def test_what_can_not_be_read_is_told_and_nothing_else_suffers(oid: str, value: str) -> None:
    found = of(raw(oid, value), raw("1.2.3", "0500"))
    assert set(found.broken) == {oid}


@pytest.mark.parametrize(
    "extensions",
    [
        der(0x30, der(0x30, bytes.fromhex("06022a03"))),
        der(0x30, der(0x30, bytes.fromhex("06022a0304000500")) * 2),
        der(0x30, der(0x30, bytes.fromhex("06022a030400")) * 2),
        der(0x30, b"\x04\x00"),
        b"\x30\x05",
    ],
)
def test_extensions_that_can_not_be_told_apart_are_all_broken(extensions: bytes) -> None:
    good = Authority("root").issue(extensions=[(x509.InhibitAnyPolicy(0), False)])
    assert good.slices is not None
    assert good.slices.extensions
    inner = good.slices.signed[4:].replace(der(0xA3, good.slices.extensions), der(0xA3, extensions))
    assert set(path_extensions(der(0x30, der(0x30, inner))).broken) == {""}


def test_a_certificate_without_parts_has_broken_extensions() -> None:
    assert set(path_extensions(b"junk").broken) == {""}
