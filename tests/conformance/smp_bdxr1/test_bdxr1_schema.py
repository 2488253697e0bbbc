# SPDX-License-Identifier: Apache-2.0
"""OASIS SMP 1.0: what we write is valid by the official schema, canonical, and read back equal, whatever it says."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Extension, Process, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.signing import sign_document, verify_document
from tests.conformance.smp_bdxr1.official_schema import load_schema
from tests.simulators.smp_models import (
    BASE,
    Extensions,
    described,
    endpoint_certificates,
    extensions,
    groups,
    new_signing_key,
    redirects,
    service_metadata,
)
from trust_lists.certificates.parsing import SigningKey
from trust_lists.xml import canonicalise

SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
DESCRIPTIONS = [
    "ExtensionID",
    "ExtensionName",
    "ExtensionAgencyID",
    "ExtensionAgencyName",
    "ExtensionAgencyURI",
    "ExtensionVersionID",
    "ExtensionURI",
    "ExtensionReasonCode",
    "ExtensionReason",
]

ONE = described(extensions([SMP, "urn:a", "urn:b'c"], frozenset({SMP, ""})), DESCRIPTIONS)
NO_EXTENSION: Extensions = st.just(())
ANY_EXTENSIONS: Extensions = st.lists(ONE, max_size=3).map(tuple)
METADATA = service_metadata(ANY_EXTENSIONS)
REDIRECTS = redirects(ANY_EXTENSIONS, BDXR1.check_service_group)
GROUPS = groups(ANY_EXTENSIONS, BDXR1.check_service_group)

thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def schema(corpus: Path) -> etree.XMLSchema:
    return load_schema(corpus)


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    return new_signing_key()


@thorough
@given(metadata=METADATA)
def test_b1_xsd_any_service_metadata_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, metadata: ServiceMetadata
) -> None:
    written = BDXR1.write_service_metadata(metadata)
    schema.assertValid(etree.fromstring(written)[0])
    parsed = BDXR1.read(written)
    assert (parsed.metadata, parsed.notes) == (metadata, ())


@thorough
@given(redirect=REDIRECTS)
def test_b1_xsd_any_redirect_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, redirect: ServiceMetadata
) -> None:
    written = BDXR1.write_service_metadata(redirect)
    schema.assertValid(etree.fromstring(written)[0])
    parsed = BDXR1.read(written)
    assert (parsed.kind, parsed.metadata) == ("redirect", redirect)


@thorough
@given(group=GROUPS)
def test_b1_xsd_any_service_group_is_written_valid_and_read_back_equal(
    schema: etree.XMLSchema, group: ServiceGroup
) -> None:
    written = BDXR1.write_service_group(group, BASE)
    schema.assertValid(etree.fromstring(written))
    assert BDXR1.read(written).service_group == group


@thorough
@given(metadata=METADATA)
def test_b1_extension_bytes_survive_every_writing(metadata: ServiceMetadata) -> None:
    written = BDXR1.write_service_metadata(metadata)
    for extension in metadata.extensions:
        assert extension.content in written
    again = BDXR1.read(written).metadata
    assert again is not None
    assert BDXR1.write_service_metadata(again) == written


@thorough
@given(metadata=service_metadata(NO_EXTENSION))
def test_b1_signature_documents_are_canonical_from_the_start(metadata: ServiceMetadata) -> None:
    written = BDXR1.write_service_metadata(metadata)
    assert canonicalise(etree.fromstring(written)) == written.removeprefix(DECLARATION)


@settings(thorough, max_examples=10)
@given(metadata=st.one_of(METADATA, REDIRECTS))
def test_ta22_any_signed_document_of_smp_1_0_is_valid_and_verifies(
    schema: etree.XMLSchema, signing_key: SigningKey, metadata: ServiceMetadata
) -> None:
    signed = sign_document(BDXR1.write_service_metadata(metadata), signing_key, BDXR1)
    schema.assertValid(etree.fromstring(signed))
    assert BDXR1.read(signed).metadata == metadata
    verified = verify_document(signed)
    assert verified.certificate == signing_key.certificate
    assert verified.dialect is BDXR1


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    endpoint = Endpoint("bdxr-transport-ebms3-as4-v1p0", "https://ap.example.org/as4", (endpoint_certificates()[0],))
    process = Process(ProcessIdentifier("bdx-procid-transport", "bdx:noprocess"))
    return ServiceMetadata(
        ParticipantIdentifier("urn:oasis:names:tc:ebcore:partyid-type:iso6523:9915", "test"),
        DocumentTypeIdentifier("bdx-docid-qns", "urn:a::Invoice##urn:b::2.1"),
        (ProcessMetadata((process,), (endpoint,)),),
    )


@pytest.fixture(scope="module")
def signed(metadata: ServiceMetadata, signing_key: SigningKey) -> bytes:
    return sign_document(BDXR1.write_service_metadata(metadata), signing_key, BDXR1)


def test_b1_xsd_everything_of_ours_is_in_the_one_namespace(signed: bytes) -> None:
    root = etree.fromstring(signed)
    assert {etree.QName(element).namespace for element in root[0].iter("*")} == {SMP}
    assert root.nsmap == {"smp": SMP}
    assert [child.tag for child in root] == [f"{{{SMP}}}ServiceMetadata", f"{DS}Signature"]


def test_b1_3_6_ta23_the_signature_has_the_form_that_smp_1_0_asks_for(signed: bytes) -> None:
    signature = etree.fromstring(signed)[-1]
    names = ("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod")
    assert {name: [element.get("Algorithm") for element in signature.iter(f"{DS}{name}")] for name in names} == {
        "CanonicalizationMethod": ["http://www.w3.org/TR/2001/REC-xml-c14n-20010315"],
        "SignatureMethod": ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"],
        "Transform": ["http://www.w3.org/2000/09/xmldsig#enveloped-signature"],
        "DigestMethod": ["http://www.w3.org/2001/04/xmlenc#sha256"],
    }


def test_ta07_tab2_an_ebcore_party_id_is_joined_with_one_colon_in_references(metadata: ServiceMetadata) -> None:
    group = ServiceGroup(metadata.participant, (metadata.document_type,))
    written = BDXR1.write_service_group(group, BASE)
    assert (
        b'href="https://smp.example.org/urn%3Aoasis%3Anames%3Atc%3Aebcore%3Apartyid-type%3Aiso6523%3A9915%3Atest'
        b'/services/bdx-docid-qns%3A%3Aurn%3Aa%3A%3AInvoice%23%23urn%3Ab%3A%3A2.1"'
    ) in written
    assert BDXR1.read(written).service_group == group


def test_ta06_a_redirect_of_smp_2_0_is_completed_with_the_path_of_the_document(
    schema: etree.XMLSchema, metadata: ServiceMetadata
) -> None:
    for base in ("https://smp2.example.org", "https://smp2.example.org/", "https://smp2.example.org/a"):
        redirect = ProcessMetadata(redirect=Redirect(base, "CN=SMP2", certificate=b"der"))
        written = BDXR1.write_service_metadata(replace(metadata, process_metadata=(redirect,)))
        schema.assertValid(etree.fromstring(written)[0])
        parsed = BDXR1.read(written)
        assert (parsed.participant, parsed.document_type) == (metadata.participant, metadata.document_type)
        assert parsed.metadata is not None
        assert parsed.metadata.redirect is not None
        path = "/urn%3Aoasis%3Anames%3Atc%3Aebcore%3Apartyid-type%3Aiso6523%3A9915%3Atest/services/bdx-docid-qns%3A%3A"
        assert parsed.metadata.redirect.href.startswith(base.rstrip("/") + path)


@pytest.mark.parametrize("content", ["<e/>", f"<smp:e xmlns:smp='{SMP}'/>", f"<e xmlns='{SMP}'/>"])
def test_b1_xsd_other_content_in_no_namespace_or_in_ours_is_refused_as_the_schema_does(
    schema: etree.XMLSchema, metadata: ServiceMetadata, content: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        BDXR1.write_service_metadata(replace(metadata, extensions=(Extension(content.encode()),)))
    assert [reason.id for reason in refused.value.reasons] == ["BDXR1-EXTENSION"]
    foreign = replace(metadata, extensions=(Extension(b"<f xmlns='urn:f'/>"),))
    written = BDXR1.write_service_metadata(foreign).replace(b"<f xmlns='urn:f'/>", content.encode())
    assert not schema.validate(etree.fromstring(written)[0])


def test_ta08_two_endpoints_with_one_transport_profile_are_refused_in_smp_1_0(metadata: ServiceMetadata) -> None:
    (entry,) = metadata.process_metadata
    twice = ProcessMetadata(entry.processes, entry.endpoints * 2)
    with pytest.raises(ValidationError) as refused:
        BDXR1.write_service_metadata(replace(metadata, process_metadata=(twice,)))
    assert [reason.id for reason in refused.value.reasons] == ["BDXR1-TRANSPORT-PROFILE-TWICE"]
