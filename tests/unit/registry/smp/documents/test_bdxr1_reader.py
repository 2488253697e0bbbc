# SPDX-License-Identifier: Apache-2.0
from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, Extension, Redirect
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.parsed import ParsedDocument

SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
DRAFT = "http://docs.oasis-open.org/bdxr/ns/SMP/2014/07"
PARTICIPANT = '<ParticipantIdentifier scheme="s">9915:test</ParticipantIdentifier>'
DOCUMENT = '<DocumentIdentifier scheme="bdx-docid-qns">urn:a::b##c::1</DocumentIdentifier>'
PROCESS = "<ProcessIdentifier>bdx:noprocess</ProcessIdentifier>"
ADDRESS = "<EndpointURI> https://ap.example.org </EndpointURI>"
HREF = "https://smp.example.org/s%3A%3A9915%3Atest/services/bdx-docid-qns%3A%3Aurn%3Aa%3A%3Ab"

Build = Callable[..., bytes]


@pytest.fixture
def build(der: bytes) -> Build:
    """Makes a ServiceMetadata of one endpoint, in which parts can be exchanged."""

    def make(
        process: str = PROCESS,
        attributes: str = 'transportProfile="tp"',
        address: str = ADDRESS,
        certificate: str = b64encode(der).decode(),
        more: str = "",
        end: str = "",
        namespace: str = SMP,
    ) -> bytes:
        endpoint = f"<Endpoint {attributes}>{address}<Certificate>{certificate}</Certificate>{more}</Endpoint>"
        endpoints = f"<ServiceEndpointList>{endpoint}</ServiceEndpointList>"
        processes = f"<ProcessList><Process>{process}{endpoints}</Process></ProcessList>"
        information = f"<ServiceInformation>{PARTICIPANT}{DOCUMENT}{processes}{end}</ServiceInformation>"
        return f'<ServiceMetadata xmlns="{namespace}" xmlns:x="urn:x">{information}</ServiceMetadata>'.encode()

    return make


def _endpoint(parsed: ParsedDocument) -> Endpoint:
    assert parsed.metadata is not None
    ((endpoint,),) = (entry.endpoints for entry in parsed.metadata.process_metadata)
    return endpoint


def _extension(parsed: ParsedDocument) -> Extension:
    assert parsed.metadata is not None
    (extension,) = parsed.metadata.extensions
    return extension


def _reasons(data: bytes) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        BDXR1.read(data)
    return [reason.id for reason in refused.value.reasons]


def test_service_metadata_of_the_one_namespace_is_read(build: Build, der: bytes) -> None:
    parsed = BDXR1.read(build())
    assert (parsed.kind, parsed.signed, parsed.notes) == ("service_metadata", False, ())
    assert parsed.participant == ParticipantIdentifier("s", "9915:test")
    assert parsed.document_type == DocumentTypeIdentifier("bdx-docid-qns", "urn:a::b##c::1")
    assert parsed.metadata is not None
    assert parsed.metadata.process_metadata[0].processes[0].identifier == ProcessIdentifier("", "bdx:noprocess")
    endpoint = _endpoint(parsed)
    assert (endpoint.transport_profile, endpoint.address) == ("tp", "https://ap.example.org")
    assert [certificate.der for certificate in endpoint.certificates] == [der]


@pytest.mark.parametrize(
    ("flag", "required"),
    [
        ("", False),
        ("<RequireBusinessLevelSignature/>", False),
        ("<RequireBusinessLevelSignature>1</RequireBusinessLevelSignature>", True),
    ],
)
def test_a_missing_flag_means_false_without_a_note(build: Build, flag: str, required: bool) -> None:
    parsed = BDXR1.read(build(more=flag))
    assert _endpoint(parsed).require_business_level_signature is required
    assert parsed.notes == ()


def test_the_draft_of_2014_is_read_with_a_note(build: Build) -> None:
    draft, standard = BDXR1.read(build(namespace=DRAFT)), BDXR1.read(build())
    assert draft.metadata == standard.metadata
    assert draft.notes == ("the document is of the draft 2014/07 of OASIS BDXR SMP 1.0",)


def test_the_draft_and_the_standard_are_not_mixed(build: Build) -> None:
    mixed = build(address=ADDRESS.replace("<EndpointURI", f'<EndpointURI xmlns="{DRAFT}"'))
    assert _reasons(mixed) == ["BDXR1-ADDRESS"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"address": ""}, "ADDRESS"),
        ({"address": ADDRESS * 2}, "REPEATED"),
        ({"attributes": ""}, "TRANSPORT-PROFILE"),
        ({"attributes": 'transportProfile=" "'}, "TRANSPORT-PROFILE"),
        ({"process": ""}, "PROCESS"),
        ({"certificate": "blacert"}, "CERTIFICATE"),
        ({"more": "<ServiceActivationDate>soon</ServiceActivationDate>"}, "DATE"),
    ],
)
def test_what_can_not_be_guessed_is_refused_under_its_own_prefix(
    build: Build, change: dict[str, str], reason: str
) -> None:
    assert _reasons(build(**change)) == [f"BDXR1-{reason}"]


def test_the_reason_names_the_specification(build: Build) -> None:
    with pytest.raises(ValidationError) as refused:
        BDXR1.read(build(address=""))
    (reason,) = refused.value.reasons
    assert reason.message == "Process 1, Endpoint 1: the EndpointURI is missing"
    assert reason.clause == "OASIS BDXR SMP 1.0, bdx-smp-201605.xsd EndpointType"


def test_any_number_of_extensions_is_read_in_all_their_places(build: Build) -> None:
    text = build(more="<Extension><x:a/></Extension><Extension><x:b/></Extension>").decode()
    text = text.replace("</Process>", "<Extension><x:c/></Extension></Process>")
    text = text.replace("</ServiceInformation>", "<Extension><x:d/></Extension></ServiceInformation>")
    parsed = BDXR1.read(text.encode())
    assert parsed.metadata is not None
    (entry,) = parsed.metadata.process_metadata
    contents = [
        [extension.content for extension in place.extensions]
        for place in (entry.endpoints[0], entry.processes[0], parsed.metadata)
    ]
    assert contents == [[b"<x:a/>", b"<x:b/>"], [b"<x:c/>"], [b"<x:d/>"]]
    redirect = f'<Redirect href="{HREF}"><CertificateUID>CN=a</CertificateUID>{"<Extension><x:e/></Extension>" * 2}'
    document = f'<ServiceMetadata xmlns="{SMP}" xmlns:x="urn:x">{redirect}</Redirect></ServiceMetadata>'
    metadata = BDXR1.read(document.encode()).metadata
    assert metadata is not None
    extension = Extension(b"<x:e/>", (("", SMP), ("x", "urn:x")))
    assert metadata.redirect == Redirect(HREF, "CN=a", (extension, extension))


def test_what_describes_an_extension_is_no_part_of_its_content(build: Build) -> None:
    content = " <!-- c --><x:n b='2'  a=\"1\">&#13;<ExtensionID>inner</ExtensionID></x:n> "
    describing = "<ExtensionID> 1 </ExtensionID>\n<ExtensionURI> urn:a </ExtensionURI><ExtensionReason/>"
    parsed = BDXR1.read(build(end=f"<Extension>\n{describing}{content}</Extension>"))
    assert parsed.notes == ()
    extension = _extension(parsed)
    assert extension.content == content.encode()
    assert extension.properties == (("ExtensionID", "1"), ("ExtensionURI", "urn:a"), ("ExtensionReason", ""))


@pytest.mark.parametrize(
    "content",
    [
        "<x:n/><ExtensionID>1</ExtensionID><ExtensionName>2</ExtensionName>",
        "<ExtensionName>2</ExtensionName><ExtensionID>1</ExtensionID><x:n/>",
        "<ExtensionID>1</ExtensionID><x:n/> <ExtensionName>2</ExtensionName> ",
    ],
)
def test_misplaced_descriptions_are_put_in_order_and_noted(build: Build, content: str) -> None:
    parsed = BDXR1.read(build(end=f"<Extension>{content}</Extension>"))
    assert parsed.notes == ("ServiceInformation: the elements that describe the Extension were put in order",)
    extension = _extension(parsed)
    assert extension.content.strip() == b"<x:n/>"
    assert extension.properties == (("ExtensionID", "1"), ("ExtensionName", "2"))


def test_what_a_description_holds_beside_text_is_noted(build: Build) -> None:
    parsed = BDXR1.read(build(end="<Extension><ExtensionID a='1'>1<x:y/></ExtensionID><x:n/></Extension>"))
    assert parsed.notes == ("ServiceInformation: what ExtensionID holds beside its text was left out",)
    assert _extension(parsed).properties == (("ExtensionID", "1"),)


def test_a_description_that_is_there_twice_is_kept_twice(build: Build) -> None:
    twice = "<Extension><ExtensionID>1</ExtensionID><ExtensionID>2</ExtensionID><x:n/></Extension>"
    assert _extension(BDXR1.read(build(end=twice))).properties == (("ExtensionID", "1"), ("ExtensionID", "2"))


def test_a_redirect_without_href_is_refused() -> None:
    redirect = "<Redirect><CertificateUID>CN=a</CertificateUID></Redirect>"
    document = f'<ServiceMetadata xmlns="{SMP}">{redirect}</ServiceMetadata>'
    assert _reasons(document.encode()) == ["BDXR1-REDIRECT-HREF"]


@given(data=st.data())
def test_a_broken_document_of_smp_1_0_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    extension = "<Extension><ExtensionID>1</ExtensionID><x:n/><ExtensionName/></Extension>"
    endpoint = f'<Endpoint transportProfile="t">{ADDRESS}<Certificate/>{extension}</Endpoint>'
    document = (
        f'<ServiceMetadata xmlns="{SMP}" xmlns:x="urn:x"><ServiceInformation>{PARTICIPANT}{DOCUMENT}<ProcessList>'
        f"<Process>{PROCESS}<ServiceEndpointList>{endpoint}</ServiceEndpointList></Process></ProcessList>"
        "</ServiceInformation></ServiceMetadata>"
    )
    start = data.draw(st.integers(0, len(document)))
    end = data.draw(st.integers(start, min(len(document), start + 80)))
    inserted = data.draw(st.one_of(st.text(max_size=20), st.sampled_from([document[start:end] * 2, "<a>", "&#0;"])))
    broken = (document[:start] + inserted + document[end:]).encode("utf-8", "replace")
    try:
        parsed = BDXR1.read(broken)
    except ValidationError:
        return
    assert parsed.participant.value
