# SPDX-License-Identifier: Apache-2.0
"""The test PKI: shaped like the real one, good for paths and TLS, its secrets readable by their owner only."""

import ipaddress
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.demo.pki import DemoPki, build_demo_pki, identity_pem, new_ec_key, new_root
from trust_lists.certificates.building import CertificatePath, Issuers, build_paths
from trust_lists.certificates.listed import listed
from trust_lists.certificates.parsing import key_usages, load_certificate, load_signing_key, subject_text
from trust_lists.certificates.rfc5280 import TrustAnchor

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def paths(pki: DemoPki, certificate: x509.Certificate, chain: Iterable[x509.Certificate] = ()) -> list[CertificatePath]:
    """The valid ones up to the root."""
    root = TrustAnchor.of(listed(pki.root.certificate))
    assert root is not None
    found = build_paths(listed(certificate), Issuers.among([root], map(listed, chain)), NOW)
    return [each for each in found if each.verdict.valid]


@pytest.fixture(scope="module")
def pki() -> DemoPki:
    return build_demo_pki(NOW)


def test_every_certificate_leads_to_the_root(pki: DemoPki) -> None:
    for identity in (pki.smp, pki.tls, *pki.access_points):
        (found,) = paths(pki, identity.certificate, identity.chain)
        above = {listed(pki.root.certificate), *found.certificates[:-1]}
        assert above >= set(map(listed, identity.chain)) >= above - {listed(pki.root.certificate)}


def test_names_follow_peppol(pki: DemoPki) -> None:
    assert subject_text(pki.smp.certificate) == "CN=SMP_DEMO000001,OU=PEPPOL TEST SMP,O=Demo,C=BE"
    assert [subject_text(each.certificate) for each in pki.access_points] == [
        "CN=POP000001,OU=PEPPOL TEST AP,O=Demo,C=BE",
        "CN=POP000002,OU=PEPPOL TEST AP,O=Demo,C=BE",
    ]


def test_smp_and_access_points_have_rsa_keys_for_signing_and_tls_clients(pki: DemoPki) -> None:
    for identity in (pki.smp, *pki.access_points):
        assert isinstance(identity.private_key, RSAPrivateKey)
        assert identity.private_key.key_size == 2048
        assert "digital_signature" in (key_usages(identity.certificate) or ())
        purposes = identity.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_tls_certificate_is_for_loopback(pki: DemoPki) -> None:
    names = pki.tls.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    loopback = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    assert names.get_values_for_type(x509.IPAddress) == loopback


def test_authorities_for_leaves_cannot_make_authorities(pki: DemoPki) -> None:
    for authority, length in ((pki.root, 1), (pki.smp_ca, 0), (pki.ap_ca, 0)):
        constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert (constraints.value.ca, constraints.value.path_length) == (True, length)


def test_certificates_can_be_issued_for_any_time_and_authority(pki: DemoPki) -> None:
    day = timedelta(days=1)
    expired = pki.smp_ca.issue("old", not_before=NOW - 9 * day, not_after=NOW - day, key=pki.smp.private_key)
    foreign = new_root(NOW).issue("far", not_before=NOW, not_after=NOW + day, key=new_ec_key(), country="XX")
    assert expired.certificate.not_valid_after_utc == NOW - day
    assert subject_text(foreign.certificate) == "CN=far,O=Demo,C=XX"
    assert paths(pki, foreign.certificate) == []


def test_files_hold_what_they_are_named_after(pki: DemoPki, tmp_path: Path) -> None:
    files = pki.write(tmp_path / "made" / "for it")
    assert load_certificate(files.root.read_bytes()) == pki.root.certificate
    assert load_certificate(files.smp_ca.read_bytes()) == pki.smp_ca.certificate
    assert load_certificate(files.ap_ca.read_bytes()) == pki.ap_ca.certificate
    assert load_signing_key(files.smp).certificate == pki.smp.certificate
    assert load_signing_key(files.smp).chain == (pki.smp_ca.certificate, pki.root.certificate)
    for path, identity in zip(files.access_points, pki.access_points, strict=True):
        assert path.read_bytes() == identity_pem(identity)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.tls_certificate, files.tls_key)
    ssl.create_default_context(cafile=str(files.root)).load_cert_chain(files.smp)


def test_files_with_keys_are_for_their_owner_only_even_when_replaced(pki: DemoPki, tmp_path: Path) -> None:
    (tmp_path / "smp.pem").write_bytes(b"")
    (tmp_path / "smp.pem").chmod(0o644)
    files = pki.write(tmp_path)
    for path in (files.smp, files.tls_key, *files.access_points):
        assert path.stat().st_mode & 0o777 == 0o600
    assert all(b"PRIVATE" not in path.read_bytes() for path in (files.root, files.smp_ca, files.tls_certificate))
