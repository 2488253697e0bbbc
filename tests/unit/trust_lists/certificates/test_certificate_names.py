# SPDX-License-Identifier: Apache-2.0
"""Names, equal as RFC 5280 §7.1 wants it."""

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import Authority, der, dn
from trust_lists.certificates import parsing
from trust_lists.certificates.names import (
    attribute_values,
    comparable,
    comparable_name,
    comparable_text,
    name_text,
)

ORGANIZATION = NameOID.ORGANIZATION_NAME


def organization(value: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    return x509.Name([x509.NameAttribute(ORGANIZATION, value, kind)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme TSP", "ACME  tsp "),
        ("Acme\tTSP", "acme tsp"),
        ("Straße", "STRASSE"),
        ("Česká pošta", "C\u030ceska\u0301 pos\u030cta"),
        ("\uff21\uff23\uff2d\uff25", "acme"),
        ("Ac\u00adme\u200b", "acme"),
        ("Acme\u00a0TSP", "acme tsp"),
        ("ǅ", "dž"),
    ],
)
def test_case_white_space_and_form_do_not_count(one: str, other: str) -> None:
    assert comparable_text(one) == comparable_text(other)


@pytest.mark.parametrize(("one", "other"), [("Acme TSP", "AcmeTSP"), ("Acme", "Acme."), ("é", "e"), ("", "x")])
def test_other_characters_count(one: str, other: str) -> None:
    assert comparable_text(one) != comparable_text(other)


@given(st.text())
def test_a_comparable_text_is_its_own_comparable_text(value: str) -> None:
    assert comparable_text(comparable_text(value)) == comparable_text(value)
    assert comparable_text(f"  {value}\t") == comparable_text(value)


def test_the_kind_of_string_does_not_count() -> None:
    kinds = [_ASN1Type.UTF8String, _ASN1Type.PrintableString, _ASN1Type.BMPString, _ASN1Type.T61String]
    assert len({comparable_name(organization("Acme", kind)) for kind in kinds}) == 1


def test_type_and_order_of_attributes_count() -> None:
    unit = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Acme")])
    assert comparable_name(organization("Acme")) != comparable_name(unit)
    assert comparable_name(dn("x")) != comparable_name(x509.Name(list(dn("x"))[::-1]))


def test_the_order_within_an_rdn_does_not_count() -> None:
    one, other = (x509.NameAttribute(ORGANIZATION, "a"), x509.NameAttribute(NameOID.COMMON_NAME, "b"))
    names = [x509.Name([x509.RelativeDistinguishedName(pair)]) for pair in ((one, other), (other, one))]
    assert comparable_name(names[0]) == comparable_name(names[1])


def test_a_name_that_can_not_be_read_equals_only_itself() -> None:
    assert comparable(b"\x30\x05ab") == comparable(b"\x30\x05ab")
    assert comparable(b"\x30\x05ab") != comparable(b"\x30\x05ac")
    assert comparable(b"\x30\x00") == ()


def test_values_that_are_no_text_are_compared_by_their_bytes() -> None:
    def name(value: bytes) -> bytes:
        return der(0x30, der(0x31, der(0x30, bytes.fromhex("060355042d") + value)))

    assert comparable(name(b"\x03\x02\x00\x01")) == comparable(name(b"\x03\x02\x00\x01"))
    assert comparable(name(b"\x03\x02\x00\x01")) != comparable(name(b"\x03\x02\x00\x02"))
    assert name_text(name(b"\x03\x02\x00\x01")) == "2.5.4.45=#03020001"
    assert attribute_values(name(b"\x03\x02\x00\x01"), "2.5.4.45") == ()


def test_attribute_values_are_those_of_a_type_in_their_order() -> None:
    name = x509.Name([*organization("One"), *organization("Two"), *dn("x", "Three")])
    assert attribute_values(name, ORGANIZATION) == ("One", "Two", "Three")
    assert attribute_values(name.public_bytes(), "2.5.4.10") == ("One", "Two", "Three")
    assert attribute_values(name, NameOID.SURNAME) == ()
    assert attribute_values(b"junk", ORGANIZATION) == ()


@pytest.mark.parametrize("value", ["plain", "a,b", "a+b", 'say "x"', "#first", " both ", "back\\slash", "<a;b>"])
def test_a_name_is_written_as_everywhere_else(value: str) -> None:
    certificate = Authority(dn(value, "Ö + Co")).certificate
    assert certificate.certificate is not None
    assert certificate.subject_text == parsing.subject_text(certificate.certificate)


def test_a_name_that_can_not_be_read_has_no_text() -> None:
    assert name_text(b"junk") == ""
