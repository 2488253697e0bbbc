# SPDX-License-Identifier: Apache-2.0
from base64 import b64encode
from dataclasses import replace

import pytest

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.metadata import Extension, ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox import read, write_service_group, write_service_metadata

BASE = "https://smp.example.org/peppol"


def test_service_metadata_is_written_to_the_letter(metadata: ServiceMetadata, der: bytes) -> None:
    assert write_service_metadata(metadata).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<smp:SignedServiceMetadata xmlns:ids="http://busdox.org/transport/identifiers/1.0/"'
        ' xmlns:smp="http://busdox.org/serviceMetadata/publishing/1.0/" xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        "<smp:ServiceMetadata><smp:ServiceInformation>"
        '<ids:ParticipantIdentifier scheme="iso6523-actorid-upis">9915:Test</ids:ParticipantIdentifier>'
        '<ids:DocumentIdentifier scheme="busdox-docid-qns">'
        "urn:example:Invoice-2::Invoice##urn:cen.eu:en16931:2017::2.1</ids:DocumentIdentifier>"
        "<smp:ProcessList><smp:Process>"
        '<ids:ProcessIdentifier scheme="cenbii-procid-ubl">urn:fdc:peppol.eu:2017:poacc:billing:01:1.0'
        "</ids:ProcessIdentifier><smp:ServiceEndpointList>"
        '<smp:Endpoint transportProfile="peppol-transport-as4-v2_0">'
        "<wsa:EndpointReference><wsa:Address>https://ap.example.org/as4?a=1&amp;b=2</wsa:Address></wsa:EndpointReference>"
        "<smp:RequireBusinessLevelSignature>true</smp:RequireBusinessLevelSignature>"
        "<smp:MinimumAuthenticationLevel>high</smp:MinimumAuthenticationLevel>"
        "<smp:ServiceActivationDate>2026-01-01T00:00:00Z</smp:ServiceActivationDate>"
        "<smp:ServiceExpirationDate>2036-01-01T12:30:00.25Z</smp:ServiceExpirationDate>"
        f"<smp:Certificate>{b64encode(der).decode()}</smp:Certificate>"
        "<smp:ServiceDescription>Ærø &lt;AP&gt; &amp; more</smp:ServiceDescription>"
        "<smp:TechnicalContactUrl>mailto:ops@example.org</smp:TechnicalContactUrl>"
        "<smp:TechnicalInformationUrl>https://example.org/ap</smp:TechnicalInformationUrl>"
        "</smp:Endpoint></smp:ServiceEndpointList></smp:Process></smp:ProcessList>"
        "</smp:ServiceInformation></smp:ServiceMetadata></smp:SignedServiceMetadata>"
    )


def test_mandatory_elements_are_there_when_empty_and_optional_ones_are_not(metadata: ServiceMetadata) -> None:
    (entry,) = metadata.process_metadata
    bare = replace(
        entry.endpoints[0],
        minimum_authentication_level=None,
        activation=None,
        expiration=None,
        description="",
        technical_contact="",
        technical_information=None,
    )
    written = write_service_metadata(replace(metadata, process_metadata=(replace(entry, endpoints=(bare,)),)))
    assert (
        b"<smp:ServiceDescription></smp:ServiceDescription><smp:TechnicalContactUrl></smp:TechnicalContactUrl>"
        in written
    )
    for name in (b"MinimumAuthenticationLevel", b"Date>", b"TechnicalInformationUrl"):
        assert name not in written


def test_a_redirect_is_written_to_the_letter(redirect: ServiceMetadata) -> None:
    written = write_service_metadata(redirect).decode()
    assert redirect.redirect is not None
    assert written.endswith(
        f'"><smp:ServiceMetadata><smp:Redirect href="{redirect.redirect.href}">'
        "<smp:CertificateUID>CN=POP1,O=Example,C=BE</smp:CertificateUID></smp:Redirect></smp:ServiceMetadata>"
        "</smp:SignedServiceMetadata>"
    )


def test_references_are_sorted_percent_encoded_and_written_once(group: ServiceGroup) -> None:
    other = DocumentTypeIdentifier("busdox-docid-qns", "a b/ø::c##d::1")
    unordered = replace(group, document_types=(*group.document_types, other, other))
    written = write_service_group(unordered, BASE + "/").decode()
    assert (
        written == write_service_group(replace(unordered, document_types=unordered.document_types[::-1]), BASE).decode()
    )
    assert written.endswith(
        "<smp:ServiceMetadataReferenceCollection>"
        f'<smp:ServiceMetadataReference href="{BASE}/iso6523-actorid-upis%3A%3A9915%3ATest/services/'
        'busdox-docid-qns%3A%3Aa%20b%2F%C3%B8%3A%3Ac%23%23d%3A%3A1"></smp:ServiceMetadataReference>'
        f'<smp:ServiceMetadataReference href="{BASE}/iso6523-actorid-upis%3A%3A9915%3ATest/services/'
        "busdox-docid-qns%3A%3Aurn%3Aexample%3AInvoice-2%3A%3AInvoice%23%23urn%3Acen.eu%3Aen16931%3A2017%3A%3A2.1"
        '"></smp:ServiceMetadataReference>'
        "</smp:ServiceMetadataReferenceCollection></smp:ServiceGroup>"
    )


def test_an_empty_group_has_an_empty_collection(group: ServiceGroup) -> None:
    written = write_service_group(replace(group, document_types=()), BASE)
    assert b"<smp:ServiceMetadataReferenceCollection></smp:ServiceMetadataReferenceCollection>" in written


@pytest.mark.parametrize(
    ("extension", "written"),
    [
        (Extension(b"<f a='1'/>"), b"<smp:Extension><f a='1'/></smp:Extension>"),
        (Extension(b"<f/>", (("", "urn:d"),)), b'<smp:Extension xmlns="urn:d"><f/></smp:Extension>'),
        (
            Extension(b"<f><![CDATA[&]]>&#13;\r\n<!-- --></f>"),
            b"<smp:Extension><f><![CDATA[&]]>&#13;\r\n<!-- --></f></smp:Extension>",
        ),
        (
            Extension(b"<ids:f/>", (("ids", "http://busdox.org/transport/identifiers/1.0/"),)),
            b"<smp:Extension><ids:f/></smp:Extension>",
        ),
        (
            Extension("<é:f/>".encode(), (("é", "urn:e"),)),
            '<smp:Extension xmlns:é="urn:e"><é:f/></smp:Extension>'.encode(),
        ),
        (
            Extension(b"<smp:f/>", (("smp", "urn:other"),)),
            b'<smp1:Extension xmlns:smp="urn:other"><smp:f/></smp1:Extension>',
        ),
    ],
)
def test_extensions_are_written_byte_for_byte(group: ServiceGroup, extension: Extension, written: bytes) -> None:
    extended = replace(group, extensions=(extension,))
    document = write_service_group(extended, BASE)
    assert written in document
    assert read(document).service_group == extended


def test_what_can_not_be_said_is_refused_with_all_reasons(metadata: ServiceMetadata, group: ServiceGroup) -> None:
    extensions = (Extension(b"<a/>"), Extension(b"b"))
    with pytest.raises(ValidationError) as refused:
        write_service_metadata(replace(metadata, extensions=extensions))
    assert [reason.id for reason in refused.value.reasons] == ["BUSDOX-ONE-EXTENSION", "BUSDOX-EXTENSION"]
    with pytest.raises(ValidationError) as refused:
        write_service_group(replace(group, extensions=extensions), BASE)
    assert len(refused.value.reasons) == 2
