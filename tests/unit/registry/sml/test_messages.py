# SPDX-License-Identifier: Apache-2.0
"""Requests and answers of the locator's services, read and written."""

import itertools
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.envelope import EMPTY, MAX_BYTES, EnvelopeError, envelope, escape, read_response
from registry.sml.errors import FaultKind, SmlError
from registry.sml.messages import (
    CreateParticipants,
    CreatePublisher,
    DeleteParticipants,
    DeletePublisher,
    IsAlive,
    ListParticipants,
    Migrate,
    ParticipantExists,
    PrepareCertificate,
    PrepareMigration,
    ReadPublisher,
    Request,
    UpdatePublisher,
    parse_request,
    read_exists,
    read_page,
    read_publisher,
    write_exists,
    write_page,
    write_publisher,
    write_request,
)
from registry.sml.model import ParticipantPage, Publisher
from registry.sml.wsdl import (
    BDMSL,
    BDMSL_DATA,
    IDENTIFIERS,
    LOCATOR,
    MANAGE_PARTICIPANT_IDENTIFIER,
    MANAGE_SERVICE_METADATA,
    SERVICES,
    Service,
)

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ONE = ParticipantIdentifier("iso6523-actorid-upis", "0088:1")
ID = "<ServiceMetadataPublisherID>SMP-1</ServiceMetadataPublisherID>"
PARTICIPANT = '<i:ParticipantIdentifier scheme="iso6523-actorid-upis">0088:1</i:ParticipantIdentifier>'
ADDRESSES = "<LogicalAddress>https://a.example/</LogicalAddress><PhysicalAddress>192.0.2.1</PhysicalAddress>"
ENDPOINT = f"<PublisherEndpoint>{ADDRESSES}</PublisherEndpoint>"
KEY = "<MigrationKey>11AAbb$$11AAbb$$</MigrationKey>"


def message(name: str, content: str, header: str = "") -> bytes:
    body = f'<{name} xmlns="{LOCATOR}" xmlns:i="{IDENTIFIERS}">{content}</{name}>'
    return f'<S:Envelope xmlns:S="{SOAP}">{header}<S:Body>{body}</S:Body></S:Envelope>'.encode()


def parse(data: bytes) -> Request:
    """Parse at the service that knows the request."""
    name = etree.QName(read_response(data)).localname
    (service,) = (each for each in SERVICES if name in {operation.request for operation in each.operations})
    return parse_request(service, data)


def refusal(data: bytes, service: Service = MANAGE_PARTICIPANT_IDENTIFIER) -> str:
    with pytest.raises(SmlError) as caught:
        parse_request(service, data)
    assert (caught.value.kind, caught.value.code) == (FaultKind.BAD_REQUEST, 106)
    return str(caught.value)


def outcome(service: Service, data: bytes) -> Request | SmlError | EnvelopeError:
    """What becomes of any bytes: nothing else than these three."""
    try:
        request = parse_request(service, data)
    except (SmlError, EnvelopeError) as error:
        code = error.code
        assert code in {106, "VersionMismatch", "MustUnderstand"}
        return error
    assert isinstance(request, Request)
    return request


# Leniency: what existing clients send.


def test_read_without_endpoint_is_understood() -> None:
    assert parse(message("ReadServiceMetadataPublisherService", ID)) == ReadPublisher("SMP-1")


def test_read_with_empty_endpoint_is_understood() -> None:
    for empty in (
        "<PublisherEndpoint/>",
        "<PublisherEndpoint><LogicalAddress/><PhysicalAddress/></PublisherEndpoint>",
    ):
        assert parse(message("ReadServiceMetadataPublisherService", empty + ID)) == ReadPublisher("SMP-1")


def test_delete_list_without_publisher_is_understood() -> None:
    assert parse(message("DeleteList", PARTICIPANT)) == DeleteParticipants(None, (ONE,))


@pytest.mark.parametrize("page", ["", "<NextPageIdentifier/>", "<NextPageIdentifier> </NextPageIdentifier>"])
def test_absent_and_empty_page_identifier_mean_the_first_page(page: str) -> None:
    assert parse(message("PageRequest", ID + page)) == ListParticipants("SMP-1", None)


def test_page_identifier_is_handed_on_as_it_is() -> None:
    page = "<NextPageIdentifier>7</NextPageIdentifier>"
    assert parse(message("PageRequest", ID + page)) == ListParticipants("SMP-1", "7")


def test_list_with_empty_page_identifier_is_understood() -> None:
    data = message("CreateList", f"{PARTICIPANT}{ID}<NextPageIdentifier/>")
    assert parse(data) == CreateParticipants("SMP-1", (ONE,))


def test_empty_list_is_understood() -> None:
    assert parse(message("CreateList", ID)) == CreateParticipants("SMP-1", ())


def test_order_of_elements_does_not_matter() -> None:
    assert parse(message("CreateParticipantIdentifier", PARTICIPANT + ID)) == CreateParticipants("SMP-1", (ONE,))


def test_white_space_around_values_is_no_part_of_them() -> None:
    data = message(
        "CreateParticipantIdentifier", ID.replace("SMP-1", "\n SMP-1\t") + PARTICIPANT.replace("0088:1", " 0088:1 ")
    )
    assert parse(data) == CreateParticipants("SMP-1", (ONE,))


def test_ebcore_party_id_may_come_without_scheme() -> None:
    urn = "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:123"
    for attribute in ("", ' scheme=""'):
        data = message(
            "CreateParticipantIdentifier",
            f"{ID}<i:ParticipantIdentifier{attribute}>{urn}</i:ParticipantIdentifier>",
        )
        assert parse(data) == CreateParticipants("SMP-1", (ParticipantIdentifier("", urn),))


def test_physical_address_may_be_empty_but_not_missing() -> None:
    content = ENDPOINT.replace("192.0.2.1", "") + ID
    expected = CreatePublisher(Publisher("SMP-1", "https://a.example/", ""))
    assert parse(message("CreateServiceMetadataPublisherService", content)) == expected
    missing = content.replace("<PhysicalAddress></PhysicalAddress>", "")
    text = refusal(message("CreateServiceMetadataPublisherService", missing), MANAGE_SERVICE_METADATA)
    assert text.endswith(f"CreateServiceMetadataPublisherService: {{{LOCATOR}}}PhysicalAddress is missing")


def test_comment_and_processing_instruction_do_not_cut_a_value() -> None:
    split = "SMP<!-- comment -->-<?pi data?>1"
    assert parse(message("ServiceMetadataPublisherID", split)) == DeletePublisher("SMP-1")


def test_prefixes_are_free() -> None:
    data = (
        f'<e:Envelope xmlns:e="{SOAP}"><e:Header/><e:Body>'
        f'<x:DeleteParticipantIdentifier xmlns:x="{LOCATOR}"><x:ServiceMetadataPublisherID>SMP-1'
        f'</x:ServiceMetadataPublisherID><ParticipantIdentifier xmlns="{IDENTIFIERS}" '
        f'scheme="iso6523-actorid-upis">0088:1</ParticipantIdentifier></x:DeleteParticipantIdentifier>'
        "</e:Body></e:Envelope>"
    ).encode()
    assert parse(data) == DeleteParticipants("SMP-1", (ONE,))


def prepared(content: str) -> bytes:
    return (
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body><PrepareChangeCertificate xmlns="{BDMSL_DATA}">'
        f"<newCertificatePublicKey>x</newCertificatePublicKey>{content}</PrepareChangeCertificate></S:Body></S:Envelope>"
    ).encode()


@pytest.mark.parametrize("zone", ["", "Z", "+01:00", "-14:00"])
def test_day_of_a_certificate_change_may_have_a_time_zone(zone: str) -> None:
    data = prepared(f"<migrationDate>2027-01-15{zone}</migrationDate>")
    assert parse(data) == PrepareCertificate("x", date(2027, 1, 15))
    assert parse(prepared("<migrationDate/>")) == PrepareCertificate("x", None)


@pytest.mark.parametrize("day", ["2027-02-30", "15.01.2027", "2027-01-15T00:00:00Z", "20270115x"])
def test_day_that_is_none_is_refused(day: str) -> None:
    assert "migrationDate is a day such as 2027-01-15" in refusal(
        prepared(f"<migrationDate>{day}</migrationDate>"), BDMSL
    )


# Precision: what is wrong is named, all of it.


def test_everything_wrong_is_named_at_once() -> None:
    text = refusal(message("PrepareMigrationRecord", f'{ID}{ID}<x xmlns="urn:x"/><MigrationKey> </MigrationKey>'))
    assert "unknown element '{urn:x}x'" in text
    assert "ServiceMetadataPublisherID is there 2 times" in text
    assert f"{{{IDENTIFIERS}}}ParticipantIdentifier is missing" in text
    assert "MigrationKey is empty" in text


def test_unknown_request_is_named_with_what_the_service_knows() -> None:
    text = refusal(message("Frobnicate", ID), MANAGE_SERVICE_METADATA)
    assert f"manageservicemetadata does not know '{{{LOCATOR}}}Frobnicate'" in text
    for operation in MANAGE_SERVICE_METADATA.operations:
        assert operation.request in text


def test_service_accepts_only_its_own_requests() -> None:
    for service, other in itertools.permutations(SERVICES, 2):
        for operation in other.operations:
            assert "does not know" in refusal(message(operation.request, ""), service)


def test_request_in_a_wrong_namespace_is_told_the_right_one() -> None:
    text = refusal(message("PageRequest", ID).replace(LOCATOR.encode(), b"urn:wrong"))
    assert text.endswith(f"'{{urn:wrong}}PageRequest' is in a wrong namespace; PageRequest belongs to {LOCATOR}")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "The SOAP Body is empty; manageparticipantidentifier knows CreateParticipantIdentifier"),
        ("<a/><b/>", "Envelope: Body holds 2 elements, only one is allowed"),
    ],
)
def test_body_holds_exactly_one_element(body: str, problem: str) -> None:
    assert problem in refusal(envelope(body))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "Body is missing"),
        ("<S:Body/><S:Body/>", "Body is there 2 times"),
        ("<S:Header/><S:Header/><S:Body/>", "Header is there 2 times"),
        ("<S:Body/><S:Foot/>", "unknown element"),
    ],
)
def test_envelope_holds_one_body_and_perhaps_a_header(content: str, problem: str) -> None:
    assert problem in refusal(f'<S:Envelope xmlns:S="{SOAP}">{content}</S:Envelope>'.encode())


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not well-formed"),
        (b"no xml", "not well-formed"),
        (b"<a/>", "'a' is no SOAP envelope"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (b"<?xml version='1.0' encoding='EBCDIC-CP-BE'?><a/>", "encoding"),
        (b" " * (MAX_BYTES + 1), f"{MAX_BYTES} are allowed"),
    ],
)
def test_what_is_no_envelope_is_refused(data: bytes, problem: str) -> None:
    assert problem in refusal(data)


def test_list_of_101_is_refused_and_of_100_is_not() -> None:
    hundred = tuple(ParticipantIdentifier("iso6523-actorid-upis", f"0088:{number}") for number in range(100))
    request: Request
    for request in (CreateParticipants("SMP-1", hundred), DeleteParticipants("SMP-1", hundred)):
        assert parse(write_request(request)) == request
        one_more = type(request)("SMP-1", (*hundred, ParticipantIdentifier("iso6523-actorid-upis", "0088:101")))
        assert "101 participants, at most 100 are allowed" in refusal(write_request(one_more))


@pytest.mark.parametrize("name", ["CreateList", "DeleteList"])
def test_participant_twice_in_a_list_is_refused(name: str) -> None:
    text = refusal(message(name, PARTICIPANT * 2 + ID))
    assert "'iso6523-actorid-upis::0088:1' is in the list more than once" in text


@pytest.mark.parametrize("name", ["CreateList", "DeleteList"])
def test_list_with_page_identifier_is_refused(name: str) -> None:
    content = f"{PARTICIPANT}{ID}<NextPageIdentifier>2</NextPageIdentifier>"
    assert "NextPageIdentifier must be absent" in refusal(message(name, content))


def test_create_list_without_publisher_is_refused() -> None:
    assert f"{{{LOCATOR}}}ServiceMetadataPublisherID is missing" in refusal(message("CreateList", PARTICIPANT))


@pytest.mark.parametrize(
    ("participant", "problem"),
    [
        ("<i:ParticipantIdentifier>0088:1</i:ParticipantIdentifier>", "'0088:1' lacks a scheme or a value"),
        ('<i:ParticipantIdentifier scheme=" ">1</i:ParticipantIdentifier>', "'1' lacks a scheme or a value"),
        ('<i:ParticipantIdentifier scheme="s"> </i:ParticipantIdentifier>', "ParticipantIdentifier is empty"),
        ('<i:ParticipantIdentifier scheme="s">a<b/></i:ParticipantIdentifier>', "must hold text only"),
        (
            "<i:ParticipantIdentifier>urn:oasis:names:tc:ebcore:partyid-type:</i:ParticipantIdentifier>",
            "lacks a scheme or a value",
        ),
    ],
)
def test_participant_needs_scheme_and_value(participant: str, problem: str) -> None:
    assert problem in refusal(message("CreateParticipantIdentifier", ID + participant))


def test_publisher_to_delete_needs_a_name_and_nothing_else() -> None:
    assert "ServiceMetadataPublisherID is empty" in refusal(
        message("ServiceMetadataPublisherID", " "), MANAGE_SERVICE_METADATA
    )
    assert "must hold text only" in refusal(message("ServiceMetadataPublisherID", "SMP-1<x/>"), MANAGE_SERVICE_METADATA)


def test_fault_text_stays_short_whatever_the_request() -> None:
    assert len(refusal(message("CreateParticipantIdentifier", f"<{'x' * 10_000}/>" * 100))) < 5_000


# Envelope: versions and headers.


def test_soap_1_2_is_a_version_mismatch() -> None:
    data = message("PageRequest", ID).replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")
    with pytest.raises(EnvelopeError, match=r"SOAP 1\.1") as caught:
        parse_request(MANAGE_PARTICIPANT_IDENTIFIER, data)
    assert caught.value.code == "VersionMismatch"


@pytest.mark.parametrize(
    "attributes",
    [
        'S:mustUnderstand="1"',
        'S:mustUnderstand=" true "',
        'S:mustUnderstand="1" S:actor=""',
        'S:mustUnderstand="1" S:actor="http://schemas.xmlsoap.org/soap/actor/next"',
    ],
)
def test_header_that_must_be_understood_is_refused(attributes: str) -> None:
    header = f'<S:Header><h:Known xmlns:h="urn:h"/><h:Tx xmlns:h="urn:h" {attributes}/></S:Header>'
    with pytest.raises(EnvelopeError, match="Tx' is not understood") as caught:
        parse_request(MANAGE_PARTICIPANT_IDENTIFIER, message("PageRequest", ID, header))
    assert caught.value.code == "MustUnderstand"


@pytest.mark.parametrize(
    "attributes",
    ["", 'S:mustUnderstand="0"', 'mustUnderstand="1"', 'S:mustUnderstand="1" S:actor="urn:somebody-else"'],
)
def test_header_that_need_not_be_understood_is_left_aside(attributes: str) -> None:
    header = f'<S:Header><h:Tx xmlns:h="urn:h" {attributes}/></S:Header>'
    assert parse(message("PageRequest", ID, header)) == ListParticipants("SMP-1", None)


def test_header_of_an_answer_is_left_aside() -> None:
    header = '<S:Header><h:Security xmlns:h="urn:h" S:mustUnderstand="1"/></S:Header>'
    body = read_response(message("ServiceMetadataPublisherService", ENDPOINT + ID, header))
    assert body is not None
    assert read_publisher(body) == Publisher("SMP-1", "https://a.example/", "192.0.2.1")


# Writing.


def test_one_participant_travels_alone_and_several_as_a_list() -> None:
    two = (ONE, ParticipantIdentifier("iso6523-actorid-upis", "0088:2"))
    assert CreateParticipants("SMP-1", (ONE,)).element == "CreateParticipantIdentifier"
    assert CreateParticipants("SMP-1", two).element == "CreateList"
    assert CreateParticipants("SMP-1", ()).element == "CreateList"
    assert DeleteParticipants("SMP-1", (ONE,)).element == "DeleteParticipantIdentifier"
    assert DeleteParticipants("SMP-1", two).element == "DeleteList"
    assert DeleteParticipants(None, (ONE,)).element == "DeleteList"


def test_page_has_next_page_identifier_only_if_there_is_one() -> None:
    assert b"NextPageIdentifier" not in write_page(ParticipantPage("SMP-1", (ONE,), None))
    assert b"<NextPageIdentifier>2</NextPageIdentifier>" in write_page(ParticipantPage("SMP-1", (ONE,), "2"))


def test_empty_answer_has_an_empty_body() -> None:
    assert read_response(EMPTY) is None


def test_page_without_publisher_belongs_to_the_one_that_was_asked() -> None:
    body = read_response(message("ParticipantIdentifierPage", PARTICIPANT))
    assert body is not None
    assert read_page(body, "SMP-9") == ParticipantPage("SMP-9", (ONE,), None)


@pytest.mark.parametrize("reader", [read_publisher, lambda body: read_page(body, "SMP-1")])
def test_another_answer_than_expected_is_refused(reader: Callable[[etree._Element], object]) -> None:
    body = read_response(message("Surprise", ID))
    assert body is not None
    with pytest.raises(SmlError, match="Surprise: expected"):
        reader(body)


@given(st.text())
def test_escaped_text_is_well_formed_as_content_and_attribute(text: str) -> None:
    element = etree.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>'.encode())
    assert element.get("b") == (element.text or "")
    assert element.get("b") == "".join(char if fits_xml(char) else "\ufffd" for char in text)


def fits_xml(char: str) -> bool:
    """XML 1.0 §2.2, production Char."""
    return char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"


@dataclass(frozen=True)
class Texts:
    """Strategies for what requests consist of."""

    text = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40)
    participant = st.builds(ParticipantIdentifier, text, text)
    participants = st.lists(participant, max_size=5, unique=True).map(tuple)
    publisher = st.builds(Publisher, text, text, st.just("") | text)


REQUESTS = st.one_of(
    st.builds(CreatePublisher, Texts.publisher),
    st.builds(UpdatePublisher, Texts.publisher),
    st.builds(ReadPublisher, Texts.text),
    st.builds(DeletePublisher, Texts.text),
    st.builds(CreateParticipants, Texts.text, Texts.participants),
    st.builds(DeleteParticipants, st.none() | Texts.text, Texts.participants),
    st.builds(ListParticipants, Texts.text, st.none() | Texts.text),
    st.builds(PrepareMigration, Texts.text, Texts.participant, Texts.text),
    st.builds(Migrate, Texts.text, Texts.participant, Texts.text),
    st.builds(CreateParticipants, Texts.text, st.tuples(Texts.participant), Texts.text),
    st.builds(ParticipantExists, Texts.text, Texts.participant),
    st.builds(PrepareCertificate, Texts.text, st.none() | st.dates()),
    st.just(IsAlive()),
)


@given(REQUESTS)
def test_what_was_written_is_read_again(request: Request) -> None:
    assert parse(write_request(request)) == request


@given(st.builds(ParticipantPage, Texts.text, Texts.participants, st.none() | Texts.text))
def test_written_page_is_read_again(page: ParticipantPage) -> None:
    body = read_response(write_page(page))
    assert body is not None
    assert read_page(body, "asked") == page


@given(Texts.text, Texts.participant, st.booleans())
def test_written_existence_is_read_again(smp_id: str, participant: ParticipantIdentifier, exists: bool) -> None:
    body = read_response(write_exists(ParticipantExists(smp_id, participant), exists=exists))
    assert body is not None
    assert read_exists(body) is exists


@given(Texts.publisher)
def test_written_publisher_is_read_again(publisher: Publisher) -> None:
    body = read_response(write_publisher(publisher))
    assert body is not None
    assert read_publisher(body) == publisher


GENUINE = message("CompleteMigrationRecord", ID + PARTICIPANT + KEY, "<S:Header/>")


@given(
    st.binary(max_size=200)
    | st.tuples(
        st.integers(0, len(GENUINE)), st.integers(0, 40), st.text(string.printable, max_size=20).map(str.encode)
    ).map(lambda cut: GENUINE[: cut[0]] + cut[2] + GENUINE[cut[0] + cut[1] :])
)
@example(GENUINE)
@example(b"\xff\xfe<\x00")
def test_any_bytes_are_a_request_or_a_refusal(data: bytes) -> None:
    for service in SERVICES:
        outcome(service, data)


NAMES = [operation.request for service in SERVICES for operation in service.operations]
TREE = st.recursive(
    st.sampled_from(["", "SMP-1", PARTICIPANT, ID, KEY, ADDRESSES, "<NextPageIdentifier>2</NextPageIdentifier>"]),
    lambda inner: st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from([*NAMES, "PublisherEndpoint", "MigrationKey", "i:ParticipantIdentifier", "S:Body"]),
        st.lists(inner, max_size=3).map("".join),
    ),
)


@given(st.sampled_from(NAMES), TREE)
def test_any_tree_is_a_request_or_a_refusal(name: str, content: str) -> None:
    data = message(name, content)
    for service in SERVICES:
        outcome(service, data)
