# SPDX-License-Identifier: Apache-2.0
from base64 import b64encode
from dataclasses import replace

import pytest

from registry.errors import ValidationError
from registry.metadata import Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.bdxr1.dialect import BDXR1

BASE = "https://smp.example.org/bdxr"
ROOT = 'xmlns:smp="http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"'


def test_service_metadata_of_smp_1_0_is_written_to_the_letter(metadata: ServiceMetadata, der: bytes) -> None:
    assert BDXR1.write_service_metadata(metadata).decode() == (
        f'<?xml version="1.0" encoding="UTF-8"?><smp:SignedServiceMetadata {ROOT}>'
        "<smp:ServiceMetadata><smp:ServiceInformation>"
        '<smp:ParticipantIdentifier scheme="iso6523-actorid-upis">9915:Test</smp:ParticipantIdentifier>'
        '<smp:DocumentIdentifier scheme="busdox-docid-qns">'
        "urn:example:Invoice-2::Invoice##urn:cen.eu:en16931:2017::2.1</smp:DocumentIdentifier>"
        "<smp:ProcessList><smp:Process>"
        '<smp:ProcessIdentifier scheme="cenbii-procid-ubl">urn:fdc:peppol.eu:2017:poacc:billing:01:1.0'
        "</smp:ProcessIdentifier><smp:ServiceEndpointList>"
        '<smp:Endpoint transportProfile="peppol-transport-as4-v2_0">'
        "<smp:EndpointURI>https://ap.example.org/as4?a=1&amp;b=2</smp:EndpointURI>"
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


def test_a_service_group_of_smp_1_0_is_written_to_the_letter(group: ServiceGroup) -> None:
    assert BDXR1.write_service_group(group, BASE + "/").decode() == (
        f'<?xml version="1.0" encoding="UTF-8"?><smp:ServiceGroup {ROOT}>'
        '<smp:ParticipantIdentifier scheme="iso6523-actorid-upis">9915:Test</smp:ParticipantIdentifier>'
        "<smp:ServiceMetadataReferenceCollection>"
        f'<smp:ServiceMetadataReference href="{BASE}/iso6523-actorid-upis%3A%3A9915%3ATest/services/'
        "busdox-docid-qns%3A%3Aurn%3Aexample%3AInvoice-2%3A%3AInvoice%23%23urn%3Acen.eu%3Aen16931%3A2017%3A%3A2.1"
        '"></smp:ServiceMetadataReference></smp:ServiceMetadataReferenceCollection></smp:ServiceGroup>'
    )


def test_a_redirect_to_a_base_url_is_written_with_the_path_of_the_document(redirect: ServiceMetadata) -> None:
    assert redirect.redirect is not None
    based = ProcessMetadata(redirect=Redirect("https://smp2.example.org/", redirect.redirect.certificate_uid))
    changed = replace(redirect, process_metadata=(based,))
    assert BDXR1.write_service_metadata(changed) == BDXR1.write_service_metadata(redirect)
    assert f'<smp:Redirect href="{redirect.redirect.href}">'.encode() in BDXR1.write_service_metadata(changed)


@pytest.mark.parametrize(
    ("extensions", "written"),
    [
        (
            (Extension(b"<f xmlns='urn:f'  a='1'/>"), Extension(b"<g/>", (("", "urn:g"),))),
            (
                b"<smp:Extension><f xmlns='urn:f'  a='1'/></smp:Extension>"
                b'<smp:Extension xmlns="urn:g"><g/></smp:Extension></smp:ServiceGroup>'
            ),
        ),
        (
            (Extension(b"\n<x:f/>", (("x", "urn:x"),), (("ExtensionReason", "<r>"), ("ExtensionID", "1"))),),
            (
                b'<smp:Extension xmlns:x="urn:x"><smp:ExtensionID>1</smp:ExtensionID>'
                b"<smp:ExtensionReason>&lt;r&gt;</smp:ExtensionReason>\n<x:f/></smp:Extension>"
            ),
        ),
        (
            (Extension(b"<smp:f/>", (("smp", "urn:x"),), (("ExtensionID", "1"),)),),
            b'<smp1:Extension xmlns:smp="urn:x"><smp1:ExtensionID>1</smp1:ExtensionID><smp:f/></smp1:Extension>',
        ),
    ],
)
def test_extensions_are_written_byte_for_byte_behind_what_describes_them(
    group: ServiceGroup, extensions: tuple[Extension, ...], written: bytes
) -> None:
    document = BDXR1.write_service_group(replace(group, extensions=extensions), BASE)
    assert written in document
    parsed = BDXR1.read(document)
    assert parsed.service_group is not None
    assert [extension.content for extension in parsed.service_group.extensions] == [e.content for e in extensions]


def test_what_smp_1_0_can_not_say_is_refused_with_all_reasons(metadata: ServiceMetadata) -> None:
    extensions = (Extension(b"<a/>"), Extension(b"b"))
    with pytest.raises(ValidationError) as refused:
        BDXR1.write_service_metadata(replace(metadata, extensions=extensions))
    assert [reason.id for reason in refused.value.reasons] == ["BDXR1-EXTENSION"] * 2
