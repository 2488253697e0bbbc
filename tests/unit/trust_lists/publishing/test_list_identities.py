# SPDX-License-Identifier: Apache-2.0
"""Digital identities of services: what is told beside the certificate, and what is left of it in the history."""

from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulators.own_lists import PROVIDER, new_key
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.documents.model import DigitalIdentity
from trust_lists.documents.reading import read_unverified
from trust_lists.publishing.identities import MAX_FILE_BYTES, Certificates, service_identity, without_certificates
from trust_lists.publishing.nodes import Node

PLACE = Node(None, "certificates", [])


def bare(common_name: str = "Bare") -> ListedCertificate:
    """A certificate without any extension."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    dates = builder.not_valid_before(datetime(2025, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2035, 1, 1, tzinfo=UTC))
    return listed(dates.sign(key, hashes.SHA256()))


def identity(certificate: ListedCertificate) -> DigitalIdentity:
    return service_identity(PLACE, (certificate,), authority=False)


def test_the_key_identifier_is_that_of_the_certificate_or_the_digest_of_the_key() -> None:
    key = new_key("CA", PROVIDER, authority=True)
    extension = key.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identity(listed(key.certificate)).skis == (extension.digest,)

    without = bare()
    assert without.certificate is not None
    point = without.certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert identity(without).skis == (sha1(point).digest(),)  # noqa: S324


def test_a_name_that_xml_would_not_give_back_is_left_out() -> None:
    assert identity(bare("Plain name")).subject_names == ("CN=Plain name",)
    assert identity(bare("Two\nlines")).subject_names == ()


def test_history_needs_no_identifiers_in_the_list_before() -> None:
    """Lists of other makers have the certificate only, which may even be damaged."""
    certificate = bare()
    assert without_certificates(DigitalIdentity((certificate,))) == DigitalIdentity(
        subject_names=("CN=Bare",), skis=identity(certificate).skis
    )
    assert without_certificates(DigitalIdentity((ListedCertificate(b"damaged"),))) == DigitalIdentity()
    other = DigitalIdentity(other=("https://example.org/ra",))
    assert without_certificates(other) == other


def test_every_real_certificate_leaves_a_key_identifier(corpus: Path) -> None:
    """Also those 14 that `cryptography` can't load."""
    document = read_unverified((corpus / "trust_lists" / "gen-2023-10" / "NO_sn71.xml").read_bytes())
    found = [service.current.identity for service in document.services if service.current.identity.certificates]
    assert any(each.certificates[0].certificate is None for each in found)
    assert all(without_certificates(DigitalIdentity(each.certificates)).skis for each in found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\0b", "not allowed in XML"),
        ("x" * 5000, "cannot be read"),
        ("large.pem", "too large"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read"),
        ("MI" + "A" * 302, "cannot be read"),
    ],
)
def test_what_is_no_certificate_is_said(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "large.pem").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    reasons: list[str] = []
    node = Node(yaml.ScalarNode("", text, yaml.Mark("", 0, 0, 0, None, None)), "certificates", reasons)
    assert Certificates(tmp_path).read(node) == ()
    assert told in reasons[0]
