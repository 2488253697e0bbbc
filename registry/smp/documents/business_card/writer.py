# SPDX-License-Identifier: Apache-2.0
"""Writes business cards of any version, strictly and in canonical form: equal cards are equal bytes.

No foreign XML is inside, so one default namespace does.
"""

from registry.errors import ValidationError
from registry.smp.documents.business_card.model import BusinessCard, BusinessEntity, Contact, EntityName, Version
from registry.smp.documents.business_card.rules import MAX_BYTES, check_business_card
from registry.smp.documents.lexical import escape_attribute, escape_text

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def write_business_card(card: BusinessCard, version: Version = Version.V3) -> bytes:
    """A card as UTF-8, valid by the version's schema, in Canonical XML 1.0 behind the XML declaration.

    Raises ValidationError with all reasons when the version has no place for what the card says, or it is too large.
    """
    reasons = check_business_card(card, version)
    if reasons:
        raise ValidationError(reasons)
    content = _identifier("ParticipantIdentifier", card.participant.scheme, card.participant.value)
    content += "".join(map(_entity, card.entities))
    written = f"{_DECLARATION}{_element('BusinessCard', content, xmlns=version.namespace)}".encode()
    if len(written) > MAX_BYTES:
        message = f"the card has {len(written)} bytes; {MAX_BYTES} are allowed"
        raise ValidationError.of("BUSINESS-CARD-SIZE", message)
    return written


def _entity(entity: BusinessEntity) -> str:
    registered = {"registrationDate": entity.registration_date.isoformat()} if entity.registration_date else {}
    return _element(
        "BusinessEntity",
        "".join(map(_name, entity.names))
        + _text("CountryCode", entity.country_code)
        + _text("GeographicalInformation", entity.geographical_information)
        + "".join(_identifier("Identifier", item.scheme, item.value) for item in entity.identifiers)
        + "".join(_text("WebsiteURI", website) for website in entity.websites)
        + "".join(map(_contact, entity.contacts))
        + _text("AdditionalInformation", entity.additional_information),
        **registered,
    )


def _name(name: EntityName) -> str:
    language = {"language": name.language} if name.language else {}
    return _element("Name", escape_text(name.text), **language)


def _contact(contact: Contact) -> str:
    return _element(
        "Contact",
        _text("Type", contact.type)
        + _text("Name", contact.name)
        + _text("PhoneNumber", contact.phone)
        + _text("Email", contact.email),
    )


def _identifier(name: str, scheme: str, value: str) -> str:
    return _element(name, escape_text(value), scheme=scheme)


def _text(name: str, text: str) -> str:
    """An element with a text; nothing at all for an empty one."""
    return _element(name, escape_text(text)) if text else ""


def _element(name: str, content: str, **attributes: str) -> str:
    written = "".join(f' {key}="{escape_attribute(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"
