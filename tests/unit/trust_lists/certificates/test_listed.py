# SPDX-License-Identifier: Apache-2.0
"""Certificates of lists, loadable or not."""

import hashlib
import warnings

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.simulators.certificate_chains import Authority, dn, refused_by_cryptography
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.certificates.names import comparable_name


def test_a_certificate_is_its_bytes() -> None:
    one = Authority("one").certificate
    assert one == ListedCertificate(one.der)
    assert one != Authority("one").certificate
    assert one.sha256 == hashlib.sha256(one.der).hexdigest()


def test_a_loadable_certificate_has_no_problem() -> None:
    authority = Authority("one")
    found = authority.certificate
    assert found.certificate is not None
    assert found.problem == ""
    assert found.comparable_subject == comparable_name(authority.name)
    assert found.subject_text == "CN=one,O=Testers,C=BE"


def test_a_certificate_that_is_refused_keeps_all_that_a_match_needs() -> None:
    root = Authority("root")
    authority = Authority("odd", root)
    odd = refused_by_cryptography(authority.certificate, root)
    assert odd.certificate is None
    assert "cannot be read" in odd.problem
    assert odd.key == authority.anchor.key
    assert odd.comparable_subject == authority.anchor.name
    assert odd.comparable_issuer == root.anchor.name
    assert (odd.subject_text, odd.issuer_text) == ("CN=odd,O=Testers,C=BE", "CN=root,O=Testers,C=BE")
    assert odd.subject_values(NameOID.COMMON_NAME) == ("odd",)
    assert odd.issuer_values(NameOID.COUNTRY_NAME) == ("BE",)


@pytest.mark.parametrize("data", [b"", b"no certificate", b"\x30\x03\x02\x01\x01"])
def test_what_is_no_certificate_has_a_problem_and_nothing_else(data: bytes) -> None:
    found = ListedCertificate(data)
    assert found.certificate is None
    assert found.problem
    assert found.slices is None
    assert (found.key, found.comparable_subject, found.comparable_issuer) == (b"", (), ())
    assert (found.subject_text, found.issuer_text) == ("", "")
    assert found.subject_values("2.5.4.3") == found.issuer_values("2.5.4.3") == ()


def test_names_of_more_than_64_characters_are_no_reason_to_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # such a name is warned of when it is made, and again when it is read
        long_name = x509.Name([x509.NameAttribute(NameOID.STREET_ADDRESS, "x" * 100), *dn("y" * 64)])
        certificate = Authority(long_name).certificate
    assert certificate.certificate is not None
    assert certificate.subject_values(NameOID.STREET_ADDRESS) == ("x" * 100,)


def test_any_certificate_can_be_taken_as_a_listed_one() -> None:
    certificate = Authority("one").certificate
    assert certificate.certificate is not None
    assert listed(certificate.certificate) == certificate
    assert listed(certificate) is certificate
