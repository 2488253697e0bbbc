# SPDX-License-Identifier: Apache-2.0
"""Identifiers in URLs: round trips, and an answer for any bytes."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import EBCORE_PREFIX, ParticipantIdentifier
from registry.identifiers.url_form import (
    SmpPath,
    decode_segment,
    encode_segment,
    parse_service_href,
    participant_path,
    service_path,
    split_smp_path,
)

PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "0088:1")
DOCUMENT_TYPE = DocumentTypeIdentifier("busdox-docid-qns", "urn:x/y::Z##c#d::2.1")
PATH = "/iso6523-actorid-upis%3A%3A0088%3A1"
SERVICE_PATH = f"{PATH}/services/busdox-docid-qns%3A%3Aurn%3Ax%2Fy%3A%3AZ%23%23c%23d%3A%3A2.1"

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


def reason_id(raw: bytes) -> str:
    with pytest.raises(ValidationError) as caught:
        decode_segment(raw)
    (reason,) = caught.value.reasons
    return reason.id


def test_all_but_unreserved_characters_are_encoded() -> None:
    assert encode_segment("aZ09-._~:/?#[]@!$&'()*+,;=% ä") == (
        "aZ09-._~%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%20%C3%A4"
    )


def test_paths_of_a_group_and_a_service() -> None:
    assert participant_path(PARTICIPANT) == PATH
    assert service_path(PARTICIPANT, DOCUMENT_TYPE) == SERVICE_PATH


def test_ebcore_party_id_has_single_colons_in_the_url() -> None:
    party = ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "test02")
    assert participant_path(party).endswith("%3Aiso6523%3A0088%3Atest02")


@given(texts)
def test_decoding_undoes_encoding(text: str) -> None:
    assert decode_segment(encode_segment(text).encode()) == text


@given(texts, texts)
@example("a/services/b", "/")
@example("..", ".")
def test_splitting_undoes_joining(participant: str, document_type: str) -> None:
    raw = f"/{encode_segment(participant)}/services/{encode_segment(document_type)}".encode()
    assert split_smp_path(raw) == SmpPath(participant, document_type)
    assert split_smp_path(f"/{encode_segment(participant)}".encode()) == SmpPath(participant)


@given(st.one_of(st.binary(), st.from_regex(rb"/[%/:#a-fA-F0-9\x80\xff]*(/services/)?[%/:#A-F0-9]*", fullmatch=True)))
def test_any_path_gives_a_result_none_or_a_validation_error(raw: bytes) -> None:
    with suppress(ValidationError):
        path = split_smp_path(raw)
        assert path is None or path.participant


@given(st.text())
def test_any_href_gives_identifiers_or_a_validation_error(href: str) -> None:
    with suppress(ValidationError):
        participant, document_type = parse_service_href(f"https://smp/{href}")
        assert participant.value
        assert document_type.value


def test_lower_case_escapes_and_unencoded_colons_are_understood() -> None:
    expected = SmpPath("iso6523-actorid-upis::0088:1", "a::b##c")
    assert split_smp_path(b"/iso6523-actorid-upis::0088:1/services/a%3a%3ab%23%23c") == expected
    assert split_smp_path(b"/iso6523-actorid-upis%3A:0088:1/services/a::b##c") == expected


def test_an_encoded_slash_does_not_divide_segments() -> None:
    assert split_smp_path(b"/a%2Fservices%2Fb") == SmpPath("a/services/b")


def test_one_slash_at_the_end_is_tolerated() -> None:
    assert split_smp_path(b"/a/") == SmpPath("a")
    assert split_smp_path(b"/a/services/b/") == SmpPath("a", "b")


@pytest.mark.parametrize(
    "raw",
    [b"", b"/", b"//", b"a", b"/a//", b"//a", b"/a/b", b"/a/services", b"/a/Services/b", b"/a//b", b"/a/services/b/c"],
)
def test_other_paths_are_not_of_an_smp(raw: bytes) -> None:
    assert split_smp_path(raw) is None


def test_broken_escapes_are_refused_with_their_reason() -> None:
    assert reason_id(b"a%") == "URL-ESCAPE"
    assert reason_id(b"a%4") == "URL-ESCAPE"
    assert reason_id(b"a%zz") == "URL-ESCAPE"
    assert reason_id(b"%ff") == "URL-UTF8"
    assert reason_id(b"\xff") == "URL-UTF8"
    assert reason_id(b"%ED%A0%80") == "URL-UTF8"
    assert reason_id(b"a%00") == "URL-CONTROL"
    assert reason_id(b"a%0d%0aX") == "URL-CONTROL"


def test_plus_is_a_plus() -> None:
    assert decode_segment(b"a+b%2B") == "a+b+"


def test_identifier_of_ten_thousand_characters_is_split_like_any_other() -> None:
    assert split_smp_path(b"/" + b"%3A" * 10_000) == SmpPath(":" * 10_000)


def test_lone_surrogate_cannot_be_encoded() -> None:
    with pytest.raises(ValidationError):
        encode_segment("\udc80")


@pytest.mark.parametrize(
    "href",
    [
        f"https://smp.example{SERVICE_PATH}",
        f"http://smp.example:8080/some/where{SERVICE_PATH}/",
        f"  {SERVICE_PATH}\n",
        f"https://smp.example/services{SERVICE_PATH}",
        f"https://smp.example{SERVICE_PATH.replace('/services/', '%2Fservices%2f')}",
        "https://smp.example/iso6523-actorid-upis::0088:1/services/busdox-docid-qns::urn:x/y::Z##c#d::2.1",
    ],
)
def test_href_gives_both_identifiers(href: str) -> None:
    assert parse_service_href(href) == (PARTICIPANT, DOCUMENT_TYPE)


@pytest.mark.parametrize(
    "href", ["", "https://smp.example", f"https://smp.example{PATH}", f"{PATH}/services/", "/services/a::b"]
)
def test_href_of_another_form_is_refused(href: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_service_href(href)
    assert caught.value.reasons[0].id == "HREF-FORM"
