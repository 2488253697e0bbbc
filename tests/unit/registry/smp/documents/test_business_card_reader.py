# SPDX-License-Identifier: Apache-2.0
"""Business cards are read in all versions; what can't be kept is refused, with every reason at once."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.smp.documents.business_card import (
    MAX_BYTES,
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    Version,
    read,
)

ROOT = '<BusinessCard xmlns="http://www.peppol.eu/schema/pd/businesscard/{}/"{}>{}</BusinessCard>'
PARTICIPANT = '<ParticipantIdentifier scheme="iso6523-actorid-upis">9915:test</ParticipantIdentifier>'
NAME = "<Name>Bäckerei</Name>"
COUNTRY = "<CountryCode>AT</CountryCode>"


def card(*entities: str, participant: str = PARTICIPANT, version: Version = Version.V3, attributes: str = "") -> bytes:
    return ROOT.format(version.value, attributes, participant + "".join(entities)).encode()


def entity(content: str = "", *, name: str = NAME, country: str = COUNTRY, attributes: str = "") -> str:
    return f"<BusinessEntity{attributes}>{name}{country}{content}</BusinessEntity>"


def reasons(data: bytes) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        read(data)
    return [reason.id for reason in refused.value.reasons]


def only(data: bytes) -> BusinessEntity:
    (found,) = read(data).entities
    return found


def test_version_3_is_read_with_everything_that_it_says() -> None:
    content = (
        "<GeographicalInformation>Vienna</GeographicalInformation>"
        '<Identifier scheme="VAT">ATU1</Identifier><Identifier scheme="GLN">1</Identifier>'
        "<WebsiteURI>https://example.org</WebsiteURI><WebsiteURI>www.example.org</WebsiteURI>"
        "<Contact><Type>sales</Type><Name>A</Name><PhoneNumber>+43</PhoneNumber><Email>a@b</Email></Contact><Contact/>"
        "<AdditionalInformation>x &amp; y</AdditionalInformation>"
    )
    names = '<Name language="de">Bäckerei</Name><Name language="en">Bakery</Name>'
    assert read(card(entity(content, name=names, attributes=' registrationDate="2020-02-29"'))) == BusinessCard(
        ParticipantIdentifier(ISO6523, "9915:test"),
        (
            BusinessEntity(
                names=(EntityName("Bäckerei", "de"), EntityName("Bakery", "en")),
                country_code="AT",
                geographical_information="Vienna",
                identifiers=(EntityIdentifier("VAT", "ATU1"), EntityIdentifier("GLN", "1")),
                websites=("https://example.org", "www.example.org"),
                contacts=(Contact("sales", "A", "+43", "a@b"), Contact()),
                additional_information="x & y",
                registration_date=date(2020, 2, 29),
            ),
        ),
    )


@pytest.mark.parametrize("version", list(Version))
def test_every_version_is_known_by_its_namespace(version: Version) -> None:
    expected = BusinessEntity((EntityName("Bäckerei"),), "AT", identifiers=(EntityIdentifier("VAT", "1"),))
    assert only(card(entity('<Identifier scheme="VAT">1</Identifier>'), version=version)) == expected


def test_card_without_entities_is_a_card() -> None:
    assert read(card()).entities == ()


def test_white_space_around_values_and_the_case_of_codes_are_mended() -> None:
    found = only(
        card(
            entity(
                "<GeographicalInformation>\n  A\n  B </GeographicalInformation><WebsiteURI> a </WebsiteURI>",
                name='<Name language=" DE ">\n  Two  words </Name>',
                country="<CountryCode> at </CountryCode>",
            )
        )
    )
    assert found == BusinessEntity((EntityName("Two  words", "de"),), "AT", "A\n  B", websites=("a",))


def test_order_of_elements_does_not_matter() -> None:
    assert only(card(f"<BusinessEntity>{COUNTRY}{NAME}</BusinessEntity>")) == only(card(entity()))


def test_comments_and_processing_instructions_hide_no_text() -> None:
    found = only(card(entity(name="<Name>Bä<!-- x -->cke<?x y?>rei</Name>")))
    assert found.names[0].text == "Bäckerei"


def test_schema_hint_is_no_content() -> None:
    hint = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"'
    assert read(card(attributes=hint)) == read(card())


@pytest.mark.parametrize("zone", ["", "Z", "+02:00", "-14:00"])
def test_zone_of_a_registration_date_is_no_part_of_the_day(zone: str) -> None:
    assert only(card(entity(attributes=f' registrationDate="2026-11-22{zone}"'))).registration_date == date(
        2026, 11, 22
    )


@pytest.mark.parametrize(
    "text", ["", "22.11.2026", "2026-13-01", "2026-11-22T00:00:00", "2026-11-22+15:00", "0000-01-01"]
)
def test_registration_date_that_is_none_is_refused(text: str) -> None:
    assert reasons(card(entity(attributes=f' registrationDate="{text}"'))) == ["BUSINESS-CARD-DATE"]


@pytest.mark.parametrize(
    ("entities", "expected"),
    [
        ([entity("<Logo>x</Logo>")], "BUSINESS-CARD-ELEMENT"),
        ([entity('<x:Contact xmlns:x="urn:x"/>')], "BUSINESS-CARD-ELEMENT"),
        ([entity("<Contact><Fax>1</Fax></Contact>")], "BUSINESS-CARD-ELEMENT"),
        ([entity(name="<Name>A<b>B</b></Name>")], "BUSINESS-CARD-ELEMENT"),
        ([entity(attributes=' id="1"')], "BUSINESS-CARD-ATTRIBUTE"),
        ([entity(name='<Name xml:lang="de">A</Name>')], "BUSINESS-CARD-ATTRIBUTE"),
        ([entity("text")], "BUSINESS-CARD-TEXT"),
        ([entity(COUNTRY)], "BUSINESS-CARD-REPEATED"),
        ([PARTICIPANT], "BUSINESS-CARD-REPEATED"),
        ([entity(name="")], "BUSINESS-CARD-NAME"),
        ([entity(name="<Name> </Name>")], "BUSINESS-CARD-NAME"),
        ([entity(name='<Name language="deu">A</Name>')], "BUSINESS-CARD-LANGUAGE"),
        ([entity(country="")], "BUSINESS-CARD-COUNTRY"),
        ([entity(country="<CountryCode>AUT</CountryCode>")], "BUSINESS-CARD-COUNTRY"),
        ([entity(country="<CountryCode>4O</CountryCode>")], "BUSINESS-CARD-COUNTRY"),
        ([entity('<Identifier scheme="VAT"/>')], "BUSINESS-CARD-IDENTIFIER"),
        ([entity("<WebsiteURI/>")], "BUSINESS-CARD-WEBSITE"),
        ([entity("<WebsiteURI>http://[</WebsiteURI>")], "BUSINESS-CARD-WEBSITE"),
        ([entity("<WebsiteURI>JavaScript:alert(1)</WebsiteURI>")], "BUSINESS-CARD-WEBSITE"),
    ],
)
def test_what_no_card_may_say_is_refused(entities: list[str], expected: str) -> None:
    assert reasons(card(*entities)) == [expected]


def test_identifier_without_a_scheme_is_refused() -> None:
    assert "BUSINESS-CARD-SCHEME" in reasons(card(entity("<Identifier>1</Identifier>")))
    assert "BUSINESS-CARD-SCHEME" in reasons(card(participant="<ParticipantIdentifier>1</ParticipantIdentifier>"))


@pytest.mark.parametrize("participant", ["", '<ParticipantIdentifier scheme="x"/>'])
def test_card_of_nobody_is_refused(participant: str) -> None:
    assert reasons(card(participant=participant)) == ["BUSINESS-CARD-PARTICIPANT"]


def test_all_reasons_are_given_at_once() -> None:
    bad = entity("<Logo/><WebsiteURI/>", name="", country="", attributes=' registrationDate="x"')
    found = reasons(card(bad, participant=""))
    assert sorted(found) == [
        f"BUSINESS-CARD-{what}" for what in ("COUNTRY", "DATE", "ELEMENT", "NAME", "PARTICIPANT", "WEBSITE")
    ]


def test_no_more_than_a_hundred_reasons_are_given() -> None:
    assert len(reasons(card(*[entity(country="")] * 1000))) == 100
    assert len(reasons(card(*["<Logo/>"] * 1000))) == 100


@pytest.mark.parametrize(
    ("version", "content"),
    [
        (Version.V1, '<Name language="de">A</Name>'),
        (Version.V1, "<Name>A</Name><Name>B</Name>"),
        (Version.V2, '<Name language="de">A</Name>'),
        (Version.V2, f"{NAME}<WebsiteURI>a</WebsiteURI>"),
        (Version.V2, f"{NAME}<Contact><Name>A</Name></Contact>"),
        (Version.V2, f"{NAME}<AdditionalInformation>A</AdditionalInformation>"),
    ],
)
def test_version_that_has_no_place_for_something_may_not_say_it(version: Version, content: str) -> None:
    assert reasons(card(entity(name=content), version=version)) == ["BUSINESS-CARD-VERSION"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "XML_NOT_WELL_FORMED"),
        (b"<a", "XML_NOT_WELL_FORMED"),
        (b"<!DOCTYPE BusinessCard>" + card(), "XML_DOCTYPE"),
        (card().replace(b"</", b" " * MAX_BYTES + b"</"), "XML_TOO_LARGE"),
        (card().replace(b"20180621", b"20200101"), "BUSINESS-CARD-ROOT"),
        (card().replace(b"BusinessCard xmlns", b"BusinessCard a").replace(b"20180621", b""), "BUSINESS-CARD-ROOT"),
        (card().replace(b"BusinessCard", b"BusinessEntity"), "BUSINESS-CARD-ROOT"),
        (card(entity()).replace("Bäckerei".encode(), "Bäckerei".encode("latin-1")), "XML_ENCODING"),
    ],
)
def test_what_is_no_business_card_is_refused(data: bytes, expected: str) -> None:
    assert reasons(data) == [expected]


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 60))
def test_whatever_comes_is_read_or_refused(noise: bytes, at: int, cut: int) -> None:
    good = card(entity("<Contact><Name>A</Name></Contact>"))
    with suppress(ValidationError):
        assert read(good[:at] + noise + good[at + cut :]).participant.value
