# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from registry.smp.documents.lexical import (
    collapse,
    escape_attribute,
    escape_text,
    format_date_time,
    is_text,
    is_uri,
    parse_boolean,
    parse_date_time,
)

ANY_URI = etree.XMLSchema(
    etree.fromstring(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="uri" type="xs:anyURI"/></xs:schema>'
    )
)
XML_CHARACTERS = st.characters(exclude_categories=["Cs"]).filter(is_text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T10:20:30Z", datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("2026-03-01T10:20:30", datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("2026-03-01T01:00:00.000+01:00", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-02-28T22:30:00-01:30", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-02-28T24:00:00Z", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T00:00:00.1234567Z", datetime(2026, 3, 1, 0, 0, 0, 123_456, tzinfo=UTC)),
        ("\n 2026-03-01T00:00:00Z\t", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_date_times_come_out_in_utc(text: str, moment: datetime) -> None:
    parsed, note = parse_date_time(text)
    assert (parsed, note) == (moment, None)
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-03-01Z", datetime(2013, 3, 1, tzinfo=UTC)),
        ("2013-03-01", datetime(2013, 3, 1, tzinfo=UTC)),
        ("2013-03-01+01:00", datetime(2013, 2, 28, 23, tzinfo=UTC)),
    ],
)
def test_a_date_is_its_first_moment_and_noted(text: str, moment: datetime) -> None:
    parsed, note = parse_date_time(text)
    assert parsed == moment
    assert note is not None
    assert "first moment" in note


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("9999-12-31T23:59:59-05:00", 9999),
        ("9999-12-31T24:00:00Z", 9999),
        ("12026-02-29T00:00:00Z", 9999),
        ("0001-01-01T00:00:00+01:00", 1),
        ("0000-01-01T00:00:00Z", 1),
        ("-0044-03-15T12:00:00Z", 1),
    ],
)
def test_years_that_python_lacks_become_the_nearest_moment(text: str, year: int) -> None:
    parsed, note = parse_date_time(text)
    assert parsed.year == year
    assert parsed.tzinfo is UTC
    assert note is not None
    assert "outside the years" in note


def test_the_last_and_first_day_of_all_are_read_as_they_are() -> None:
    assert parse_date_time("9999-12-31T00:00:00Z") == (datetime(9999, 12, 31, tzinfo=UTC), None)
    assert parse_date_time("0001-01-01T00:00:00Z") == (datetime(1, 1, 1, tzinfo=UTC), None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "0001",
        "2026-13-01T00:00:00Z",
        "2026-02-30",
        "2026-01-01T24:00:01Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+24:00",
        "٢٠٢٦-01-01",
        "1" * 5000 + "-01-01",
    ],
)
def test_what_is_no_date_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_date_time(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_date_times_survive_the_round_trip(moment: datetime) -> None:
    assert parse_date_time(format_date_time(moment)) == (moment, None)


def test_date_times_are_written_canonically() -> None:
    assert format_date_time(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"
    assert format_date_time(datetime(800, 1, 1, 0, 0, 0, 888_000, tzinfo=UTC)) == "0800-01-01T00:00:00.888Z"


@pytest.mark.parametrize(("text", "value"), [("true", True), (" 1\n", True), ("False", False), ("0", False)])
def test_booleans_are_read_in_any_case(text: str, value: bool) -> None:
    assert parse_boolean(text) is value


@pytest.mark.parametrize("text", ["", "yes", "true false", "\u00a01"])
def test_what_is_no_boolean_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="xs:boolean"):
        parse_boolean(text)


def test_only_xml_white_space_collapses() -> None:
    assert collapse(" a\t\n b\u00a0 ") == "a b\u00a0"


@given(st.text(XML_CHARACTERS))
def test_escaped_text_is_read_back_and_canonical(text: str) -> None:
    document = f'<a b="{escape_attribute(text)}">{escape_text(text)}</a>'.encode()
    element = etree.fromstring(document)
    assert (element.text or "", element.get("b")) == (text, text)
    assert etree.tostring(element, method="c14n") == document


@pytest.mark.parametrize("text", ["\0", "a\x1fb", "\ufffe", "\ud800", "\x0c"])
def test_characters_that_xml_lacks_are_found(text: str) -> None:
    assert not is_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://h/p?q#f",
        "mailto:a@b",
        "//h",
        "?q",
        "#f",
        "a/b:c",
        "http://[::1]:80/",
        "sander at example.org",
        "https://h/ø<>",
        "https://u:p@h:8080",
        "a:b c",
        "tel:+4522",
        "a%20b",
    ],
)
def test_uris_are_accepted(text: str) -> None:
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "%zz",
        "a%",
        "a#b#c",
        "a[b",
        "http://[x/",
        "http://h:port/",
        "http://u@h@i/",
        "1:2",
        "+47 22:33",
        "a b:c",
        "http://h:123456/",
        "//h:x",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    assert not is_uri(text)


@given(st.one_of(st.text(st.sampled_from("aZ1:/?#[]@!%2f .-+é|")), st.text(XML_CHARACTERS)).map(collapse))
def test_every_accepted_uri_is_an_xsd_any_uri(text: str) -> None:
    element = etree.Element("uri")
    element.text = text
    if is_uri(text):
        assert ANY_URI.validate(element)
