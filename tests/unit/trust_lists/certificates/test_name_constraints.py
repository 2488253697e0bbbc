# SPDX-License-Identifier: Apache-2.0
"""Constraints of names (RFC 5280 §4.2.1.10), each form by its own rule."""

import ipaddress
import time

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from tests.simulators.certificate_chains import Authority, der, dn
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.name_constraints import Subtrees
from trust_lists.certificates.path_extensions import GeneralName, NameConstraints, path_extensions

OTHERS = x509.OtherName(ObjectIdentifier("1.2.3"), b"\x05\x00")
IP4, IP6 = ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")


def leaf(*names: x509.GeneralName, subject: x509.Name | str = "leaf") -> ListedCertificate:
    extensions = [(x509.SubjectAlternativeName(names), False)] if names else []
    return Authority("root").issue(subject, extensions=extensions)


def subtrees(permitted: x509.GeneralName | None = None, excluded: x509.GeneralName | None = None) -> Subtrees:
    constraints = x509.NameConstraints([permitted] if permitted else None, [excluded] if excluded else None)
    authority = Authority("authority", extensions=[(constraints, True)])
    return Subtrees().within(path_extensions(authority.certificate.der).constraints)


def found(trees: Subtrees, certificate: ListedCertificate) -> list[str]:
    return [reason_id for reason_id, _ in (*trees.not_permitted(certificate), *trees.not_excluded(certificate))]


def ip(value: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(value))


WITHIN = [
    (x509.DNSName("example.com"), x509.DNSName("example.com")),
    (x509.DNSName("Example.com"), x509.DNSName("www.EXAMPLE.com")),
    (x509.DNSName(".example.com"), x509.DNSName("www.example.com")),
    (x509.DNSName("example.com"), x509.DNSName("*.example.com")),
    (x509.RFC822Name("example.com"), x509.RFC822Name("anna@Example.com")),
    (x509.RFC822Name(".example.com"), x509.RFC822Name("anna@mail.example.com")),
    (x509.RFC822Name("anna@example.com"), x509.RFC822Name("anna@EXAMPLE.com")),
    (x509.UniformResourceIdentifier("example.com"), x509.UniformResourceIdentifier("https://example.com:1/x")),
    (x509.UniformResourceIdentifier(".example.com"), x509.UniformResourceIdentifier("https://u@a.example.com?x")),
    (x509.IPAddress(IP4), ip("192.0.2.7")),
    (x509.IPAddress(IP6), ip("2001:db8::1")),
    (x509.DirectoryName(x509.Name(list(dn("x", "ACME"))[:2])), x509.DirectoryName(dn("y", "acme"))),
]
OUTSIDE = [
    (x509.DNSName("example.com"), x509.DNSName("badexample.com")),
    (x509.DNSName("www.example.com"), x509.DNSName("example.com")),
    (x509.RFC822Name("example.com"), x509.RFC822Name("anna@mail.example.com")),
    (x509.RFC822Name(".example.com"), x509.RFC822Name("anna@example.com")),
    (x509.RFC822Name("anna@example.com"), x509.RFC822Name("Anna@example.com")),
    (x509.UniformResourceIdentifier("example.com"), x509.UniformResourceIdentifier("https://www.example.com/")),
    (x509.IPAddress(IP4), ip("192.0.3.7")),
    (x509.IPAddress(IP4), ip("2001:db8::1")),
    (x509.DirectoryName(dn("x", "ACME")), x509.DirectoryName(dn("y", "acme"))),
]
EMAIL, DNS, URI, IP = 1, 2, 6, 7
UNCLEAR = [
    (DNS, "www.example.com", "*.example.com"),
    (DNS, "example.com", ".example.com"),
    (DNS, "example.com", "www..example.com"),
    (DNS, "example.com", "www.ex\u00e4mple.com"),
    (EMAIL, "example.com", "example.com"),
    (EMAIL, "example.com", "a@b@example.com"),
    (URI, "example.com", "https://192.0.2.1/"),
    (URI, "example.com", "https://[::1]/"),
    (URI, "example.com", "urn:example.com"),
    (URI, "example.com", "example.com"),
    (IP, "12345678", "12345"),
    (IP, "1234567", "1234"),
]


@pytest.mark.parametrize(("base", "name"), WITHIN)
def test_names_within_a_subtree_are_permitted_and_excluded(base: x509.GeneralName, name: x509.GeneralName) -> None:
    assert found(subtrees(permitted=base), leaf(name, subject=x509.Name([]))) == []
    assert found(subtrees(excluded=base), leaf(name, subject=x509.Name([]))) == ["NAME_EXCLUDED"]


@pytest.mark.parametrize(("base", "name"), OUTSIDE)
def test_names_outside_of_a_subtree_are_not(base: x509.GeneralName, name: x509.GeneralName) -> None:
    assert found(subtrees(permitted=base), leaf(name, subject=x509.Name([]))) == ["NAME_NOT_PERMITTED"]
    assert found(subtrees(excluded=base), leaf(name, subject=x509.Name([]))) == []


@pytest.mark.parametrize(("kind", "base", "name"), UNCLEAR)
def test_names_that_make_no_sense_or_span_a_subtree_fail_both(kind: int, base: str, name: str) -> None:
    names = der(0x30, der(0x80 | kind, name.encode()))
    extension = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), names)
    certificate = Authority("root").issue(extensions=[(extension, False)])
    subtree = (GeneralName(kind, base.encode()),)
    assert found(Subtrees(permitted=(subtree,)), certificate) == ["NAME_NOT_PERMITTED"]
    assert found(Subtrees(excluded=subtree), certificate) == ["NAME_EXCLUDED"]


@pytest.mark.parametrize(("kind", "name"), [(EMAIL, "a@b.example"), (DNS, "b.example"), (URI, "x://b.example")])
def test_an_empty_subtree_has_all_names_of_its_form(kind: int, name: str) -> None:
    names = der(0x30, der(0x80 | kind, name.encode()))
    extension = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), names)
    certificate = Authority("root").issue(extensions=[(extension, False)])
    assert found(Subtrees(permitted=((GeneralName(kind, b""),),)), certificate) == []
    assert found(Subtrees(excluded=(GeneralName(kind, b""),)), certificate) == ["NAME_EXCLUDED"]


def test_names_of_other_forms_are_free() -> None:
    assert found(subtrees(permitted=x509.DNSName("example.com")), leaf(x509.RFC822Name("a@b.example"))) == []


def test_a_form_that_nobody_compares_fails_where_it_is_constrained() -> None:
    assert found(subtrees(permitted=OTHERS), leaf(OTHERS)) == ["NAME_CONSTRAINT_UNSUPPORTED"]
    assert found(subtrees(permitted=OTHERS), leaf(x509.DNSName("example.com"))) == []
    assert found(subtrees(permitted=x509.DNSName("example.com")), leaf(OTHERS)) == []


def test_other_names_of_two_types_are_of_two_forms() -> None:
    principal = x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a")
    assert found(subtrees(permitted=OTHERS), leaf(principal)) == []
    assert found(subtrees(excluded=OTHERS), leaf(principal)) == []
    assert found(subtrees(excluded=principal), leaf(principal, OTHERS)) == ["NAME_CONSTRAINT_UNSUPPORTED"]


def test_an_other_name_without_a_type_may_be_of_any() -> None:
    broken = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), der(0x30, der(0xA0, b"\x04\x00")))
    certificate = Authority("root").issue(extensions=[(broken, False)])
    assert found(subtrees(permitted=OTHERS), certificate) == ["NAME_CONSTRAINT_UNSUPPORTED"]
    assert found(Subtrees(excluded=(GeneralName(0, b"\x04\x00"),)), leaf(OTHERS)) == ["NAME_CONSTRAINT_UNSUPPORTED"]


def mailbox(value: bytes) -> x509.OtherName:
    return x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.9"), value)


def test_addresses_with_any_letters_are_constrained_as_addresses_are() -> None:
    name = mailbox(der(0x0C, "pär@mail.example.com".encode()))
    assert found(subtrees(permitted=x509.RFC822Name(".example.com")), leaf(name)) == []
    assert found(subtrees(permitted=x509.RFC822Name("example.com")), leaf(name)) == ["NAME_NOT_PERMITTED"]
    assert found(subtrees(excluded=x509.RFC822Name("mail.example.com")), leaf(name)) == ["NAME_EXCLUDED"]
    assert found(subtrees(excluded=x509.RFC822Name("other.example")), leaf(name)) == []


@pytest.mark.parametrize(
    "value", [der(0x0C, b"a@\xc3\xa4.example"), der(0x0C, b"\xff@b.example"), der(0x0C, b"nobody"), b"\x30\x00"]
)
def test_addresses_that_make_no_sense_are_neither_permitted_nor_known_not_to_be_excluded(value: bytes) -> None:
    trees = subtrees(x509.RFC822Name("b.example"), x509.RFC822Name("c.example"))
    assert found(trees, leaf(mailbox(value))) == ["NAME_NOT_PERMITTED", "NAME_EXCLUDED"]


def test_an_address_that_cannot_be_read_is_within_nothing() -> None:
    kind = bytes.fromhex("06082b06010505070809")
    for rest in (b"", b"\xa0\x00", b"\xa0\x05\x0c"):
        names = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), der(0x30, der(0xA0, kind + rest)))
        certificate = Authority("root").issue(extensions=[(names, False)])
        assert found(subtrees(permitted=x509.RFC822Name("b.example")), certificate) == ["NAME_NOT_PERMITTED"]


def test_a_directory_name_that_cannot_be_read_fails_both() -> None:
    names = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.17"), der(0x30, der(0xA4, b"\x30\x02\x04\x00")))
    certificate = Authority("root").issue(x509.Name([]), extensions=[(names, False)])
    base = x509.DirectoryName(dn("x"))
    assert found(subtrees(base, base), certificate) == ["NAME_NOT_PERMITTED", "NAME_EXCLUDED"]


def test_subtrees_are_told_by_form() -> None:
    trees = Subtrees.initial((GeneralName(2, b"example.com"),), (GeneralName(7, bytes(8)), GeneralName(4, b"\x30\x00")))
    assert trees.texts == {
        "permitted": [["DNS:'example.com'"]],
        "excluded": ["IP:00:00:00:00:00:00:00:00", "directory:a directory name"],
    }


def test_a_subject_is_a_directory_name_too() -> None:
    trees = subtrees(permitted=x509.DirectoryName(x509.Name(list(dn("x", "ACME"))[:2])))
    assert found(trees, leaf(subject=dn("y", "acme"))) == []
    assert found(trees, leaf(subject=dn("y", "other"))) == ["NAME_NOT_PERMITTED"]
    assert found(trees, leaf(subject=x509.Name([]))) == []


def test_an_address_in_the_subject_counts_if_there_are_no_alternative_names() -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "anna@other.example")])
    trees = subtrees(permitted=x509.RFC822Name("example.com"))
    assert found(trees, leaf(subject=subject)) == ["NAME_NOT_PERMITTED"]
    assert found(trees, leaf(x509.DNSName("a.example"), subject=subject)) == []


def test_authorities_narrow_what_those_above_them_permit() -> None:
    trees = subtrees(permitted=x509.DNSName("example.com")).within(
        NameConstraints(permitted=(GeneralName(2, b"a.example.com"), GeneralName(2, b"b.example.com")))
    )
    assert found(trees, leaf(x509.DNSName("x.b.example.com"))) == []
    assert found(trees, leaf(x509.DNSName("c.example.com"))) == ["NAME_NOT_PERMITTED"]
    wider = trees.within(NameConstraints(permitted=(GeneralName(2, b"org"),)))
    assert found(wider, leaf(x509.DNSName("x.org"))) == ["NAME_NOT_PERMITTED"]


def test_too_many_names_and_constraints_are_not_compared() -> None:
    names = tuple(GeneralName(2, f"{number}.example".encode()) for number in range(2000))
    certificate = leaf(*(x509.DNSName(f"x{number}.example") for number in range(100)))
    begin = time.thread_time()
    assert found(Subtrees().within(NameConstraints(excluded=names)), certificate) == ["NAME_CONSTRAINTS_TOO_MANY"]
    assert time.thread_time() - begin < 10
