# SPDX-License-Identifier: Apache-2.0
"""Cards are written as they will be served; a version without a place for something refuses it."""

from dataclasses import replace
from datetime import date

import pytest

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
    write_business_card,
)

ENTITY = BusinessEntity(
    names=(EntityName("A & B", "en"), EntityName("Ä")),
    country_code="AT",
    geographical_information="Vienna",
    identifiers=(EntityIdentifier('"VAT"', "<1>"),),
    websites=("https://example.org/?a=1&b=2",),
    contacts=(Contact("sales", "", "+43", ""), Contact()),
    additional_information="x\ry",
    registration_date=date(2020, 2, 29),
)
CARD = BusinessCard(ParticipantIdentifier(ISO6523, "9915:test"), (ENTITY,))


def test_card_is_written_in_the_order_of_the_schema_and_escaped() -> None:
    assert write_business_card(CARD).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<BusinessCard xmlns="http://www.peppol.eu/schema/pd/businesscard/20180621/">'
        '<ParticipantIdentifier scheme="iso6523-actorid-upis">9915:test</ParticipantIdentifier>'
        '<BusinessEntity registrationDate="2020-02-29">'
        '<Name language="en">A &amp; B</Name><Name>Ä</Name><CountryCode>AT</CountryCode>'
        "<GeographicalInformation>Vienna</GeographicalInformation>"
        '<Identifier scheme="&quot;VAT&quot;">&lt;1&gt;</Identifier>'
        "<WebsiteURI>https://example.org/?a=1&amp;b=2</WebsiteURI>"
        "<Contact><Type>sales</Type><PhoneNumber>+43</PhoneNumber></Contact><Contact></Contact>"
        "<AdditionalInformation>x&#xD;y</AdditionalInformation>"
        "</BusinessEntity></BusinessCard>"
    )


@pytest.mark.parametrize("version", [Version.V1, Version.V2])
def test_nothing_is_dropped_to_fit_an_older_version(version: Version) -> None:
    with pytest.raises(ValidationError) as refused:
        write_business_card(CARD, version)
    assert {reason.id for reason in refused.value.reasons} == {"BUSINESS-CARD-VERSION"}


def test_year_is_written_with_four_digits() -> None:
    early = replace(CARD, entities=(replace(ENTITY, registration_date=date.min),))
    assert b'registrationDate="0001-01-01"' in write_business_card(early)


def test_card_that_becomes_too_large_by_escaping_is_refused() -> None:
    long = replace(ENTITY, identifiers=(EntityIdentifier('"' * (MAX_BYTES // 4), "1"),))
    with pytest.raises(ValidationError, match="BUSINESS-CARD-SIZE"):
        write_business_card(replace(CARD, entities=(long,)))
