# SPDX-License-Identifier: Apache-2.0
"""Two documents are compared by what they mean for a sender."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domains.loader import load_domain
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
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
from registry.move_in.shadow.meaning import group_differences, metadata_differences
from registry.move_in.shadow.model import DifferenceKind
from registry.move_in.shadow.words import words_of
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.signing import sign_document
from tests.simulators.smp_models import endpoint_certificates, extensions, new_signing_key, service_metadata

RULES = load_domain("peppol-test").identifiers
PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "9915:Abc")
DOCUMENT_TYPE = DocumentTypeIdentifier("busdox-docid-qns", "urn:x::Invoice##urn:a::2.1")
PROCESS = ProcessIdentifier("cenbii-procid-ubl", "urn:billing")
KEY = new_signing_key()


def _metadata(**changes: object) -> ServiceMetadata:
    endpoint = Endpoint(
        "peppol-transport-as4-v2_0",
        "https://ap.example.org/as4",
        (endpoint_certificates()[0],),
        activation=datetime(2026, 1, 1, tzinfo=UTC),
        description="An access point",
        technical_contact="mailto:ap@example.org",
        extensions=(Extension(b"<x:a xmlns:x='urn:x' b='1'><x:c></x:c></x:a>"),),
    )
    group = ProcessMetadata((Process(PROCESS),), (replace(endpoint, **changes),))  # type: ignore[arg-type]
    return ServiceMetadata(PARTICIPANT, DOCUMENT_TYPE, (group,))


def _kinds(old: ServiceMetadata, ours: ServiceMetadata) -> list[DifferenceKind]:
    return [each.kind for each in metadata_differences(RULES, old, ours)]


def _group(*document_types: DocumentTypeIdentifier, participant: ParticipantIdentifier = PARTICIPANT) -> ServiceGroup:
    return ServiceGroup(participant, document_types)


_OTHER_ENDPOINTS: dict[str, tuple[dict[str, object], DifferenceKind]] = {
    "url": ({"address": "https://other.example.org/as4"}, DifferenceKind.URL),
    "certificate": ({"certificates": (endpoint_certificates()[1],)}, DifferenceKind.CERTIFICATE),
    "activation": ({"activation": datetime(2026, 1, 2, tzinfo=UTC)}, DifferenceKind.DATES),
    "expiration": ({"expiration": datetime(2027, 1, 2, tzinfo=UTC)}, DifferenceKind.DATES),
    "description": ({"description": "Another"}, DifferenceKind.DETAILS),
    "contact": ({"technical_contact": "mailto:b@example.org"}, DifferenceKind.DETAILS),
    "signature": ({"require_business_level_signature": True}, DifferenceKind.DETAILS),
    "extension": ({"extensions": (Extension(b"<x:a xmlns:x='urn:x' b='2'/>"),)}, DifferenceKind.EXTENSION),
}


@pytest.mark.parametrize(("change", "kind"), _OTHER_ENDPOINTS.values(), ids=_OTHER_ENDPOINTS)
def test_each_thing_that_may_differ_in_an_endpoint_is_found(change: dict[str, object], kind: DifferenceKind) -> None:
    assert _kinds(_metadata(), _metadata(**change)) == [kind]


def test_equal_metadata_have_no_difference() -> None:
    assert _kinds(_metadata(), _metadata()) == []


def test_an_extension_may_have_other_quotes_and_no_other_white_space_inside() -> None:
    same = Extension(b'\n<x:a  b="1" xmlns:x="urn:x"><x:c/></x:a>\n')
    indented = Extension(b'<x:a b="1" xmlns:x="urn:x"> <x:c/></x:a>')

    assert _kinds(_metadata(), _metadata(extensions=(same,))) == []
    assert _kinds(_metadata(), _metadata(extensions=(indented,))) == [DifferenceKind.EXTENSION]


_SERIALISED: dict[str, tuple[tuple[Extension, ...], tuple[Extension, ...]]] = {
    "declared-outside": (
        (Extension(b"<x:a xmlns:x='urn:x' c='1' b='2'/>"),),
        (Extension(b'<x:a b="2" c="1"></x:a>', (("unused", "urn:u"), ("x", "urn:x"))),),
    ),
    "space-between": ((Extension(b"<a/>\n  <b/>"),), (Extension(b"<a/><b/>"),)),
    "one-or-two": ((Extension(b"<a/><b/>"),), (Extension(b"<a/>"), Extension(b"<b/>"))),
    "comments": ((Extension(b"<a><!-- x -->1<?p i?></a>"),), (Extension(b"<a>1</a>"),)),
    "relative-namespace": ((Extension(b"<a xmlns='x' />"),), (Extension(b"<a xmlns='x'></a>"),)),
}


@pytest.mark.parametrize(("one", "other"), _SERIALISED.values(), ids=_SERIALISED)
def test_how_an_extension_is_serialised_is_no_difference_whatever_else_differs(
    one: tuple[Extension, ...], other: tuple[Extension, ...]
) -> None:
    changed = _metadata(extensions=other, address="https://other.example.org/as4")

    assert _kinds(_metadata(extensions=one), _metadata(extensions=other)) == []
    assert _kinds(_metadata(extensions=one), changed) == [DifferenceKind.URL]


def test_endpoints_of_one_profile_are_matched_by_what_they_mean() -> None:
    def several(*endpoints: Endpoint) -> ServiceMetadata:
        return replace(_metadata(), process_metadata=(ProcessMetadata((Process(PROCESS),), endpoints),))

    first = _metadata().process_metadata[0].endpoints[0]
    second = replace(first, address="https://second.example.org", extensions=(Extension(b"<a></a>"),))
    again = replace(second, extensions=(Extension(b"<a/>"),))
    third = replace(first, address="https://third.example.org")

    assert _kinds(several(first, second), several(again, first)) == []
    assert _kinds(several(first, second), several(again, third)) == [DifferenceKind.URL]


def test_text_beside_the_elements_of_an_extension_is_compared_as_it_stands() -> None:
    one, other = (_metadata(extensions=(Extension(content),)) for content in (b"<a/>one", b"<a/>other"))

    assert _kinds(one, one) == []
    assert _kinds(one, other) == [DifferenceKind.EXTENSION]


def test_an_endpoint_that_only_one_side_has_is_missing_or_extra() -> None:
    one = _metadata()
    second = replace(one.process_metadata[0].endpoints[0], transport_profile="busdox-transport-as2-ver1p0")
    group = replace(one.process_metadata[0], endpoints=(*one.process_metadata[0].endpoints, second))
    both = replace(one, process_metadata=(group,))

    assert _kinds(both, one) == [DifferenceKind.MISSING_ENDPOINT]
    assert _kinds(one, both) == [DifferenceKind.EXTRA_ENDPOINT]


def test_order_and_grouping_of_processes_mean_nothing() -> None:
    endpoints = _metadata().process_metadata[0].endpoints
    others = (Process(ProcessIdentifier("cenbii-procid-ubl", "urn:b")), Process(PROCESS))
    together = ServiceMetadata(PARTICIPANT, DOCUMENT_TYPE, (ProcessMetadata(others, endpoints),))
    apart = tuple(ProcessMetadata((process,), endpoints) for process in reversed(others))

    assert _kinds(together, replace(together, process_metadata=apart)) == []
    assert _kinds(together, replace(together, process_metadata=apart[:1])) == [DifferenceKind.MISSING_PROCESS]
    assert _kinds(replace(together, process_metadata=apart[:1]), together) == [DifferenceKind.EXTRA_PROCESS]


def _redirect(href: str, uid: str) -> ServiceMetadata:
    return ServiceMetadata(PARTICIPANT, DOCUMENT_TYPE, (ProcessMetadata(redirect=Redirect(href, uid)),))


def test_a_redirect_leads_elsewhere_or_names_another_certificate() -> None:
    one = _redirect("https://a.example.org/x/services/y", "CN=SMP,O=A,C=BE")

    assert _kinds(one, _redirect("https://a.example.org/x/services/y", "C=BE, O=A, CN=SMP")) == []
    assert _kinds(one, _redirect("https://b.example.org/x/services/y", "CN=SMP,O=A,C=BE")) == [DifferenceKind.REDIRECT]
    assert _kinds(one, _redirect("https://a.example.org/x/services/y", "CN=S,O=A,C=BE")) == [DifferenceKind.REDIRECT]
    assert DifferenceKind.REDIRECT in _kinds(one, _metadata())


def test_document_types_of_groups_are_missing_or_extra() -> None:
    other = DocumentTypeIdentifier("busdox-docid-qns", "urn:x::Order##urn:a::2.1")
    found = list(group_differences(RULES, _group(DOCUMENT_TYPE), _group(other)))

    assert [(each.kind, each.old or each.ours) for each in found] == [
        (DifferenceKind.MISSING_DOCUMENT_TYPE, str(DOCUMENT_TYPE)),
        (DifferenceKind.EXTRA_DOCUMENT_TYPE, str(other)),
    ]


def test_another_spelling_is_harmless_only_where_case_means_nothing() -> None:
    folded = ParticipantIdentifier(PARTICIPANT.scheme, PARTICIPANT.value.lower())
    spelled = list(group_differences(RULES, _group(), _group(participant=folded)))
    other_type = DocumentTypeIdentifier(DOCUMENT_TYPE.scheme, DOCUMENT_TYPE.value.lower())
    types = list(group_differences(RULES, _group(DOCUMENT_TYPE), _group(other_type)))

    assert [(each.kind, each.is_harmless) for each in spelled] == [(DifferenceKind.SPELLING, True)]
    assert [each.kind for each in types] == [
        DifferenceKind.MISSING_DOCUMENT_TYPE,
        DifferenceKind.EXTRA_DOCUMENT_TYPE,
    ]


def test_a_document_about_another_participant_is_no_spelling() -> None:
    other = replace(_metadata(), participant=ParticipantIdentifier(PARTICIPANT.scheme, "9915:other"))

    assert _kinds(_metadata(), other) == [DifferenceKind.IDENTIFIER]


def _signed(metadata: ServiceMetadata) -> bytes:
    return sign_document(BUSDOX.write_service_metadata(metadata), KEY, BUSDOX)


def test_the_words_are_the_same_whoever_signs_and_however_it_is_written() -> None:
    document = _signed(_metadata())
    other_key = sign_document(BUSDOX.write_service_metadata(_metadata()), new_signing_key(), BUSDOX)
    certificate = document.partition(b"Certificate>")[2][:60]
    wrapped = document.replace(certificate, certificate[:30] + b"&#13;\n" + certificate[30:])
    dated = document.replace(b"2026-01-01T00:00:00Z", b"2026-01-01T01:00:00.000+01:00")

    assert wrapped != document
    assert dated != document
    assert len({words_of(each) for each in (document, other_key, wrapped, dated)}) == 1


def test_where_references_lead_is_left_out_of_the_words() -> None:
    written = [BUSDOX.write_service_group(_group(DOCUMENT_TYPE), f"https://{host}") for host in ("a.org", "b.org/x")]

    assert words_of(written[0]) == words_of(written[1])
    assert words_of(written[0]) != words_of(BUSDOX.write_service_group(_group(), "https://a.org"))


@given(service_metadata(st.lists(extensions(["urn:a", "urn:b"]), max_size=1).map(tuple)), st.data())
def test_equal_words_are_never_of_documents_that_mean_something_else(one: ServiceMetadata, data: st.DataObject) -> None:
    group = data.draw(st.sampled_from(one.process_metadata))
    if group.redirect is not None or not group.endpoints:
        return
    endpoint = group.endpoints[0]
    change: Callable[[Endpoint], Endpoint] = data.draw(
        st.sampled_from(
            [
                lambda item: replace(item, address=item.address + "x"),
                lambda item: replace(item, certificates=(_other(item.certificates[0]),)),
                lambda item: replace(item, activation=(item.activation or datetime(2026, 1, 1, tzinfo=UTC)) + _DAY),
            ]
        )
    )
    try:
        changed = change(endpoint)
    except OverflowError:
        return
    groups = tuple(
        replace(each, endpoints=(changed, *each.endpoints[1:])) if each is group else each
        for each in one.process_metadata
    )
    other = replace(one, process_metadata=groups)
    try:
        written = [BDXR1.write_service_metadata(each) for each in (one, other)]
    except ValidationError:
        return

    assert words_of(written[0]) != words_of(written[1])
    assert words_of(written[0]) == words_of(BDXR1.write_service_metadata(one))


_DAY = timedelta(days=1)


def _other(certificate: EndpointCertificate) -> EndpointCertificate:
    return next(each for each in endpoint_certificates() if each.der != certificate.der)


@pytest.mark.parametrize(
    "document",
    [b"", b"<a>", b"<!DOCTYPE a><a/>", b"<a>" + b" " * 2_000_001 + b"</a>", b"<a>&b;</a>"],
    ids=["empty", "open", "doctype", "large", "entity"],
)
def test_what_is_no_document_has_no_words(document: bytes) -> None:
    with pytest.raises(ValidationError):
        words_of(document)
