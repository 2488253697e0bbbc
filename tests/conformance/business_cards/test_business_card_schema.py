# SPDX-License-Identifier: Apache-2.0
"""Business cards against the official schemas of the Peppol Directory, in all three versions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.business_card import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    Version,
    read,
    write_business_card,
)
from registry.smp.documents.lexical import XML_SPACE, collapse, is_uri
from trust_lists.xml import canonicalise

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
SAMPLE = "smp/samples/phoss-rest-files/peppol-business-card-v3.xml"

CHARACTERS = st.one_of(
    st.sampled_from("&#13;]<!->\r\n{%'\"\t:/\u0085\u2028\U0001f600"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
)
TEXTS = st.text(CHARACTERS, max_size=12).map(lambda text: text.strip(XML_SPACE))
WORDS = TEXTS.map(lambda text: text or "x")
LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)
WEBSITES = st.one_of(
    st.sampled_from(["https://example.org/a?b=c&d#e", "www.example.org"]),
    TEXTS.map(collapse).map(lambda text: text if text and ":" not in text and is_uri(text) else "http://x"),
)
ENTITIES = st.builds(
    BusinessEntity,
    names=st.tuples(st.builds(EntityName, WORDS)),
    country_code=LETTERS,
    geographical_information=TEXTS,
    identifiers=st.lists(st.builds(EntityIdentifier, WORDS, WORDS), max_size=3).map(tuple),
    registration_date=st.one_of(st.none(), st.dates()),
)


def _cards(entities: st.SearchStrategy[BusinessEntity]) -> st.SearchStrategy[BusinessCard]:
    participant = st.builds(ParticipantIdentifier, WORDS, WORDS)
    return st.builds(BusinessCard, participant, st.lists(entities, max_size=3).map(tuple))


def _with_details(entity: BusinessEntity) -> st.SearchStrategy[BusinessEntity]:
    return st.builds(
        lambda websites, contacts, text: replace(
            entity, websites=tuple(websites), contacts=tuple(contacts), additional_information=text
        ),
        st.lists(WEBSITES, max_size=3),
        st.lists(st.builds(Contact, TEXTS, TEXTS, TEXTS, TEXTS), max_size=3),
        TEXTS,
    )


def _with_names(entity: BusinessEntity) -> st.SearchStrategy[BusinessEntity]:
    language = st.one_of(st.just(""), LETTERS.map(str.lower))
    names = st.lists(st.builds(EntityName, WORDS, language), min_size=1, max_size=3)
    return names.map(lambda found: replace(entity, names=tuple(found)))


CARDS = {
    Version.V1: _cards(ENTITIES.flatmap(_with_details)),
    Version.V2: _cards(ENTITIES),
    Version.V3: _cards(ENTITIES.flatmap(_with_details).flatmap(_with_names)),
}
Schemas = Callable[[Version], etree.XMLSchema]


@pytest.fixture(scope="module")
def schemas(corpus: Path) -> Schemas:
    made = {version: etree.XMLSchema(etree.parse(corpus / "smp/xsd/directory" / version.schema)) for version in Version}
    return made.__getitem__


@pytest.mark.parametrize("version", list(Version))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_xsd_any_card_is_written_valid_canonical_and_read_back_equal(
    schemas: Schemas, version: Version, data: st.DataObject
) -> None:
    card = data.draw(CARDS[version])
    written = write_business_card(card, version)
    root = etree.fromstring(written)
    schemas(version).assertValid(root)
    assert canonicalise(root) == written.removeprefix(DECLARATION)
    assert read(written) == card


@pytest.mark.parametrize("version", [Version.V1, Version.V2])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_xsd_version_3_has_a_place_for_all_that_older_versions_say(
    schemas: Schemas, version: Version, data: st.DataObject
) -> None:
    card = data.draw(CARDS[version])
    written = write_business_card(read(write_business_card(card, version)), Version.V3)
    schemas(Version.V3).assertValid(etree.fromstring(written))
    assert write_business_card(read(written), version) == write_business_card(card, version)


def test_phoss_sample_is_read_and_written_back_with_the_same_content(corpus: Path, schemas: Schemas) -> None:
    data = (corpus / SAMPLE).read_bytes()
    schemas(Version.V3).assertValid(etree.fromstring(data))
    card = read(data)
    assert card == BusinessCard(
        ParticipantIdentifier("iso6523-actorid-upis", "9915:xxx"),
        (
            BusinessEntity(
                (EntityName("Test entity", "en"),),
                "AT",
                identifiers=(EntityIdentifier("iso6523-actorid-upis", "12345678912"),),
            ),
        ),
    )
    sample = etree.fromstring(data, etree.XMLParser(remove_blank_text=True, remove_comments=True))
    assert write_business_card(card).removeprefix(DECLARATION) == canonicalise(sample)


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<CountryCode>AT</CountryCode>", ""),
        ("<CountryCode>AT</CountryCode>", "<CountryCode>AUT</CountryCode>"),
        ("<Name>A</Name>", ""),
        ("<Name>A</Name>", "<Name></Name>"),
        ("<Name>A</Name>", '<Name lang="de">A</Name>'),
        ("<Name>A</Name>", "<Name>A<i>B</i></Name>"),
        (' scheme="s"', ""),
        ("<BusinessEntity>", "<BusinessEntity>text"),
        ("<BusinessEntity>", '<BusinessEntity registrationDate="yesterday">'),
        ("<BusinessEntity>", '<BusinessEntity id="1">'),
        ("</BusinessEntity>", "<Logo/></BusinessEntity>"),
        ("</BusinessCard>", '<ParticipantIdentifier scheme="s">v</ParticipantIdentifier></BusinessCard>'),
    ],
)
def test_xsd_what_the_schema_refuses_is_refused(schemas: Schemas, version: Version, before: str, after: str) -> None:
    entity = BusinessEntity((EntityName("A"),), "AT")
    good = write_business_card(BusinessCard(ParticipantIdentifier("s", "v"), (entity,)), version).decode()
    assert before in good
    bad = good.replace(before, after, 1).encode()
    assert not schemas(version).validate(etree.fromstring(bad))
    with pytest.raises(ValidationError):
        read(bad)


@pytest.mark.parametrize("version", [Version.V1, Version.V2])
@pytest.mark.parametrize(
    "change",
    [
        {"names": (EntityName("A", "de"),)},
        {"names": (EntityName("A"), EntityName("B"))},
        {"websites": ("www.example.org",)},
        {"contacts": (Contact(name="A"),)},
        {"additional_information": "A"},
    ],
)
def test_xsd_older_version_refuses_just_what_its_schema_has_no_place_for(
    schemas: Schemas, version: Version, change: dict[str, object]
) -> None:
    entity = replace(BusinessEntity((EntityName("A"),), "AT"), **change)  # type: ignore[arg-type]
    written = write_business_card(BusinessCard(ParticipantIdentifier("s", "v"), (entity,)))
    as_older = written.replace(Version.V3.namespace.encode(), version.namespace.encode())
    if schemas(version).validate(etree.fromstring(as_older)):
        assert read(as_older) == read(written)
    else:
        with pytest.raises(ValidationError, match="BUSINESS-CARD-VERSION"):
            read(as_older)
