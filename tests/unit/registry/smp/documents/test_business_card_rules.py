# SPDX-License-Identifier: Apache-2.0
"""What a card may say in which version; cards that no reader made are checked as well."""

from dataclasses import replace
from datetime import date

import pytest

from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.smp.documents.business_card import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    Version,
    check_business_card,
)

PLAIN = BusinessEntity((EntityName("A"),), "AT", "Vienna", (EntityIdentifier("VAT", "1"),), registration_date=date.min)


def messages(entity: BusinessEntity, version: Version = Version.V3) -> list[str]:
    card = BusinessCard(ParticipantIdentifier(ISO6523, "9915:test"), (entity,))
    return [str(reason) for reason in check_business_card(card, version)]


@pytest.mark.parametrize("version", list(Version))
def test_every_version_has_a_place_for_what_all_have_in_common(version: Version) -> None:
    assert messages(PLAIN, version) == []


@pytest.mark.parametrize(
    ("change", "what", "lacking"),
    [
        ({"names": (EntityName("A"), EntityName("B"))}, "several names", [Version.V1, Version.V2]),
        ({"names": (EntityName("A", "de"),)}, "the language of a name", [Version.V1, Version.V2]),
        ({"websites": ("https://example.org",)}, "websites", [Version.V2]),
        ({"contacts": (Contact(),)}, "contacts", [Version.V2]),
        ({"additional_information": "x"}, "additional information", [Version.V2]),
    ],
)
def test_older_version_says_what_it_has_no_place_for(
    change: dict[str, object], what: str, lacking: list[Version]
) -> None:
    for version in Version:
        said = messages(replace(PLAIN, **change), version)
        if version in lacking:
            (message,) = said
            assert f"no place for {what}" in message
            assert version.schema in message
        else:
            assert said == []


@pytest.mark.parametrize(
    "change",
    [
        {"names": (EntityName("\x00"),)},
        {"geographical_information": "\x0b"},
        {"identifiers": (EntityIdentifier("VAT", "\ud800"),)},
        {"contacts": (Contact(email="\ufffe"),)},
        {"additional_information": "\x1b"},
    ],
)
def test_character_that_xml_cannot_carry_is_refused(change: dict[str, object]) -> None:
    (message,) = messages(replace(PLAIN, **change))
    assert "BUSINESS-CARD-CHARACTER" in message


@pytest.mark.parametrize("contact", [Contact(name="Jane\x00 Doe"), Contact(email="jane\x00@example.org")])
def test_reasons_do_not_repeat_what_a_contact_says(contact: Contact) -> None:
    (message,) = messages(replace(PLAIN, contacts=(contact,)))
    assert "jane" not in message.lower()


@pytest.mark.parametrize(
    "website", ["mailto:a@example.org", "data:text/html,x", "Java\tscript:x", "http://a:b:c", " a", "\x00"]
)
def test_website_is_what_a_browser_opens(website: str) -> None:
    assert any("BUSINESS-CARD-WEBSITE" in message for message in messages(replace(PLAIN, websites=(website,))))


@pytest.mark.parametrize("code", ["at", "A", "ATX", "A1", "ÄT", ""])
def test_country_is_two_capital_letters(code: str) -> None:
    (message,) = messages(replace(PLAIN, country_code=code))
    assert "BUSINESS-CARD-COUNTRY" in message


@pytest.mark.parametrize("code", ["DE", "d", "deu", "d1", "ää"])
def test_language_is_two_small_letters(code: str) -> None:
    (message,) = messages(replace(PLAIN, names=(EntityName("A", code),)))
    assert "BUSINESS-CARD-LANGUAGE" in message
