# SPDX-License-Identifier: Apache-2.0
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.bdxr2.dialect import BDXR2
from trust_lists.certificates.parsing import SigningKey
from trust_lists.xml import canonicalise, parse_xml

BASE = "https://smp.example.org"
NAMESPACES = "http://docs.oasis-open.org/bdxr/ns/SMP/2"
ROOT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<sm:ServiceMetadata xmlns:sm="{NAMESPACES}/ServiceMetadata" xmlns:sma="{NAMESPACES}/AggregateComponents"'
    f' xmlns:smb="{NAMESPACES}/BasicComponents">'
)
IDENTIFIERS = (
    "<smb:SMPVersionID>2.0</smb:SMPVersionID>"
    '<smb:ID schemeID="bdx-docid-qns">urn:example:invoice-2::invoice##urn:cen.eu:en16931:2017::2.1</smb:ID>'
    '<smb:ParticipantID schemeID="iso6523-actorid-upis">9915:test</smb:ParticipantID>'
)
PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "9915:test")
DOCUMENT_TYPE = DocumentTypeIdentifier("bdx-docid-qns", "urn:example:invoice-2::invoice##urn:cen.eu:en16931:2017::2.1")


def metadata_with(*entries: ProcessMetadata, extensions: tuple[Extension, ...] = ()) -> ServiceMetadata:
    return ServiceMetadata(PARTICIPANT, DOCUMENT_TYPE, entries, extensions)


def redirect_with(redirect: Redirect) -> ServiceMetadata:
    return metadata_with(ProcessMetadata(redirect=redirect))


def test_service_metadata_is_written_to_the_letter(der: bytes) -> None:
    certificate = EndpointCertificate(
        der,
        type_code="http://www.w3.org/2002/03/xkms#Signature",
        mime_code="application/pkix-cert",
        description="signs",
        activation=datetime(2026, 1, 1, tzinfo=UTC),
        expiration=datetime(2027, 1, 1, tzinfo=UTC),
    )
    endpoint = Endpoint(
        transport_profile="bdxr-transport-ebms3-as4-v2p0",
        address="https://ap.example.org/as4?a=1&b=2",
        certificates=(certificate, EndpointCertificate(der)),
        activation=datetime(2026, 2, 1, tzinfo=UTC),
        expiration=datetime(2036, 2, 29, tzinfo=UTC),
        description="Ærø <AP> & more",
        technical_contact="ops at example.org",
    )
    processes = (
        Process(ProcessIdentifier("cenbii-procid-ubl", "urn:billing"), ("buyer", "payer")),
        Process(ProcessIdentifier("", "bdx:noprocess")),
    )
    written = BDXR2.write_service_metadata(metadata_with(ProcessMetadata(processes, (endpoint,))))
    text = b64encode(der).decode()
    assert written.decode() == (
        ROOT + IDENTIFIERS + "<sma:ProcessMetadata>"
        '<sma:Process><smb:ID schemeID="cenbii-procid-ubl">urn:billing</smb:ID>'
        "<smb:RoleID>buyer</smb:RoleID><smb:RoleID>payer</smb:RoleID></sma:Process>"
        "<sma:Process><smb:ID>bdx:noprocess</smb:ID></sma:Process>"
        "<sma:Endpoint>"
        "<smb:TransportProfileID>bdxr-transport-ebms3-as4-v2p0</smb:TransportProfileID>"
        "<smb:Description>Ærø &lt;AP&gt; &amp; more</smb:Description>"
        "<smb:Contact>ops at example.org</smb:Contact>"
        "<smb:AddressURI>https://ap.example.org/as4?a=1&amp;b=2</smb:AddressURI>"
        "<smb:ActivationDate>2026-02-01</smb:ActivationDate><smb:ExpirationDate>2036-02-29</smb:ExpirationDate>"
        "<sma:Certificate><smb:TypeCode>http://www.w3.org/2002/03/xkms#Signature</smb:TypeCode>"
        "<smb:Description>signs</smb:Description>"
        "<smb:ActivationDate>2026-01-01</smb:ActivationDate><smb:ExpirationDate>2027-01-01</smb:ExpirationDate>"
        f'<smb:ContentBinaryObject mimeCode="application/pkix-cert">{text}</smb:ContentBinaryObject></sma:Certificate>'
        "<sma:Certificate>"
        f'<smb:ContentBinaryObject mimeCode="application/base64">{text}</smb:ContentBinaryObject></sma:Certificate>'
        "</sma:Endpoint></sma:ProcessMetadata></sm:ServiceMetadata>"
    )


def test_a_redirect_is_written_to_the_letter(signing_key: SigningKey, der: bytes) -> None:
    redirect = Redirect("https://smp2.example.org/base", "CN=AP", certificate=der)
    process = Process(ProcessIdentifier("", "urn:billing"))
    written = BDXR2.write_service_metadata(
        metadata_with(
            ProcessMetadata((process,), redirect=redirect), ProcessMetadata(redirect=Redirect("http://other.example"))
        )
    )
    assert written.decode() == (
        ROOT + IDENTIFIERS + "<sma:ProcessMetadata><sma:Process><smb:ID>urn:billing</smb:ID></sma:Process>"
        "<sma:Redirect><smb:PublisherURI>https://smp2.example.org/base</smb:PublisherURI><sma:Certificate>"
        f'<smb:ContentBinaryObject mimeCode="application/base64">{b64encode(der).decode()}</smb:ContentBinaryObject>'
        "</sma:Certificate></sma:Redirect></sma:ProcessMetadata>"
        "<sma:ProcessMetadata><sma:Redirect><smb:PublisherURI>http://other.example</smb:PublisherURI></sma:Redirect>"
        "</sma:ProcessMetadata></sm:ServiceMetadata>"
    )


@pytest.mark.parametrize("prefix", ["", "/bdxr-smp-2"])
@pytest.mark.parametrize("spelling", [str, str.upper, lambda path: path.replace("%3A", "%3a")])
def test_the_url_of_just_this_document_is_cut_to_the_base_of_its_smp(prefix: str, spelling: object) -> None:
    """SMP 1.x writes the whole URL into a redirect, perhaps with identifiers that were folded since."""
    assert callable(spelling)
    path = service_path(PARTICIPANT, DOCUMENT_TYPE)
    tail = spelling(path.replace("services", "SERVICES")).replace("SERVICES", "services")
    written = BDXR2.write_service_metadata(redirect_with(Redirect(f"https://smp2.example.org/x{prefix}{tail}")))
    assert b"<smb:PublisherURI>https://smp2.example.org/x</smb:PublisherURI>" in written


def test_service_groups_name_document_types_sorted_and_once() -> None:
    other = DocumentTypeIdentifier("", "another & more")
    group = ServiceGroup(ParticipantIdentifier("", "test"), (DOCUMENT_TYPE, other, other))
    written = BDXR2.write_service_group(group, BASE)
    assert written.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<sg:ServiceGroup xmlns:sg="{NAMESPACES}/ServiceGroup" xmlns:sma="{NAMESPACES}/AggregateComponents"'
        f' xmlns:smb="{NAMESPACES}/BasicComponents">'
        "<smb:SMPVersionID>2.0</smb:SMPVersionID><smb:ParticipantID>test</smb:ParticipantID>"
        "<sma:ServiceReference><smb:ID>another &amp; more</smb:ID></sma:ServiceReference>"
        '<sma:ServiceReference><smb:ID schemeID="bdx-docid-qns">urn:example:invoice-2::invoice##'
        "urn:cen.eu:en16931:2017::2.1</smb:ID></sma:ServiceReference></sg:ServiceGroup>"
    )
    assert BDXR2.write_service_group(replace(group, document_types=(other, DOCUMENT_TYPE)), "") == written


def test_an_extension_is_written_with_what_describes_it_in_the_order_of_the_schema() -> None:
    extension = Extension(
        b"\n <!-- c --><p:a  b='1'><![CDATA[&]]>&#13;</p:a >\n",
        (("p", "urn:p"),),
        (("ExtensionReason", "a & b"), ("ExtensionID", "1"), ("ExtensionName", "n"), ("ExtensionVersionID", "2")),
    )
    written = BDXR2.write_service_group(ServiceGroup(PARTICIPANT, extensions=(extension, extension)), BASE)
    one = (
        b"<ext:SMPExtension><smb:ID>1</smb:ID><ext:Name>n</ext:Name>"
        b"<ext:ExtensionVersionID>2</ext:ExtensionVersionID><ext:ExtensionReason>a &amp; b</ext:ExtensionReason>"
        b"<ext:ExtensionContent xmlns:p=\"urn:p\">\n <!-- c --><p:a  b='1'><![CDATA[&]]>&#13;</p:a >\n"
        b"</ext:ExtensionContent></ext:SMPExtension>"
    )
    assert f'<sg:ServiceGroup xmlns:ext="{NAMESPACES}/ExtensionComponents"'.encode() in written
    assert b"><ext:SMPExtensions>" + 2 * one + b"</ext:SMPExtensions><smb:SMPVersionID>" in written


@pytest.mark.parametrize(
    ("extension", "written"),
    [
        (Extension(b"<f/>", (("", "urn:d"),)), b'<ext:ExtensionContent xmlns="urn:d"><f/></ext:ExtensionContent>'),
        (
            Extension(b"<f xmlns='urn:f'><g xmlns=''/></f>"),
            b"<ext:ExtensionContent><f xmlns='urn:f'><g xmlns=''/></f></ext:ExtensionContent>",
        ),
        (
            Extension(b"<p:f xmlns:p='urn:f'><g/></p:f>"),
            b"<ext:ExtensionContent><p:f xmlns:p='urn:f'><g/></p:f></ext:ExtensionContent>",
        ),
        (
            Extension(b"<smb:f/>", (("smb", "urn:other"),)),
            b'<ext:ExtensionContent xmlns:smb="urn:other"><smb:f/></ext:ExtensionContent>',
        ),
        (
            Extension(b"<ext:f/>", (("ext", "urn:other"),)),
            b'<ext1:ExtensionContent xmlns:ext="urn:other"><ext:f/></ext1:ExtensionContent>',
        ),
    ],
)
def test_extensions_are_written_byte_for_byte(extension: Extension, written: bytes) -> None:
    group = ServiceGroup(PARTICIPANT, extensions=(extension,))
    document = BDXR2.write_service_group(group, BASE)
    assert written in document
    assert BDXR2.read(document).service_group == group


def test_documents_are_canonical_from_the_start(der: bytes) -> None:
    endpoint = Endpoint("as4", "", (EndpointCertificate(der),), description="\r\n\t\"'<&>")
    written = BDXR2.write_service_metadata(metadata_with(ProcessMetadata((), (endpoint,))))
    assert canonicalise(parse_xml(written)) == written.partition(b"?>")[2]


def test_what_can_not_be_said_is_refused_with_all_reasons() -> None:
    extensions = (Extension(b"<a/>"), Extension(b"b"))
    with pytest.raises(ValidationError) as refused:
        BDXR2.write_service_metadata(metadata_with(extensions=extensions))
    assert [reason.id for reason in refused.value.reasons] == ["BDXR2-EXTENSION", "BDXR2-EXTENSION", "BDXR2-PROCESS"]
    with pytest.raises(ValidationError) as refused:
        BDXR2.write_service_group(ServiceGroup(PARTICIPANT, extensions=extensions), BASE)
    assert len(refused.value.reasons) == 2
