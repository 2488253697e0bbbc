# SPDX-License-Identifier: Apache-2.0
"""A business card as phoss SMP exports it (`<businesscard servicegroupid>`)."""

from datetime import date

from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, Contact, EntityIdentifier, EntityName
from registry.smp.documents.lexical import XML_SPACE


def card_of(element: etree._Element) -> BusinessCard:
    """The card that an element holds. Raises ValidationError where its participant or a date can't be read."""
    participant = ParticipantIdentifier.parse(element.get("servicegroupid", ""))
    return BusinessCard(participant, tuple(map(_entity, element.iterchildren("entity"))))


def _entity(element: etree._Element) -> BusinessEntity:
    return BusinessEntity(
        names=_names(element),
        country_code=_attribute(element, "country").upper(),
        geographical_information=_text(element, "geoinfo"),
        identifiers=tuple(
            EntityIdentifier(_attribute(item, "scheme"), _attribute(item, "value"))
            for item in element.iterchildren("identifier")
        ),
        websites=tuple((item.text or "").strip(XML_SPACE) for item in element.iterchildren("website")),
        contacts=tuple(
            Contact(*(_attribute(item, name) for name in ("type", "name", "phone", "email")))
            for item in element.iterchildren("contact")
        ),
        additional_information=_text(element, "additional"),
        registration_date=_registration_date(element),
    )


def _names(element: etree._Element) -> tuple[EntityName, ...]:
    """Exports before several languages had the one name as an attribute."""
    if (only := element.get("name")) is not None:
        return (EntityName(only.strip(XML_SPACE)),)
    return tuple(
        EntityName(_attribute(item, "name"), _attribute(item, "language").lower())
        for item in element.iterchildren("name")
    )


def _registration_date(element: etree._Element) -> date | None:
    text = _attribute(element, "regdate")
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise ValidationError.of("SMP-PHOSS-DATE", f"regdate: {text[:40]!r} is no date") from error


def _attribute(element: etree._Element, name: str) -> str:
    return element.get(name, "").strip(XML_SPACE)


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(name) or "").strip(XML_SPACE)
