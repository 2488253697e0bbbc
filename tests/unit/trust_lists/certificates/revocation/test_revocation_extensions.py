# SPDX-License-Identifier: Apache-2.0
"""What a certificate says about where its status is told, and about what its key may sign."""

import contextlib

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import Authority, dn, key_usage
from tests.simulators.revocation_evidence import point, points, responder_of, uri
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import comparable_name
from trust_lists.certificates.path_extensions import split
from trust_lists.certificates.revocation.distribution_points import (
    ALL_REASONS,
    PointName,
    directory,
    distribution_points,
    issuing_distribution_point,
)
from trust_lists.certificates.revocation.extensions import revocation_extensions
from trust_lists.errors import CertificateError

ROOT = Authority("root")
OCSP, ISSUERS = AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS


def access(*found: tuple[x509.ObjectIdentifier, str]) -> tuple[x509.ExtensionType, bool]:
    return x509.AuthorityInformationAccess([x509.AccessDescription(kind, uri(text)) for kind, text in found]), False


def unread(oid: str, value: bytes = b"\x30\x01") -> tuple[x509.ExtensionType, bool]:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False


def test_the_places_to_ask_are_told_in_their_order() -> None:
    several = points(point(uri("http://crl.test/b"), uri("ldap://crl.test")), point(uri("http://crl.test/a")))
    leaf = ROOT.issue(extensions=[several, access((ISSUERS, "http://ca.test"), (OCSP, "http://ocsp.test"))])
    found = revocation_extensions(leaf.der)
    assert found.crl_urls == ("http://crl.test/b", "ldap://crl.test", "http://crl.test/a")
    assert found.ocsp_urls == ("http://ocsp.test",)
    assert found.declared


@pytest.mark.parametrize(
    ("extension", "declared"),
    [
        (access((ISSUERS, "http://ca.test")), False),
        (access((OCSP, "http://ocsp.test")), True),
        (unread("2.5.29.31"), True),
        (unread("1.3.6.1.5.5.7.1.1"), False),
        (unread("2.5.29.9"), False),
    ],
    ids=["issuers only", "OCSP", "broken points", "broken access", "nothing"],
)
def test_it_is_declared_where_to_ask_or_not(extension: tuple[x509.ExtensionType, bool], declared: bool) -> None:
    found = revocation_extensions(ROOT.issue(extensions=[extension]).der)
    assert found.declared is declared


def test_broken_distribution_points_are_told() -> None:
    found = revocation_extensions(ROOT.issue(extensions=[unread("2.5.29.31")]).der)
    assert (found.points, bool(found.points_broken)) == ((), True)


def test_usages_say_what_a_key_may_sign() -> None:
    def may_sign(certificate: ListedCertificate) -> tuple[bool, bool]:
        found = revocation_extensions(certificate.der)
        return found.may_sign_crls, found.ocsp_signing

    for_ocsp = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    assert may_sign(ROOT.certificate) == (True, False)
    assert may_sign(ROOT.issue(extensions=[(key_usage("key_cert_sign"), True)])) == (False, False)
    assert may_sign(ROOT.issue(extensions=[(for_ocsp, False)])) == (True, True)
    assert may_sign(responder_of(ROOT, usage="content_commitment").certificate) == (False, True)
    assert may_sign(responder_of(ROOT, usage="key_agreement").certificate) == (False, False)
    any_purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
    assert may_sign(ROOT.issue(extensions=[(any_purpose, False)])) == (True, False)


@pytest.mark.parametrize("oid", ["2.5.29.15", "2.5.29.37"])
def test_usages_that_cannot_be_read_are_refused(oid: str) -> None:
    with pytest.raises(CertificateError):
        revocation_extensions(ROOT.issue(extensions=[unread(oid)]).der)


def test_what_has_no_extensions_that_can_be_found_is_refused() -> None:
    with pytest.raises(CertificateError):
        revocation_extensions(b"no certificate")


@pytest.mark.parametrize(
    "extensions",
    ["3003300155", "300730050603551d1f", "30183009" + "0603551d1f04023000" + "300b0603551d1f04043002" + "0500"],
)
def test_extensions_that_cannot_be_taken_apart_are_refused(extensions: str) -> None:
    with pytest.raises(CertificateError):
        split(bytes.fromhex(extensions))


def test_reasons_are_numbered_by_their_bits() -> None:
    flags = x509.ReasonFlags
    some = point(uri("http://crl.test"), reasons=frozenset({flags.key_compromise, flags.aa_compromise}))
    (found,) = distribution_points(x509.CRLDistributionPoints([some]).public_bytes())
    assert found.reasons == {1, 8}
    assert found.reasons < ALL_REASONS


def test_a_point_without_a_name_is_at_its_crl_issuer() -> None:
    issuer, other = dn("issuer"), dn("other")
    (found,) = distribution_points(
        x509.CRLDistributionPoints([point(crl_issuer=[x509.DirectoryName(issuer)])]).public_bytes()
    )
    assert found.places(comparable_name(other)) == {directory(comparable_name(issuer))}


def test_a_relative_name_is_below_the_crl_issuer() -> None:
    issuer, other, shard = dn("issuer"), dn("other"), dn("shard").rdns[-1]
    (found,) = distribution_points(
        x509.CRLDistributionPoints([point(relative_name=shard, crl_issuer=[x509.DirectoryName(issuer)])]).public_bytes()
    )
    below = comparable_name(x509.Name([*issuer.rdns, shard]))  # type: ignore[list-item]
    assert found.places(comparable_name(other)) == {directory(below)}
    assert PointName(relative=comparable_name(x509.Name([shard]))).places(  # type: ignore[list-item]
        comparable_name(issuer)
    ) == {directory(below)}


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (distribution_points, issuing_distribution_point, split):
        for each in (data, b"\x30" + bytes([len(data)]) + data):
            with contextlib.suppress(CertificateError):
                read(each)
