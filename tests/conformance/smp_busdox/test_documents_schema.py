# SPDX-License-Identifier: Apache-2.0
"""Everything that we write is valid by the official schema, canonical, and read back equal, whatever it says."""

import re
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    Endpoint,
    Process,
    ProcessMetadata,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.busdox import check_service_group, read, write_service_group, write_service_metadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document, verify_document
from tests.simulators.smp_models import (
    BASE,
    Extensions,
    endpoint_certificates,
    extensions,
    groups,
    new_signing_key,
    redirects,
    service_metadata,
)
from trust_lists.certificates.parsing import SigningKey
from trust_lists.xml import canonicalise

SMP = "http://busdox.org/serviceMetadata/publishing/1.0/"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


@pytest.fixture(scope="module")
def schema(corpus: Path) -> etree.XMLSchema:
    # The schema of XML Signature has a DOCTYPE, which must not be loaded.
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(corpus / "smp/xsd/peppol/peppol-smp-types-v1.xsd", parser))


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    return new_signing_key()


ONE = extensions([SMP, "http://busdox.org/transport/identifiers/1.0/", "urn:a", "urn:b'c"])
NO_EXTENSION: Extensions = st.just(())
OPTIONAL_EXTENSION: Extensions = st.one_of(NO_EXTENSION, st.tuples(ONE))
METADATA = service_metadata(OPTIONAL_EXTENSION)
REDIRECTS = redirects(OPTIONAL_EXTENSION, check_service_group)
GROUPS = groups(OPTIONAL_EXTENSION, check_service_group)

thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(metadata=METADATA)
def test_p14_xsd_any_service_metadata_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, metadata: ServiceMetadata
) -> None:
    written = write_service_metadata(metadata)
    schema.assertValid(etree.fromstring(written)[0])
    assert read(written).metadata == metadata


@thorough
@given(redirect=REDIRECTS)
def test_p14_xsd_any_redirect_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, redirect: ServiceMetadata
) -> None:
    written = write_service_metadata(redirect)
    schema.assertValid(etree.fromstring(written)[0])
    parsed = read(written)
    assert (parsed.kind, parsed.metadata) == ("redirect", redirect)


@thorough
@given(group=GROUPS)
def test_p14_xsd_any_service_group_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, group: ServiceGroup
) -> None:
    written = write_service_group(group, BASE)
    schema.assertValid(etree.fromstring(written))
    assert read(written).service_group == group


@thorough
@given(metadata=METADATA)
def test_p14_extension_bytes_survive_every_writing(metadata: ServiceMetadata) -> None:
    written = write_service_metadata(metadata)
    for extension in metadata.extensions:
        assert extension.content in written
    again = read(written).metadata
    assert again is not None
    assert write_service_metadata(again) == written


@thorough
@given(metadata=service_metadata(NO_EXTENSION))
def test_p14_signature_documents_are_canonical_from_the_start(metadata: ServiceMetadata) -> None:
    written = write_service_metadata(metadata)
    assert canonicalise(etree.fromstring(written)) == written.removeprefix(DECLARATION)


@settings(thorough, max_examples=10)
@given(metadata=st.one_of(METADATA, REDIRECTS))
def test_ta22_any_signed_document_is_valid_and_verifies(
    schema: etree.XMLSchema, signing_key: SigningKey, metadata: ServiceMetadata
) -> None:
    signed = sign_document(write_service_metadata(metadata), signing_key, BUSDOX)
    schema.assertValid(etree.fromstring(signed))
    assert read(signed).metadata == metadata
    assert verify_document(signed).certificate == signing_key.certificate


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    endpoint = Endpoint("peppol-transport-as4-v2_0", "https://ap.example.org/as4", (endpoint_certificates()[0],))
    process = Process(ProcessIdentifier("cenbii-procid-ubl", "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"))
    return ServiceMetadata(
        ParticipantIdentifier("iso6523-actorid-upis", "9915:test"),
        DocumentTypeIdentifier("busdox-docid-qns", "urn:a::Invoice##urn:b::2.1"),
        (ProcessMetadata((process,), (endpoint,)),),
    )


@pytest.fixture(scope="module")
def signed(metadata: ServiceMetadata, signing_key: SigningKey) -> bytes:
    return sign_document(write_service_metadata(metadata), signing_key, BUSDOX)


def test_ta20_ta21_documents_begin_with_an_xml_1_0_declaration_in_utf_8(
    metadata: ServiceMetadata, signed: bytes
) -> None:
    group = write_service_group(ServiceGroup(metadata.participant, (metadata.document_type,)), BASE)
    for document in (signed, group):
        assert document.startswith(DECLARATION + b"<")
        assert document.decode("utf-8")


def test_ta22_the_signature_is_the_last_child_of_signed_service_metadata(signed: bytes) -> None:
    root = etree.fromstring(signed)
    assert [child.tag for child in root] == [f"{{{SMP}}}ServiceMetadata", f"{DS}Signature"]


def test_ta23_signature_has_the_form_that_peppol_asks_for(signed: bytes, signing_key: SigningKey) -> None:
    signature = etree.fromstring(signed)[-1]
    algorithms = {
        name: [element.get("Algorithm") for element in signature.iter(f"{DS}{name}")]
        for name in ("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod")
    }
    assert algorithms == {
        "CanonicalizationMethod": ["http://www.w3.org/TR/2001/REC-xml-c14n-20010315"],
        "SignatureMethod": ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"],
        "Transform": ["http://www.w3.org/2000/09/xmldsig#enveloped-signature"],
        "DigestMethod": ["http://www.w3.org/2001/04/xmlenc#sha256"],
    }
    texts = [element.text or "" for element in signature.iter(f"{DS}X509Certificate")]
    der = signing_key.certificate.public_bytes(Encoding.DER)
    assert ["".join(text.split()) for text in texts] == [b64encode(der).decode()]


def test_ta07_identifiers_are_written_as_they_were_given(metadata: ServiceMetadata, signed: bytes) -> None:
    assert f">{metadata.participant.value}<".encode() in signed
    assert f">{metadata.document_type.value}<".encode() in signed


def test_ta08_two_endpoints_with_one_transport_profile_are_refused(metadata: ServiceMetadata) -> None:
    (entry,) = metadata.process_metadata
    twice = ProcessMetadata(entry.processes, entry.endpoints * 2)
    with pytest.raises(ValidationError) as refused:
        write_service_metadata(ServiceMetadata(metadata.participant, metadata.document_type, (twice,)))
    (reason,) = refused.value.reasons
    assert reason.id == "BUSDOX-TRANSPORT-PROFILE-TWICE"
    assert "TA08" in reason.clause


def test_tab2_references_are_percent_encoded_by_segment(metadata: ServiceMetadata) -> None:
    document = write_service_group(ServiceGroup(metadata.participant, (metadata.document_type,)), BASE)
    (href,) = re.findall(rb'href="([^"]*)"', document)
    assert href == (
        b"https://smp.example.org/iso6523-actorid-upis%3A%3A9915%3Atest/services/"
        b"busdox-docid-qns%3A%3Aurn%3Aa%3A%3AInvoice%23%23urn%3Ab%3A%3A2.1"
    )
