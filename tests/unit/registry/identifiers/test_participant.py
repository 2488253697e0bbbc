# SPDX-License-Identifier: Apache-2.0
"""Participant identifiers as values: taken apart, put together, compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.participant import EBCORE_PREFIX, ParticipantIdentifier

URN = f"{EBCORE_PREFIX}iso6523:0088:4035811991021"


def test_uri_form_joins_scheme_and_value_with_two_colons() -> None:
    assert str(ParticipantIdentifier("iso6523-actorid-upis", "0088:1")) == "iso6523-actorid-upis::0088:1"


def test_parse_splits_at_the_first_double_colon_and_keeps_the_spelling() -> None:
    assert ParticipantIdentifier.parse(" a-B::0088:X::y\n") == ParticipantIdentifier("a-B", "0088:X::y")


@pytest.mark.parametrize(
    "text", ["", " ", "0088:1", "::0088:1", "scheme::", "::", EBCORE_PREFIX, f"{EBCORE_PREFIX}iso6523:0088:"]
)
def test_text_without_scheme_or_value_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ParticipantIdentifier.parse(text)
    assert [reason.id for reason in caught.value.reasons] == ["IDENTIFIER-FORM"]


def test_message_about_a_long_identifier_is_short() -> None:
    with pytest.raises(ValidationError) as caught:
        ParticipantIdentifier.parse("x" * 10_000)
    assert len(str(caught.value)) < 300
    assert "10000 characters" in str(caught.value)


def test_ebcore_party_id_is_one_urn_with_single_colons() -> None:
    identifier = ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "4035811991021")
    assert str(identifier) == URN
    assert ParticipantIdentifier.parse(URN) == identifier


def test_ebcore_party_id_is_the_same_wherever_it_was_cut() -> None:
    cuts = {ParticipantIdentifier("", URN)}
    cuts |= {ParticipantIdentifier(URN[:at], URN[at + 1 :]) for at, character in enumerate(URN) if character == ":"}
    assert cuts == {ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "4035811991021")}


@pytest.mark.parametrize(
    ("text", "scheme", "value"),
    [
        ("iso6523:0088::test", "iso6523:0088", "test"),
        ("unregistered:party", "unregistered", "party"),
        ("unregistered::party", "unregistered", "party"),
        ("unregistered:ecosystem:party", "unregistered:ecosystem", "party"),
        ("unregistered:urn:brazil:saopaulo", "unregistered:urn", "brazil:saopaulo"),
    ],
)
def test_ebcore_scheme_reaches_to_the_agency(text: str, scheme: str, value: str) -> None:
    identifier = ParticipantIdentifier.parse(EBCORE_PREFIX + text)
    assert (identifier.scheme, identifier.value) == (EBCORE_PREFIX + scheme, value)


def test_ebcore_prefix_is_recognised_in_any_case_and_kept_as_spelled() -> None:
    identifier = ParticipantIdentifier.parse(URN.upper())
    assert identifier.is_ebcore
    assert str(identifier) == URN.upper()


@given(st.text(alphabet=":abC0*"))
def test_cutting_an_ebcore_party_id_again_changes_nothing(tail: str) -> None:
    once = ParticipantIdentifier("", EBCORE_PREFIX + tail)
    assert ParticipantIdentifier(once.scheme, once.value) == once
    assert ParticipantIdentifier("", str(once)) == once


@given(st.text(), st.text())
def test_any_two_texts_make_an_identifier(scheme: str, value: str) -> None:
    assert isinstance(str(ParticipantIdentifier(scheme, value)), str)


@given(st.from_regex(r"[a-z][a-z0-9-]*", fullmatch=True), st.from_regex(r"[!-~]+", fullmatch=True))
def test_parse_takes_the_uri_form_apart_again(scheme: str, value: str) -> None:
    identifier = ParticipantIdentifier(scheme, value)
    assert ParticipantIdentifier.parse(str(identifier)) == identifier


def test_wildcard_is_the_value_star_only() -> None:
    assert ParticipantIdentifier("a-b-c", "*").is_wildcard
    assert not ParticipantIdentifier("a-b-c", "**").is_wildcard


def test_identifier_without_a_scheme_is_written_as_its_value() -> None:
    assert str(ParticipantIdentifier("", "*")) == "*"


def test_scheme_may_be_left_out_where_the_caller_says_so() -> None:
    assert ParticipantIdentifier.parse(" 0088:1 ", scheme_optional=True) == ParticipantIdentifier("", "0088:1")
    assert ParticipantIdentifier.parse("a::b", scheme_optional=True) == ParticipantIdentifier("a", "b")
    assert ParticipantIdentifier.parse(URN, scheme_optional=True) == ParticipantIdentifier.parse(URN)


@pytest.mark.parametrize("text", ["", "::1", "a::", "::", f"{EBCORE_PREFIX}iso6523:0088:"])
def test_an_empty_scheme_or_value_is_refused_even_where_the_scheme_may_be_left_out(text: str) -> None:
    with pytest.raises(ValidationError):
        ParticipantIdentifier.parse(text, scheme_optional=True)


def test_agency_is_found_in_either_form() -> None:
    assert ParticipantIdentifier("iso6523-actorid-upis", "0088:1:2").agency == ("0088", "1:2")
    assert ParticipantIdentifier.parse(URN).agency == ("0088", "4035811991021")
    assert ParticipantIdentifier.parse(f"{EBCORE_PREFIX}unregistered:x:1").agency is None
    assert ParticipantIdentifier("other-actorid-upis", "0088:1").agency is None
