# SPDX-License-Identifier: Apache-2.0
"""The parts of certificates: equal to what `cryptography` finds, and found where it refuses to look."""

import time
from dataclasses import replace
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, YEAR, Authority, der, refused_by_cryptography
from trust_lists.certificates.der import SEQUENCE
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import comparable, name_text
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.rfc5280 import check_path
from trust_lists.certificates.slices import CertificateSlices, cut
from trust_lists.errors import CertificateError


@cache
def sample() -> ListedCertificate:
    names = x509.SubjectAlternativeName([x509.DNSName("example.com"), x509.DirectoryName(x509.Name([]))])
    policies = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)])
    constraints = x509.NameConstraints([x509.DNSName("example.com")], [x509.RFC822Name("example.org")])
    wanted = x509.PolicyConstraints(require_explicit_policy=3, inhibit_policy_mapping=1)
    extensions = [(each, False) for each in (names, policies, constraints, wanted, x509.InhibitAnyPolicy(2))]
    return Authority("sample", path_length=3, extensions=extensions).certificate


def slices(data: bytes) -> CertificateSlices:
    found = cut(data)
    assert found is not None
    return found


def test_parts_are_those_that_cryptography_finds() -> None:
    found, expected = slices(sample().der), sample().certificate
    assert expected is not None
    assert found.version == 3
    assert int.from_bytes(found.serial, "big", signed=True) == expected.serial_number
    assert found.subject == expected.subject.public_bytes()
    assert found.issuer == expected.issuer.public_bytes()
    assert found.key == expected.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert found.dates == (NOW - 5 * YEAR, NOW + 5 * YEAR)
    assert found.signed == expected.tbs_certificate_bytes
    assert found.signature == expected.signature
    assert found.algorithm == found.inner_algorithm


def test_parts_are_found_where_cryptography_refuses_the_certificate() -> None:
    authority = Authority("odd")
    odd = refused_by_cryptography(authority.certificate, authority)
    assert odd.certificate is None
    assert slices(odd.der).key == authority.anchor.key
    assert slices(odd.der).extensions == slices(authority.certificate.der).extensions


def test_what_stands_behind_the_certificate_costs_it_its_signature_and_nothing_else() -> None:
    assert slices(sample().der + b"more") == replace(slices(sample().der), signature=b"")


def test_without_a_signature_the_key_is_found_still() -> None:
    whole = slices(sample().der)
    found = slices(der(SEQUENCE, whole.signed))
    assert (found.key, found.signature, found.algorithm) == (whole.key, b"", b"")


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x30\x03\x30\x01\x00", b"<html>", b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_certificate_has_no_parts(data: bytes) -> None:
    assert cut(data) is None


def test_a_huge_certificate_is_not_looked_into() -> None:
    assert cut(sample().der + bytes(100_000)) is None


def test_times_that_are_none_are_our_error() -> None:
    broken = ListedCertificate(sample().der.replace(slices(sample().der).validity[2:6], b"\x17\x0dXX"))
    with pytest.raises(CertificateError):
        _ = slices(broken.der).dates


def look_at(data: bytes) -> None:
    """Everything that can be asked of a certificate."""
    begin = time.thread_time()
    found = ListedCertificate(data)
    _ = (found.key, found.comparable_subject, found.comparable_issuer, found.subject_text, found.issuer_text)
    assert hash((found.comparable_subject, found.comparable_issuer)) is not None
    path_extensions(data)
    assert found.certificate is not None or found.problem
    assert not check_path(trusted().anchor, [found, found], NOW).valid
    assert time.thread_time() - begin < 5


@cache
def trusted() -> Authority:
    return Authority("trusted")


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything(data: bytes) -> None:
    look_at(data)
    look_at(b"\x30\x82" + len(data).to_bytes(2, "big") + data)
    comparable(data)
    name_text(data)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 2000),
    st.binary(max_size=3),
)
def test_no_altered_certificate_raises_anything(flips: list[tuple[int, int]], place: int, inserted: bytes) -> None:
    data = bytearray(sample().der)
    for position, byte in flips:
        data[position % len(data)] = byte
    look_at(bytes(data))
    place %= len(data)
    look_at(bytes(data[:place] + inserted + data[place:]))


@given(st.integers(0, 2000))
def test_no_cut_off_certificate_raises_anything(length: int) -> None:
    data = sample().der
    look_at(data[: length % len(data)])
