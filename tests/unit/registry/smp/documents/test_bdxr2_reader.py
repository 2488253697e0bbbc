# SPDX-License-Identifier: Apache-2.0
"""Lenient in white space and order, strict in what decides; what is left out is told."""

from base64 import b64encode, encodebytes
from datetime import UTC, datetime

import pytest

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import Endpoint, Extension, ProcessMetadata, ServiceMetadata
from registry.smp.documents.bdxr2.reader import read
from registry.smp.documents.bdxr2.writer import write_service_metadata
from trust_lists.certificates.parsing import load_certificate, subject_text

NS = "http://docs.oasis-open.org/bdxr/ns/SMP/2"
DECLARED = (
    f' xmlns:sma="{NS}/AggregateComponents" xmlns:smb="{NS}/BasicComponents" xmlns:ext="{NS}/ExtensionComponents"'
)
VERSION = "<smb:SMPVersionID>2.0</smb:SMPVersionID>"
SERVICE = '<smb:ID schemeID="bdx-docid-qns">urn:a::invoice##b::1</smb:ID>'
PARTICIPANT = '<smb:ParticipantID schemeID="iso6523-actorid-upis">9915:test</smb:ParticipantID>'
PROFILE = "<smb:TransportProfileID>as4</smb:TransportProfileID>"
ENDPOINT = f"<sma:Endpoint>{PROFILE}<smb:AddressURI>https://ap.example.org</smb:AddressURI></sma:Endpoint>"
REDIRECT = "<sma:Redirect><smb:PublisherURI>https://smp2.example.org</smb:PublisherURI></sma:Redirect>"
SIGNATURE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="a"><ds:SignedInfo/></ds:Signature>'


def group(content: str) -> bytes:
    return f'<sg:ServiceGroup xmlns:sg="{NS}/ServiceGroup"{DECLARED}>{content}</sg:ServiceGroup>'.encode()


def document(content: str) -> bytes:
    return f'<sm:ServiceMetadata xmlns:sm="{NS}/ServiceMetadata"{DECLARED}>{content}</sm:ServiceMetadata>'.encode()


def service(*entries: str, before: str = "") -> bytes:
    written = "".join(f"<sma:ProcessMetadata>{entry}</sma:ProcessMetadata>" for entry in entries)
    return document(before + VERSION + SERVICE + PARTICIPANT + written)


def metadata_of(data: bytes) -> ServiceMetadata:
    metadata = read(data).metadata
    assert metadata is not None
    return metadata


def endpoint_of(inner: str) -> Endpoint:
    (entry,) = metadata_of(service(f"<sma:Endpoint>{inner}</sma:Endpoint>")).process_metadata
    return entry.endpoints[0]


def reasons(data: bytes) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        read(data)
    return [reason.id for reason in refused.value.reasons]


def test_service_metadata_is_read() -> None:
    process = (
        "<sma:Process><smb:ID>p</smb:ID><smb:RoleID>buyer</smb:RoleID><smb:RoleID>payer</smb:RoleID></sma:Process>"
    )
    parsed = read(service(process + ENDPOINT, REDIRECT))
    assert parsed.kind == "service_metadata"
    assert parsed.participant == ParticipantIdentifier("iso6523-actorid-upis", "9915:test")
    assert parsed.document_type == DocumentTypeIdentifier("bdx-docid-qns", "urn:a::invoice##b::1")
    assert not parsed.signed
    assert parsed.metadata is not None
    first, second = parsed.metadata.process_metadata
    assert [(p.identifier.scheme, p.identifier.value, p.roles) for p in first.processes] == [
        ("", "p", ("buyer", "payer"))
    ]
    assert (first.endpoints[0].transport_profile, first.endpoints[0].address) == ("as4", "https://ap.example.org")
    assert second.processes == ()
    assert second.redirect is not None
    assert second.redirect.href == "https://smp2.example.org"


def test_a_redirect_for_every_process_is_a_redirect_of_the_document() -> None:
    parsed = read(service(REDIRECT))
    assert parsed.kind == "redirect"
    assert parsed.notes == ("ProcessMetadata 1, Redirect: no Certificate, so nothing says who may sign at its target",)


def test_a_redirects_certificate_names_itself(der: bytes) -> None:
    content = f"<smb:ContentBinaryObject>{b64encode(der).decode()}</smb:ContentBinaryObject>"
    certificate = f"<sma:Certificate>{content}</sma:Certificate>"
    redirect = metadata_of(service(REDIRECT.replace("</sma:Redirect>", certificate + "</sma:Redirect>"))).redirect
    assert redirect is not None
    assert redirect.certificate == der
    assert redirect.certificate_uid == subject_text(load_certificate(der)) == "CN=AP"


def test_service_groups_are_read_without_the_processes_that_they_list() -> None:
    references = (
        f"<sma:ServiceReference>{SERVICE}"
        "<sma:Process><smb:ID schemeID='s'>p</smb:ID></sma:Process></sma:ServiceReference>"
        "<sma:ServiceReference><smb:ID>other</smb:ID></sma:ServiceReference>"
    )
    parsed = read(group(VERSION + PARTICIPANT + references + SIGNATURE))
    assert (parsed.kind, parsed.signed) == ("service_group", True)
    assert parsed.service_group is not None
    assert [str(name) for name in parsed.service_group.document_types] == [
        "bdx-docid-qns::urn:a::invoice##b::1",
        "other",
    ]
    assert parsed.notes == ("ServiceReference 1: its processes were left out: s::p",)


def test_identifiers_may_lack_a_scheme() -> None:
    """SMP 2.0 §2: the schemeID is optional."""
    parsed = read(
        document(
            f"{VERSION}<smb:ID>x</smb:ID><smb:ParticipantID>y</smb:ParticipantID>"
            f"<sma:ProcessMetadata>{ENDPOINT}</sma:ProcessMetadata>"
        )
    )
    assert (str(parsed.participant), str(parsed.document_type)) == ("y", "x")


def test_white_space_and_order_do_not_matter() -> None:
    entry = f"<sma:ProcessMetadata>{ENDPOINT}</sma:ProcessMetadata>"
    spread = document(PARTICIPANT + entry + SERVICE + VERSION).replace(b">", b">\n \t").replace(b"</", b"\r\n</")
    assert metadata_of(spread) == metadata_of(service(ENDPOINT))


@pytest.mark.parametrize(
    ("text", "moment", "noted"),
    [
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC), False),
        (" 2026-02-28Z\n", datetime(2026, 2, 28, tzinfo=UTC), False),
        ("2026-02-28+01:00", datetime(2026, 2, 27, 23, tzinfo=UTC), False),
        ("2026-02-28T12:00:00Z", datetime(2026, 2, 28, 12, tzinfo=UTC), True),
        ("12026-02-28", datetime.max.replace(tzinfo=UTC), True),
        ("", None, False),
    ],
)
def test_dates_are_first_moments(text: str, moment: datetime | None, noted: bool) -> None:
    dates = f"<smb:ActivationDate>{text}</smb:ActivationDate><smb:ExpirationDate>{text}</smb:ExpirationDate>"
    endpoint = endpoint_of(PROFILE + dates)
    assert (endpoint.activation, endpoint.expiration) == (moment, moment)
    assert bool(read(service(f"<sma:Endpoint>{PROFILE}{dates}</sma:Endpoint>")).notes) == noted


def test_an_endpoint_is_inactive_on_the_day_of_its_expiration() -> None:
    """SMP 2.0: the activation is inclusive, the expiration exclusive."""
    endpoint = endpoint_of(
        f"{PROFILE}<smb:ActivationDate>2026-01-01</smb:ActivationDate><smb:ExpirationDate>2026-02-01</smb:ExpirationDate>"
    )
    assert endpoint.active_at(datetime(2026, 1, 1, tzinfo=UTC))
    assert endpoint.active_at(datetime(2026, 1, 31, 23, 59, tzinfo=UTC))
    assert not endpoint.active_at(datetime(2026, 2, 1, tzinfo=UTC))


def test_certificates_say_what_they_are_for(der: bytes) -> None:
    certificates = (
        "<sma:Certificate><smb:TypeCode> signing </smb:TypeCode><smb:Description> d</smb:Description>"
        "<smb:ActivationDate>2026-01-01</smb:ActivationDate>"
        f'<smb:ContentBinaryObject mimeCode="application/pkix-cert">\n{encodebytes(der).decode()}\n'
        "</smb:ContentBinaryObject>"
        "</sma:Certificate><sma:Certificate>"
        f'<smb:ContentBinaryObject mimeCode="a">{b64encode(der).decode()}</smb:ContentBinaryObject></sma:Certificate>'
    )
    first, second = endpoint_of(PROFILE + certificates).certificates
    assert (first.der, first.type_code, first.mime_code, first.description) == (
        der,
        "signing",
        "application/pkix-cert",
        " d",
    )
    assert (first.activation, first.expiration) == (datetime(2026, 1, 1, tzinfo=UTC), None)
    assert (second.der, second.type_code, second.mime_code) == (der, "", "a")


def test_a_contact_is_any_text() -> None:
    contact = "<smb:Contact> sander at example.org </smb:Contact><smb:Description> as it is </smb:Description>"
    endpoint = endpoint_of(PROFILE + contact)
    assert (endpoint.technical_contact, endpoint.description) == ("sander at example.org", " as it is ")
    assert endpoint.address == ""


EXTENSION = (
    "<ext:SMPExtensions><ext:SMPExtension><smb:ID> 1 </smb:ID><ext:ExtensionReason>why</ext:ExtensionReason>"
    "<ext:ExtensionContent>\n <!-- c --><p:a xmlns:p='urn:p' b = '1'>&#13;<![CDATA[<]]></p:a >\n</ext:ExtensionContent>"
    "</ext:SMPExtension><ext:SMPExtension><ext:ExtensionContent>" + SIGNATURE + "</ext:ExtensionContent>"
    "</ext:SMPExtension></ext:SMPExtensions>"
)
EXTENSIONS = (
    Extension(
        b"\n <!-- c --><p:a xmlns:p='urn:p' b = '1'>&#13;<![CDATA[<]]></p:a >\n",
        (),
        (("ExtensionID", "1"), ("ExtensionReason", "why")),
    ),
    Extension(SIGNATURE.encode()),
)


def test_extensions_are_kept_byte_for_byte_wherever_they_may_stand() -> None:
    """Signatures inside of them are content."""
    process = f"<sma:Process>{EXTENSION}<smb:ID>p</smb:ID></sma:Process>"
    endpoint = ENDPOINT.replace("<sma:Endpoint>", f"<sma:Endpoint>{EXTENSION}")
    redirect = REDIRECT.replace("<sma:Redirect>", f"<sma:Redirect>{EXTENSION}")
    parsed = read(service(EXTENSION + process + endpoint, redirect, before=EXTENSION))
    assert not parsed.signed
    assert parsed.metadata is not None
    first, second = parsed.metadata.process_metadata
    assert second.redirect is not None
    assert (
        parsed.metadata.extensions
        == first.extensions
        == first.processes[0].extensions
        == first.endpoints[0].extensions
        == second.redirect.extensions
        == EXTENSIONS
    )
    written = write_service_metadata(parsed.metadata)
    assert metadata_of(written) == parsed.metadata
    assert written.count(SIGNATURE.encode()) == 5


def test_extensions_without_a_place_in_the_model_are_noted(der: bytes) -> None:
    content = f'<smb:ContentBinaryObject mimeCode="a">{b64encode(der).decode()}</smb:ContentBinaryObject>'
    endpoint = f"<sma:Endpoint>{PROFILE}<sma:Certificate>{EXTENSION}{content}</sma:Certificate></sma:Endpoint>"
    assert read(service(endpoint)).notes == (
        "ProcessMetadata 1, Endpoint 1, Certificate 1: SMPExtensions was left out",
    )
    reference = f"<sma:ServiceReference>{EXTENSION}{SERVICE}</sma:ServiceReference>"
    assert read(group(VERSION + PARTICIPANT + reference)).notes == ("ServiceReference 1: SMPExtensions was left out",)


def test_an_extension_without_content_is_noted() -> None:
    empty = "<ext:SMPExtensions><ext:SMPExtension><smb:ID>1</smb:ID></ext:SMPExtension></ext:SMPExtensions>"
    parsed = read(service(ENDPOINT, before=empty))
    assert parsed.notes == ("ServiceMetadata: an SMPExtension without ExtensionContent was left out",)


def test_attributes_that_are_left_out_are_noted_but_not_those_of_extensions_and_signatures() -> None:
    data = service(ENDPOINT.replace("<smb:AddressURI>", "<smb:AddressURI schemeName='x'>"), before=EXTENSION).replace(
        b"</sm:", SIGNATURE.encode() + b"</sm:"
    )
    parsed = read(data)
    assert parsed.signed
    assert parsed.notes == ("attributes were left out: schemeName",)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (service(ENDPOINT).replace(b"2.0", b"2.1"), ["VERSION"]),
        (service(ENDPOINT).replace(VERSION.encode(), b""), ["VERSION"]),
        (service(ENDPOINT).replace(VERSION.encode(), 2 * VERSION.encode()), ["REPEATED"]),
        (service(ENDPOINT).replace(SERVICE.encode(), b""), ["DOCUMENT-TYPE"]),
        (service(ENDPOINT).replace(SERVICE.encode(), 2 * SERVICE.encode()), ["REPEATED"]),
        (service(ENDPOINT).replace(PARTICIPANT.encode(), b"<smb:ParticipantID> </smb:ParticipantID>"), ["PARTICIPANT"]),
        (service(ENDPOINT).replace(PARTICIPANT.encode(), 2 * PARTICIPANT.encode()), ["REPEATED"]),
        (service(), ["PROCESS"]),
        (service(""), ["CONTENT"]),
        (service(ENDPOINT + REDIRECT), ["CONTENT"]),
        (service(REDIRECT + REDIRECT), ["REPEATED"]),
        (service("<sma:Process/>" + ENDPOINT), ["PROCESS"]),
        (service("<sma:Process><smb:ID>p</smb:ID><smb:RoleID/></sma:Process>" + ENDPOINT), ["ROLE"]),
        (service("<sma:Endpoint/>"), ["TRANSPORT-PROFILE"]),
        (service(f"<sma:Endpoint>{PROFILE}{PROFILE}</sma:Endpoint>"), ["REPEATED"]),
        (
            service(ENDPOINT.replace("</sma:E", "<smb:AddressURI>https://evil.example</smb:AddressURI></sma:E")),
            ["REPEATED"],
        ),
        (
            service(f"<sma:Endpoint>{PROFILE}<smb:ActivationDate>2026-02-30</smb:ActivationDate></sma:Endpoint>"),
            ["DATE"],
        ),
        (service(f"<sma:Endpoint>{PROFILE}<sma:Certificate/></sma:Endpoint>"), ["CERTIFICATE"]),
        (service("<sma:Redirect/>"), ["PUBLISHER"]),
        (
            service(REDIRECT.replace("</sma:R", "<sma:Certificate/><sma:Certificate/></sma:R")),
            ["REPEATED", "CERTIFICATE"],
        ),
        (service(ENDPOINT, before=EXTENSION + EXTENSION), ["REPEATED"]),
        (group(VERSION + PARTICIPANT + "<sma:ServiceReference/>"), ["DOCUMENT-TYPE"]),
        (group(""), ["VERSION", "PARTICIPANT"]),
        (document(""), ["VERSION", "PARTICIPANT", "DOCUMENT-TYPE", "PROCESS"]),
    ],
)
def test_what_decides_must_be_there_once(data: bytes, expected: list[str]) -> None:
    assert reasons(data) == [f"BDXR2-{reason}" for reason in expected]


def test_reasons_are_bounded() -> None:
    assert len(reasons(service(*["<sma:Endpoint/>"] * 5000))) == 100


def test_elements_of_smp_1_inside_a_root_of_smp_2_are_no_smp_2() -> None:
    for namespace in (
        "http://busdox.org/serviceMetadata/publishing/1.0/",
        "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05",
    ):
        inner = (
            f'<ServiceInformation xmlns="{namespace}"><ParticipantIdentifier scheme="s">p</ParticipantIdentifier>'
            '<DocumentIdentifier scheme="s">d</DocumentIdentifier><ProcessList/></ServiceInformation>'
        )
        assert reasons(document(inner)) == [
            "BDXR2-VERSION",
            "BDXR2-PARTICIPANT",
            "BDXR2-DOCUMENT-TYPE",
            "BDXR2-PROCESS",
        ]
        assert read(service(ENDPOINT, before=inner)).notes == ("ServiceMetadata: ServiceInformation was left out",)


@pytest.mark.parametrize(
    "data",
    [
        b'<ServiceGroup xmlns="http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"/>',
        f'<ServiceMetadata xmlns="{NS}/ServiceGroup"/>'.encode(),
        f'<SignedServiceMetadata xmlns="{NS}/ServiceMetadata"/>'.encode(),
        b"<ServiceGroup/>",
    ],
)
def test_other_roots_are_refused(data: bytes) -> None:
    assert reasons(data) == ["SMP-DIALECT"]


def test_ten_megabytes_are_not_read() -> None:
    content = b"<a xmlns='urn:a'>%b</a>" % (10_000_000 * b"x")
    huge = EXTENSION.encode().replace(SIGNATURE.encode(), content)
    assert reasons(service(ENDPOINT, before="@").replace(b"@", huge)) == ["XML_TOO_LARGE"]


def test_a_document_of_a_thousand_endpoints_is_read() -> None:
    (entry,) = metadata_of(service(ENDPOINT * 1000)).process_metadata
    assert entry == ProcessMetadata((), entry.endpoints[:1] * 1000)
