# SPDX-License-Identifier: Apache-2.0
"""Certificates, keys and service metadata to start from; keys are made anew for every run."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from trust_lists.certificates.parsing import SigningKey


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(start).not_valid_after(start + timedelta(days=3650)).sign(key, hashes.SHA256())


@pytest.fixture(scope="session")
def der() -> bytes:
    """The DER bytes of an endpoint's certificate."""
    return _certificate(ec.generate_private_key(ec.SECP256R1()), "AP").public_bytes(Encoding.DER)


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """The key of an SMP."""
    key = rsa.generate_private_key(65537, 2048)
    return SigningKey(key, _certificate(key, "SMP"))


@pytest.fixture(scope="session")
def ec_signing_key() -> SigningKey:
    """A key that Peppol does not sign with."""
    key = ec.generate_private_key(ec.SECP256R1())
    return SigningKey(key, _certificate(key, "SMP"))


@pytest.fixture(scope="session")
def participant() -> ParticipantIdentifier:
    return ParticipantIdentifier("iso6523-actorid-upis", "9915:Test")


@pytest.fixture(scope="session")
def document_type() -> DocumentTypeIdentifier:
    return DocumentTypeIdentifier("busdox-docid-qns", "urn:example:Invoice-2::Invoice##urn:cen.eu:en16931:2017::2.1")


@pytest.fixture(scope="session")
def endpoint(der: bytes) -> Endpoint:
    return Endpoint(
        transport_profile="peppol-transport-as4-v2_0",
        address="https://ap.example.org/as4?a=1&b=2",
        certificates=(EndpointCertificate(der),),
        require_business_level_signature=True,
        minimum_authentication_level="high",
        activation=datetime(2026, 1, 1, tzinfo=UTC),
        expiration=datetime(2036, 1, 1, 12, 30, 0, 250_000, tzinfo=UTC),
        description="Ærø <AP> & more",
        technical_contact="mailto:ops@example.org",
        technical_information="https://example.org/ap",
    )


@pytest.fixture(scope="session")
def metadata(
    participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier, endpoint: Endpoint
) -> ServiceMetadata:
    """Service metadata in which everything is set but extensions."""
    process = Process(ProcessIdentifier("cenbii-procid-ubl", "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"))
    return ServiceMetadata(participant, document_type, (ProcessMetadata((process,), (endpoint,)),))


@pytest.fixture(scope="session")
def redirect(participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> ServiceMetadata:
    href = "https://smp2.example.org" + service_path(participant, document_type)
    content = ProcessMetadata(redirect=Redirect(href, "CN=POP1,O=Example,C=BE"))
    return ServiceMetadata(participant, document_type, (content,))


@pytest.fixture(scope="session")
def group(participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> ServiceGroup:
    return ServiceGroup(participant, (document_type,))
