# SPDX-License-Identifier: Apache-2.0
from base64 import b64encode, encodebytes
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Redirect
from registry.smp.documents.busdox import ParsedDocument, read

NAMESPACES = (
    'xmlns="http://busdox.org/serviceMetadata/publishing/1.0/" xmlns:i="http://busdox.org/transport/identifiers/1.0/"'
    ' xmlns:w="http://www.w3.org/2005/08/addressing"'
)
PARTICIPANT = '<i:ParticipantIdentifier scheme="iso6523-actorid-upis">9915:test</i:ParticipantIdentifier>'
DOCUMENT = '<i:DocumentIdentifier scheme="busdox-docid-qns">urn:a::b##c::1</i:DocumentIdentifier>'
PROCESS = '<i:ProcessIdentifier scheme="p">urn:p</i:ProcessIdentifier>'
ADDRESS = "<w:EndpointReference><w:Address>https://ap.example.org</w:Address></w:EndpointReference>"
FLAG = "<RequireBusinessLevelSignature>false</RequireBusinessLevelSignature>"
HREF = "https://smp.example.org/iso6523-actorid-upis%3A%3A9915%3Atest/services/busdox-docid-qns%3A%3Aurn%3Aa%3A%3Ab"

Build = Callable[..., bytes]


@pytest.fixture
def build(der: bytes) -> Build:
    """Makes a ServiceMetadata of one endpoint, in which parts can be exchanged."""

    def make(
        participant: str = PARTICIPANT,
        document: str = DOCUMENT,
        process: str = PROCESS,
        attributes: str = 'transportProfile="tp"',
        address: str = ADDRESS,
        flag: str = FLAG,
        dates: str = "",
        certificate: str = b64encode(der).decode(),
        more: str = "",
    ) -> bytes:
        endpoint = (
            f"<Endpoint {attributes}>{address}{flag}{dates}<Certificate>{certificate}</Certificate>{more}</Endpoint>"
        )
        endpoints = f"<ServiceEndpointList>{endpoint}</ServiceEndpointList>"
        processes = f"<ProcessList><Process>{process}{endpoints}</Process></ProcessList>"
        information = f"<ServiceInformation>{participant}{document}{processes}</ServiceInformation>"
        return f"<ServiceMetadata {NAMESPACES}>{information}</ServiceMetadata>".encode()

    return make


def _endpoint(parsed: ParsedDocument) -> Endpoint:
    assert parsed.metadata is not None
    ((endpoint,),) = (entry.endpoints for entry in parsed.metadata.process_metadata)
    return endpoint


def _reasons(data: bytes) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        read(data)
    return [reason.id for reason in refused.value.reasons]


def test_service_metadata_without_its_wrapper_is_read(build: Build, der: bytes) -> None:
    parsed = read(build())
    assert (parsed.kind, parsed.signed, parsed.notes) == ("service_metadata", False, ())
    assert parsed.participant == ParticipantIdentifier("iso6523-actorid-upis", "9915:test")
    assert parsed.document_type == DocumentTypeIdentifier("busdox-docid-qns", "urn:a::b##c::1")
    endpoint = _endpoint(parsed)
    assert (endpoint.transport_profile, endpoint.address) == ("tp", "https://ap.example.org")
    assert [certificate.der for certificate in endpoint.certificates] == [der]


def test_a_signature_is_seen_and_not_judged(build: Build) -> None:
    inside = build().decode()
    wrapped = f'<SignedServiceMetadata {NAMESPACES}>{inside}<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    parsed = read(f"{wrapped}</SignedServiceMetadata>".encode())
    assert parsed.signed
    assert parsed.notes == ()


def test_padding_of_identifiers_is_no_part_of_them(build: Build) -> None:
    parsed = read(
        build(
            participant='<i:ParticipantIdentifier scheme=" s ">\n\t0088:1\n</i:ParticipantIdentifier>',
            document='<i:DocumentIdentifier scheme="d">\r\n a::b##c@d*::1 </i:DocumentIdentifier>',
            process='<i:ProcessIdentifier scheme="p"> urn:p </i:ProcessIdentifier>',
            attributes='transportProfile=" tp "',
        )
    )
    assert parsed.participant == ParticipantIdentifier("s", "0088:1")
    assert parsed.document_type == DocumentTypeIdentifier("d", "a::b##c@d*::1")
    assert parsed.metadata is not None
    assert parsed.metadata.process_metadata[0].processes[0].identifier == ProcessIdentifier("p", "urn:p")
    assert _endpoint(parsed).transport_profile == "tp"


def test_text_around_comments_and_instructions_is_read_whole(build: Build) -> None:
    spelled = '<i:ParticipantIdentifier scheme="s">0088<!-- -->:<?x y?>1</i:ParticipantIdentifier>'
    assert read(build(participant=spelled)).participant.value == "0088:1"


@pytest.mark.parametrize(
    "form",
    [
        lambda der: encodebytes(der).decode(),
        lambda der: encodebytes(der).decode().replace("\n", "&#13;\n"),
        lambda der: f"\n-----BEGIN CERTIFICATE-----\n{encodebytes(der).decode()}-----END CERTIFICATE-----\n",
    ],
)
def test_certificates_are_read_with_white_space_and_armour(
    build: Build, der: bytes, form: Callable[[bytes], str]
) -> None:
    assert _endpoint(read(build(certificate=form(der)))).certificates[0].der == der


def test_a_missing_certificate_is_noted(build: Build) -> None:
    parsed = read(build(certificate=" \n"))
    assert _endpoint(parsed).certificates == ()
    assert parsed.notes == ("Process 1, Endpoint 1: no Certificate",)


def test_dates_are_repaired_and_noted(build: Build) -> None:
    dates = (
        "<ServiceActivationDate>2013-03-01Z</ServiceActivationDate>"
        "<ServiceExpirationDate>9999-12-31T23:59:59-05:00</ServiceExpirationDate>"
    )
    parsed = read(build(dates=dates))
    endpoint = _endpoint(parsed)
    assert endpoint.activation == datetime(2013, 3, 1, tzinfo=UTC)
    assert endpoint.expiration == datetime.max.replace(tzinfo=UTC)
    assert len(parsed.notes) == 2


def test_empty_dates_mean_for_ever(build: Build) -> None:
    endpoint = _endpoint(read(build(dates="<ServiceActivationDate/><ServiceExpirationDate> </ServiceExpirationDate>")))
    assert (endpoint.activation, endpoint.expiration) == (None, None)


def test_a_missing_flag_means_false_and_is_noted(build: Build) -> None:
    parsed = read(build(flag=""))
    assert _endpoint(parsed).require_business_level_signature is False
    assert parsed.notes == ("Process 1, Endpoint 1: no RequireBusinessLevelSignature, taken as false",)


def test_unknown_elements_are_left_out_and_noted_when_they_say_something(build: Build) -> None:
    parsed = read(build(more="<Color>red</Color><Empty/>", address=ADDRESS.replace("</w:E", "<w:Metadata/></w:E")))
    assert parsed.notes == ("Process 1, Endpoint 1: Color was left out",)


def test_an_element_that_is_empty_differs_from_none(build: Build) -> None:
    without, empty = read(build()), read(build(more="<MinimumAuthenticationLevel/><TechnicalInformationUrl/>"))
    assert (_endpoint(without).minimum_authentication_level, _endpoint(without).technical_information) == (None, None)
    assert (_endpoint(empty).minimum_authentication_level, _endpoint(empty).technical_information) == ("", "")


def test_everything_that_is_missing_is_told_at_once(build: Build) -> None:
    document = build(
        participant="", document="<i:DocumentIdentifier/>", process="", attributes="", address="", certificate="AAAA"
    )
    assert _reasons(document) == [
        "BUSDOX-PARTICIPANT",
        "BUSDOX-DOCUMENT-TYPE",
        "BUSDOX-PROCESS",
        "BUSDOX-TRANSPORT-PROFILE",
        "BUSDOX-ADDRESS",
        "BUSDOX-CERTIFICATE",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flag": "<RequireBusinessLevelSignature>maybe</RequireBusinessLevelSignature>"}, "BUSDOX-BOOLEAN"),
        ({"dates": "<ServiceExpirationDate>soon</ServiceExpirationDate>"}, "BUSDOX-DATE"),
        ({"participant": PARTICIPANT * 2}, "BUSDOX-REPEATED"),
        ({"address": ADDRESS * 2}, "BUSDOX-REPEATED"),
        ({"certificate": "blacert"}, "BUSDOX-CERTIFICATE"),
    ],
)
def test_what_can_not_be_guessed_is_refused(build: Build, change: dict[str, str], reason: str) -> None:
    assert _reasons(build(**change)) == [reason]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "BUSDOX-CONTENT"),
        ("<ServiceMetadata/>", "BUSDOX-CONTENT"),
        ("<ServiceMetadata><ServiceInformation/><Redirect/></ServiceMetadata>", "BUSDOX-CONTENT"),
    ],
)
def test_there_is_one_of_service_information_and_redirect(content: str, reason: str) -> None:
    assert _reasons(f"<SignedServiceMetadata {NAMESPACES}>{content}</SignedServiceMetadata>".encode()) == [reason]


@pytest.mark.parametrize("processes", ["", "<ProcessList/>"])
def test_a_service_needs_a_process(processes: str) -> None:
    information = f"<ServiceInformation>{PARTICIPANT}{DOCUMENT}{processes}</ServiceInformation>"
    assert _reasons(f"<ServiceMetadata {NAMESPACES}>{information}</ServiceMetadata>".encode()) == ["BUSDOX-PROCESS"]


@pytest.mark.parametrize("endpoints", ["", "<ServiceEndpointList/>"])
def test_a_process_needs_an_endpoint(endpoints: str) -> None:
    processes = f"<ProcessList><Process>{PROCESS}{endpoints}</Process></ProcessList>"
    information = f"<ServiceInformation>{PARTICIPANT}{DOCUMENT}{processes}</ServiceInformation>"
    assert _reasons(f"<ServiceMetadata {NAMESPACES}>{information}</ServiceMetadata>".encode()) == ["BUSDOX-ENDPOINT"]


def test_a_redirect_has_its_identifiers_from_its_href() -> None:
    redirect = f'<Redirect href=" {HREF} "><CertificateUID> CN=POP1 </CertificateUID></Redirect>'
    parsed = read(f"<ServiceMetadata {NAMESPACES}>{redirect}</ServiceMetadata>".encode())
    assert parsed.kind == "redirect"
    assert str(parsed.participant) == "iso6523-actorid-upis::9915:test"
    assert str(parsed.document_type) == "busdox-docid-qns::urn:a::b"
    assert parsed.metadata is not None
    assert parsed.metadata.redirect == Redirect(HREF, "CN=POP1")


def test_a_redirect_without_certificate_is_noted_and_one_to_nowhere_is_refused() -> None:
    parsed = read(f'<ServiceMetadata {NAMESPACES}><Redirect href="{HREF}"/></ServiceMetadata>'.encode())
    assert "CertificateUID" in parsed.notes[0]
    nowhere = f'<ServiceMetadata {NAMESPACES}><Redirect href="https://smp.example.org"/></ServiceMetadata>'
    assert _reasons(nowhere.encode()) == ["BUSDOX-REDIRECT-HREF"]


def test_references_of_a_group_name_its_document_types() -> None:
    hrefs = [
        HREF,
        HREF,
        HREF.replace("/services/", "%2fservices%2f") + "2",
        HREF.replace("9915%3Atest", "9915:TEST") + "3",
        HREF.replace("9915%3Atest", "9915%3Aother"),
        "https://smp.example.org/",
    ]
    references = "".join(f'<ServiceMetadataReference href="{href}"/>' for href in hrefs)
    collection = f"<ServiceMetadataReferenceCollection>{references}</ServiceMetadataReferenceCollection>"
    parsed = read(f"<ServiceGroup {NAMESPACES}>{PARTICIPANT}{collection}</ServiceGroup>".encode())
    assert parsed.kind == "service_group"
    assert parsed.service_group is not None
    assert [d.value for d in parsed.service_group.document_types] == ["urn:a::b", "urn:a::b2", "urn:a::b3"]
    assert len(parsed.notes) == 2


def test_a_group_without_references_is_empty_and_noted() -> None:
    parsed = read(f"<ServiceGroup {NAMESPACES}>{PARTICIPANT}</ServiceGroup>".encode())
    assert parsed.service_group is not None
    assert parsed.service_group.document_types == ()
    assert "ServiceMetadataReferenceCollection" in parsed.notes[0]


def test_a_group_without_participant_is_refused() -> None:
    assert _reasons(f"<ServiceGroup {NAMESPACES}/>".encode()) == ["BUSDOX-PARTICIPANT"]


def test_extensions_are_read_in_all_their_places(build: Build) -> None:
    text = build(more="<Extension><e xmlns=''/></Extension>").decode()
    text = text.replace("</Process>", "<Extension>p</Extension></Process>")
    text = text.replace("</ServiceInformation>", "<Extension><i:s/></Extension></ServiceInformation>")
    metadata = read(text.encode()).metadata
    assert metadata is not None
    (entry,) = metadata.process_metadata
    contents = [
        extension.content
        for place in (entry.endpoints[0], entry.processes[0], metadata)
        for extension in place.extensions
    ]
    assert contents == [b"<e xmlns=''/>", b"p", b"<i:s/>"]
    assert dict(metadata.extensions[0].namespaces)["i"] == "http://busdox.org/transport/identifiers/1.0/"


@given(data=st.data())
def test_a_broken_document_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    endpoint = f'<Endpoint transportProfile="t">{ADDRESS}{FLAG}<Certificate/><Extension><e/></Extension></Endpoint>'
    document = (
        f"<ServiceMetadata {NAMESPACES}><ServiceInformation>{PARTICIPANT}{DOCUMENT}<ProcessList><Process>{PROCESS}"
        f"<ServiceEndpointList>{endpoint}</ServiceEndpointList></Process></ProcessList></ServiceInformation>"
        "</ServiceMetadata>"
    )
    start = data.draw(st.integers(0, len(document)))
    end = data.draw(st.integers(start, min(len(document), start + 80)))
    inserted = data.draw(st.one_of(st.text(max_size=20), st.sampled_from([document[start:end] * 2, "<a>", "&#0;"])))
    broken = (document[:start] + inserted + document[end:]).encode("utf-8", "replace")
    try:
        parsed = read(broken)
    except ValidationError:
        return
    assert parsed.participant.value
