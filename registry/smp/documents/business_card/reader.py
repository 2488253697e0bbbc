# SPDX-License-Identifier: Apache-2.0
"""Reads business cards of all three versions; nothing that a card says is left out in silence.

The order of elements isn't looked at, white space around values is no part of them, and codes are read in any case.
What has no place in a card is refused: the card that is served is written anew, and would lack it.
"""

import re
from collections.abc import Container
from datetime import date
from typing import Self

from lxml import etree

from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.smp.documents.business_card.model import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityIdentifier,
    EntityName,
    Version,
)
from registry.smp.documents.business_card.rules import MAX_BYTES, MAX_REASONS, check_business_card
from registry.smp.documents.lexical import XML_SPACE, collapse
from registry.smp.documents.source import refused
from trust_lists.errors import XmlRefusedError
from trust_lists.xml import parse_xml

_ROOTS = {f"{{{version.namespace}}}BusinessCard": version for version in Version}
# What XML Schema allows on every element; it says nothing of the participant.
_SCHEMA_HINT = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?", re.ASCII)


def read(data: bytes) -> BusinessCard:
    """Understand a BusinessCard of any version; the namespace of the root says which.

    Raises ValidationError with every reason (the first hundred of them).
    """
    try:
        root = parse_xml(data, max_bytes=MAX_BYTES)
    except XmlRefusedError as error:
        raise refused(error) from error
    version = _ROOTS.get(root.tag)
    if version is None:
        message = f"the root element {shorten(root.tag)} is no BusinessCard of a known version"
        raise ValidationError.of("BUSINESS-CARD-ROOT", message, f"{Version.V3.schema} BusinessCard")
    reader = _Reader(version)
    card = reader.card(root)
    reasons = dict.fromkeys((*reader.reasons, *check_business_card(card, version)))
    if reasons:
        raise ValidationError(list(reasons)[:MAX_REASONS])
    return card


class _Reader:
    """One reading of one document. What is missing becomes an empty value, which the rules refuse."""

    def __init__(self, version: Version) -> None:
        self.reasons: list[Reason] = []
        self.version = version

    def card(self, root: etree._Element) -> BusinessCard:
        with _Children(self, root, "BusinessCard") as found:
            participant = [self._identifier(item, "BusinessCard") for item in found.one("ParticipantIdentifier")]
            entities = [
                self._entity(item, f"entity {number}") for number, item in enumerate(found.all("BusinessEntity"), 1)
            ]
        scheme, value = participant[0] if participant else ("", "")
        return BusinessCard(ParticipantIdentifier(scheme, value), tuple(entities))

    def _entity(self, element: etree._Element, where: str) -> BusinessEntity:
        with _Children(self, element, where, {"registrationDate"}) as found:
            return BusinessEntity(
                names=tuple(self._name(item, where) for item in found.all("Name")),
                country_code=found.text("CountryCode").upper(),
                geographical_information=found.text("GeographicalInformation"),
                identifiers=tuple(EntityIdentifier(*self._identifier(item, where)) for item in found.all("Identifier")),
                websites=tuple(collapse(self.value(item, where)) for item in found.all("WebsiteURI")),
                contacts=tuple(self._contact(item, where) for item in found.all("Contact")),
                additional_information=found.text("AdditionalInformation"),
                registration_date=self._date(element.get("registrationDate"), where),
            )

    def _name(self, element: etree._Element, where: str) -> EntityName:
        language = collapse(element.get("language", "")).lower()
        return EntityName(self.value(element, where, {"language"}), language)

    def _identifier(self, element: etree._Element, where: str) -> tuple[str, str]:
        if element.get("scheme") is None:
            self.refuse("SCHEME", f"{where}: an identifier has no scheme", "IdentifierType")
        return element.get("scheme", "").strip(XML_SPACE), self.value(element, where, {"scheme"})

    def _contact(self, element: etree._Element, where: str) -> Contact:
        with _Children(self, element, where) as found:
            return Contact(
                type=found.text("Type"),
                name=found.text("Name"),
                phone=found.text("PhoneNumber"),
                email=found.text("Email"),
            )

    def _date(self, text: str | None, where: str) -> date | None:
        """The day alone: the zone that xs:date may carry says nothing about an entry in a register."""
        if text is None:
            return None
        match = _DATE.fullmatch(text.strip(XML_SPACE))
        try:
            if match is not None:
                return date.fromisoformat(match[1])
        except ValueError:
            pass
        self.refuse("DATE", f"{where}: the registration date {shorten(text)} is no xs:date", "BusinessEntityType")
        return None

    def value(self, element: etree._Element, where: str, attributes: Container[str] = ()) -> str:
        """The text of an element that has nothing but text, and these attributes at most."""
        self.check_attributes(element, where, attributes)
        for child in element.iterchildren("*"):
            self.refuse_element(child, where)
        return _text(element)

    def check_attributes(self, element: etree._Element, where: str, known: Container[str]) -> None:
        for name in element.attrib:
            if name not in known and name != _SCHEMA_HINT:
                message = f"{where}: the attribute {shorten(str(name))} has no place here"
                self.refuse("ATTRIBUTE", message, "BusinessCardType")

    def refuse_element(self, element: etree._Element, where: str) -> None:
        self.refuse("ELEMENT", f"{where}: the element {shorten(element.tag)} has no place here", "BusinessCardType")

    def refuse(self, reason_id: str, message: str, xsd_type: str) -> None:
        self.reasons.append(Reason(f"BUSINESS-CARD-{reason_id}", message, f"{self.version.schema} {xsd_type}"))
        if len(self.reasons) == MAX_REASONS:
            raise ValidationError(self.reasons)


class _Children:
    """The children of one element, looked up by name; what nobody asked for is refused in the end."""

    def __init__(self, reader: _Reader, element: etree._Element, where: str, attributes: Container[str] = ()) -> None:
        self._reader = reader
        self._where = where
        self._by_tag: dict[str, list[etree._Element]] = {}
        for child in element.iterchildren("*"):
            self._by_tag.setdefault(child.tag, []).append(child)
        reader.check_attributes(element, where, attributes)
        if _text(element):
            reader.refuse("TEXT", f"{where}: there is text between the elements", "BusinessCardType")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        if kind is None:
            for elements in self._by_tag.values():
                for element in elements:
                    self._reader.refuse_element(element, self._where)

    def all(self, name: str) -> list[etree._Element]:
        return self._by_tag.pop(f"{{{self._reader.version.namespace}}}{name}", [])

    def one(self, name: str) -> list[etree._Element]:
        """The child, or none. Two are refused: readers would differ in which one counts."""
        elements = self.all(name)
        if len(elements) > 1:
            message = f"{self._where}: {name} is there {len(elements)} times"
            self._reader.refuse("REPEATED", message, "BusinessEntityType")
        return elements[:1]

    def text(self, name: str) -> str:
        """The text of the child; "" where there is none."""
        return "".join(self._reader.value(element, self._where) for element in self.one(name))


def _text(element: etree._Element) -> str:
    """The text of an element without white space around, also of what follows processing instructions."""
    return ((element.text or "") + "".join(child.tail or "" for child in element)).strip(XML_SPACE)
