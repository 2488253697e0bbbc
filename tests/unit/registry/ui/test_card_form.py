# SPDX-License-Identifier: Apache-2.0
"""The form of a business card and the XML that REST takes and gives are the same thing."""

from datetime import date

import pytest

from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.business_card import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    write_business_card,
)
from registry.smp.documents.business_card import (
    read as read_card,
)
from registry.ui.card_form import MAX_ENTITIES, MAX_ROWS, Entity, parse, placed, read, stepped, too_large, write

WHO = ParticipantIdentifier("iso6523-actorid-upis", "0088:a::b")
FULL = BusinessEntity(
    (EntityName("Ä & <B>", "de"), EntityName("second")),
    "AT",
    "two\nlines",
    (EntityIdentifier("VAT", "1"), EntityIdentifier("x", "]]>")),
    ("https://a.example/?b=1&c=2",),
    (Contact("t", "n", "+43", "e@example.org"), Contact(email="only")),
    "more",
    date(2026, 11, 22),
)
CARDS = [BusinessCard(WHO, (FULL, BusinessEntity((EntityName("y"),), "BE"))), BusinessCard(WHO)]


@pytest.mark.parametrize("card", CARDS, ids=["full", "empty"])
def test_a_card_comes_back_as_it_was(card: BusinessCard) -> None:
    assert read_card(write(str(WHO), parse(write_business_card(card)))) == card


def test_fields_of_a_form_are_read_and_empty_rows_are_left_out() -> None:
    (entity,) = parse(write_business_card(BusinessCard(WHO, (FULL,))))
    form = {f"e0.{name}": value for name, value in entity.values.items()}
    for kind in entity.rows:
        for number, row in enumerate(entity.shown(kind)):
            form |= {f"e0.{kind}{number}.{name}": value for name, value in row.items()}
    assert read(form | {"e2.country_code": "no block before it"}) == [entity]


def test_entities_and_rows_are_bounded() -> None:
    entities = [Entity()]
    for _ in range(MAX_ENTITIES + 5):
        stepped(entities, "add")
    assert (len(entities), too_large(entities)) == (MAX_ENTITIES, False)
    entities[0].rows["website"] = [{"address": "x"}] * MAX_ROWS
    assert (len(entities[0].shown("website")), too_large(entities)) == (MAX_ROWS, False)
    entities[0].rows["website"].append({"address": "x"})
    assert too_large(entities)
    stepped(entities, "remove:0")
    assert (len(entities), too_large(entities)) == (MAX_ENTITIES - 1, False)


@pytest.mark.parametrize("step", ["", "remove", "remove:", "remove:9", "remove:-1", "remove:²", "other"])
def test_steps_that_no_button_has_change_nothing(step: str) -> None:
    entities = [Entity()]
    stepped(entities, step)
    assert len(entities) == 1


def test_reasons_stand_beside_the_field_of_their_entity() -> None:
    reasons = [
        {"id": "BUSINESS-CARD-COUNTRY", "message": "entity 2: no country"},
        {"id": "BUSINESS-CARD-COUNTRY", "message": "entity 9: no country"},
        {"id": "BUSINESS-CARD-OTHER", "message": "of somebody else"},
        {"message": "no id"},
    ]
    beside, head = placed(reasons, [Entity(), Entity()])
    assert beside == {"e1.country_code": ["entity 2: no country"]}
    assert head == ["entity 9: no country", "of somebody else", "no id"]
