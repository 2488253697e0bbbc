# SPDX-License-Identifier: Apache-2.0
"""Each thing that SMP 2.0 can't say has its reason; what it can say has none."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

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
from registry.smp.documents.bdxr2.rules import check_service_group, check_service_metadata, publisher_uri

PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "9915:test")
DOCUMENT_TYPE = DocumentTypeIdentifier("bdx-docid-qns", "urn:a::invoice##urn:b::2.1")
PROCESS = Process(ProcessIdentifier("cenbii-procid-ubl", "urn:billing"), ("buyer",))
DAY = datetime(2026, 1, 1, tzinfo=UTC)
EXT = "http://docs.oasis-open.org/bdxr/ns/SMP/2/ExtensionComponents"


@pytest.fixture
def full(der: bytes) -> ServiceMetadata:
    """Everything that SMP 2.0 has a place for."""
    extension = Extension(b"<a xmlns='urn:a'/>", properties=(("ExtensionID", "1"),))
    certificate = EndpointCertificate(der, "signing", "application/pkix-cert", "signs", DAY, DAY + timedelta(days=1))
    endpoint = Endpoint(
        "as4", "https://ap.example.org", (certificate, certificate), activation=DAY, extensions=(extension, extension)
    )
    redirect = Redirect("https://smp2.example.org", "CN=AP", (extension,), der)
    process = replace(PROCESS, extensions=(extension,))
    return ServiceMetadata(
        PARTICIPANT,
        DOCUMENT_TYPE,
        (
            ProcessMetadata((process, PROCESS), (endpoint, endpoint), extensions=(extension,)),
            ProcessMetadata(redirect=redirect),
        ),
        (extension,),
    )


def ids(metadata: ServiceMetadata) -> list[str]:
    return [reason.id for reason in check_service_metadata(metadata)]


def with_endpoint(metadata: ServiceMetadata, **changes: Any) -> ServiceMetadata:
    entry = metadata.process_metadata[0]
    endpoint = replace(entry.endpoints[0], **changes)
    return replace(metadata, process_metadata=(replace(entry, endpoints=(endpoint,)),))


def with_certificate(metadata: ServiceMetadata, **changes: Any) -> ServiceMetadata:
    certificate = metadata.process_metadata[0].endpoints[0].certificates[0]
    return with_endpoint(metadata, certificates=(replace(certificate, **changes),))


def with_redirect(metadata: ServiceMetadata, **changes: Any) -> ServiceMetadata:
    redirect = metadata.process_metadata[1].redirect
    assert redirect is not None
    return replace(metadata, process_metadata=(ProcessMetadata(redirect=replace(redirect, **changes)),))


def with_process(metadata: ServiceMetadata, **changes: Any) -> ServiceMetadata:
    entry = metadata.process_metadata[0]
    return replace(metadata, process_metadata=(replace(entry, processes=(replace(PROCESS, **changes),)),))


def test_all_that_smp_2_has_a_place_for_can_be_written(full: ServiceMetadata) -> None:
    assert ids(full) == []
    bare = Endpoint("as4", "", ())
    assert ids(replace(full, process_metadata=(ProcessMetadata((), (bare,)),), extensions=())) == []


CASES: dict[str, tuple[Callable[[ServiceMetadata], ServiceMetadata], str]] = {
    "no participant": (lambda m: replace(m, participant=ParticipantIdentifier("s", "")), "PARTICIPANT"),
    "no document type": (lambda m: replace(m, document_type=DocumentTypeIdentifier("s", "")), "DOCUMENT-TYPE"),
    "blank around a scheme": (lambda m: replace(m, participant=ParticipantIdentifier(" s", "x")), "WHITE-SPACE"),
    "line break in an identifier": (
        lambda m: replace(m, document_type=DocumentTypeIdentifier("s", "a\nb")),
        "WHITE-SPACE",
    ),
    "control character": (lambda m: replace(m, participant=ParticipantIdentifier("s", "a\0b")), "CHARACTER"),
    "nothing": (lambda m: replace(m, process_metadata=()), "PROCESS"),
    "neither endpoint nor redirect": (lambda m: replace(m, process_metadata=(ProcessMetadata((PROCESS,)),)), "CONTENT"),
    "both endpoint and redirect": (
        lambda m: replace(
            m, process_metadata=(replace(m.process_metadata[0], redirect=m.process_metadata[1].redirect),)
        ),
        "CONTENT",
    ),
    "process without identifier": (lambda m: with_process(m, identifier=ProcessIdentifier("s", "")), "PROCESS"),
    "empty role": (lambda m: with_process(m, roles=("buyer", "")), "ROLE"),
    "no transport profile": (lambda m: with_endpoint(m, transport_profile=""), "TRANSPORT-PROFILE"),
    "an address that is none": (lambda m: with_endpoint(m, address="https://a b/%"), "ADDRESS"),
    "signature flag": (lambda m: with_endpoint(m, require_business_level_signature=True), "NO-ELEMENT"),
    "authentication level": (lambda m: with_endpoint(m, minimum_authentication_level="high"), "NO-ELEMENT"),
    "information": (lambda m: with_endpoint(m, technical_information="https://a"), "NO-ELEMENT"),
    "noon": (lambda m: with_endpoint(m, activation=DAY + timedelta(hours=12)), "DATE"),
    "a microsecond": (lambda m: with_endpoint(m, expiration=DAY + timedelta(microseconds=1)), "DATE"),
    "midnight elsewhere": (
        lambda m: with_endpoint(m, activation=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
        "DATE",
    ),
    "naive": (lambda m: with_endpoint(m, activation=datetime(2026, 1, 1)), "DATE"),  # noqa: DTZ001
    "certificate from noon": (lambda m: with_certificate(m, activation=DAY + timedelta(hours=12)), "DATE"),
    "certificate until noon": (lambda m: with_certificate(m, expiration=DAY + timedelta(hours=12)), "DATE"),
    "no certificate in a certificate": (lambda m: with_certificate(m, der=b""), "CERTIFICATE"),
    "tab in a MIME code": (lambda m: with_certificate(m, mime_code="a\tb"), "WHITE-SPACE"),
    "UID alone": (lambda m: with_redirect(m, certificate=None), "CERTIFICATE-UID"),
    "UID of another certificate": (lambda m: with_redirect(m, certificate_uid="CN=other"), "CERTIFICATE-UID"),
    "a certificate that is none": (lambda m: with_certificate(m, der=b"0certificate"), "CERTIFICATE"),
    "a certificate in base64": (
        lambda m: with_certificate(m, der=b64encode(m.process_metadata[0].endpoints[0].certificates[0].der)),
        "CERTIFICATE",
    ),
    "no redirect's certificate": (lambda m: with_redirect(m, certificate=b"0certificate"), "CERTIFICATE"),
    "no publisher": (lambda m: with_redirect(m, href=""), "PUBLISHER"),
    "a relative publisher": (lambda m: with_redirect(m, href="smp2.example.org"), "PUBLISHER"),
    "a publisher of another protocol": (lambda m: with_redirect(m, href="ftp://smp2.example.org"), "PUBLISHER"),
    "a publisher with a query": (lambda m: with_redirect(m, href="https://smp2.example.org?a=b"), "PUBLISHER"),
    "a publisher that is no URI": (lambda m: with_redirect(m, href="https://smp2.example.org/%"), "PUBLISHER"),
    "the URL of another document": (
        lambda m: with_redirect(
            m, href="https://a" + service_path(PARTICIPANT, DocumentTypeIdentifier("bdx-docid-qns", "urn:other"))
        ),
        "PUBLISHER",
    ),
    "two elements in an extension": (
        lambda m: replace(m, extensions=(Extension(b"<a xmlns='a:a'/><a xmlns='a:a'/>"),)),
        "EXTENSION",
    ),
    "an element in no namespace": (lambda m: replace(m, extensions=(Extension(b"<a/>"),)), "EXTENSION"),
    "an element of the extensions' own namespace": (
        lambda m: replace(m, extensions=(Extension(f"<Name xmlns='{EXT}'/>".encode()),)),
        "EXTENSION",
    ),
    "a property twice": (
        lambda m: replace(m, extensions=(Extension(b"<a xmlns='urn:a'/>", (), (("ExtensionURI", "a"),) * 2),)),
        "EXTENSION",
    ),
    "a property that nobody knows": (
        lambda m: replace(m, extensions=(Extension(b"<a xmlns='urn:a'/>", (), (("Author", "a"),)),)),
        "EXTENSION",
    ),
    "an extension of ten megabytes": (
        lambda m: replace(m, extensions=(Extension(b"<a xmlns='urn:a'>%b</a>" % (b"x" * 10_000_000)),)),
        "EXTENSION",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_thing_that_can_not_be_written_has_its_reason(case: str, full: ServiceMetadata) -> None:
    change, reason_id = CASES[case]
    reasons = check_service_metadata(change(full))
    assert [reason.id for reason in reasons] == [f"BDXR2-{reason_id}"]
    assert len(reasons[0].message) < 500
    assert reasons[0].clause


def test_the_same_rules_hold_for_service_groups() -> None:
    group = ServiceGroup(PARTICIPANT, (DOCUMENT_TYPE, DocumentTypeIdentifier("", "x")))
    assert check_service_group(group) == ()
    spoilt = ServiceGroup(ParticipantIdentifier("", ""), (DocumentTypeIdentifier("a", " b"),), (Extension(b"<a/>"),))
    assert [reason.id for reason in check_service_group(spoilt)] == [
        "BDXR2-PARTICIPANT",
        "BDXR2-WHITE-SPACE",
        "BDXR2-EXTENSION",
    ]


def test_identifiers_that_no_url_can_hold_are_a_reason_too(full: ServiceMetadata) -> None:
    spoilt = replace(full, participant=ParticipantIdentifier("s", "\ud800"))
    assert ids(spoilt) == ["BDXR2-CHARACTER"]


def test_a_uid_in_any_order_names_the_certificate(full: ServiceMetadata) -> None:
    assert ids(with_redirect(full, certificate_uid=" cn=ap ")) == []
    assert ids(with_redirect(full, certificate_uid="")) == []


def test_a_publisher_is_what_stands_before_the_path_of_this_document(full: ServiceMetadata) -> None:
    tail = service_path(PARTICIPANT, DOCUMENT_TYPE)
    for href, publisher in (
        ("https://smp2.example.org", "https://smp2.example.org"),
        ("https://smp2.example.org/bdxr-smp-2", "https://smp2.example.org/bdxr-smp-2"),
        (f"https://smp2.example.org{tail}", "https://smp2.example.org"),
        (f"https://smp2.example.org/a/bdxr-smp-2{tail}", "https://smp2.example.org/a"),
        (f"https://smp2.example.org{tail}/", "https://smp2.example.org"),
        (f"https://smp2.example.org{tail}/more", f"https://smp2.example.org{tail}/more"),
    ):
        assert publisher_uri(full, Redirect(href)) == publisher
