# SPDX-License-Identifier: Apache-2.0
"""A business card as a form: an entity is a block, and each list in it ends with an empty row for one more.

REST has cards as XML of version 3 (peppol-directory-business-card-20180621.xsd), written here and read again from what
REST of the same process has written; whether a card is a good one says REST.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = "http://www.peppol.eu/schema/pd/businesscard/20180621/"
MAX_ENTITIES = 20
MAX_ROWS = 20
MAX_FIELDS = 1_000
_SINGLE = (
    ("country_code", "CountryCode"),
    ("geographical_information", "GeographicalInformation"),
    ("additional_information", "AdditionalInformation"),
)
_CONTACT = (("type", "Type"), ("name", "Name"), ("phone", "PhoneNumber"), ("email", "Email"))
ROWS = {
    "name": ("text", "language"),
    "identifier": ("scheme", "value"),
    "website": ("address",),
    "contact": tuple(name for name, _ in _CONTACT),
}
"""The lists of an entity, and the fields of a row of each."""
_ENTITY = re.compile(r"entity (\d{1,4}): ")
_BY_ID = {
    "BUSINESS-CARD-NAME": "name0.text",
    "BUSINESS-CARD-LANGUAGE": "name0.language",
    "BUSINESS-CARD-COUNTRY": "country_code",
    "BUSINESS-CARD-IDENTIFIER": "identifier0.value",
    "BUSINESS-CARD-WEBSITE": "website0.address",
}
Row = dict[str, str]


@dataclass(slots=True)
class Entity:
    """A block."""

    values: dict[str, str] = field(
        default_factory=lambda: {"registration_date": "", **{name: "" for name, _ in _SINGLE}}
    )
    rows: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in ROWS})

    def shown(self, kind: str) -> list[Row]:
        """The rows of a list, and an empty one."""
        return [*self.rows[kind], dict.fromkeys(ROWS[kind], "")][:MAX_ROWS]


def read(form: Mapping[str, str]) -> list[Entity]:
    """The entities that a form sends; rows in which nothing stands are left out."""
    found = []
    for number in range(MAX_ENTITIES):
        at = f"e{number}"
        if f"{at}.country_code" not in form:
            break
        entity = Entity()
        entity.values = {name: form.get(f"{at}.{name}", "").strip() for name in entity.values}
        for kind, names in ROWS.items():
            rows = (
                {name: form.get(f"{at}.{kind}{each}.{name}", "").strip() for name in names} for each in range(MAX_ROWS)
            )
            entity.rows[kind] = [row for row in rows if any(row.values())]
        found.append(entity)
    return found


def stepped(entities: list[Entity], step: str) -> None:
    """Do what a button asks for: `add`, or `remove:0`."""
    what, _, number = step.partition(":")
    if what == "add" and len(entities) < MAX_ENTITIES:
        entities.append(Entity())
    elif what == "remove" and number.isascii() and number.isdecimal() and int(number[:4]) < len(entities):
        del entities[int(number[:4])]


def parse(card: bytes) -> list[Entity]:
    """The entities of a card as REST answers it. Raises ET.ParseError."""
    document = ET.fromstring(card)  # noqa: S314  # written by this process
    return [_entity(element) for element in document.iter(_tag("BusinessEntity"))]


def too_large(entities: Sequence[Entity]) -> bool:
    """Whether a card has more than a form can show."""
    return len(entities) > MAX_ENTITIES or any(
        len(rows) > MAX_ROWS for entity in entities for rows in entity.rows.values()
    )


def write(participant: str, entities: Sequence[Entity]) -> bytes:
    """A card in version 3."""
    scheme, _, value = participant.partition("::")
    card = ET.Element("BusinessCard", {"xmlns": NAMESPACE})
    ET.SubElement(card, "ParticipantIdentifier", {"scheme": scheme}).text = value
    for entity in entities:
        _write_entity(card, entity)
    written: bytes = ET.tostring(card, encoding="utf-8", xml_declaration=True)
    return written


def placed(reasons: Sequence[Mapping[str, Any]], entities: Sequence[Entity]) -> tuple[dict[str, list[str]], list[str]]:
    """The messages of a refusal by the name of a field, and those for the head of the form."""
    beside: dict[str, list[str]] = {}
    head: list[str] = []
    for reason in reasons:
        message = str(reason["message"])
        where, name = _ENTITY.match(message), _BY_ID.get(str(reason.get("id", "")))
        if where is None or name is None or not 0 < int(where[1]) <= len(entities):
            head.append(message)
        else:
            beside.setdefault(f"e{int(where[1]) - 1}.{name}", []).append(message)
    return beside, head


def _entity(element: ET.Element) -> Entity:
    entity = Entity()
    entity.values |= {name: element.findtext(_tag(tag), "") for name, tag in _SINGLE}
    entity.values["registration_date"] = element.get("registrationDate", "")
    entity.rows["name"] = [
        {"text": each.text or "", "language": each.get("language", "")} for each in element.findall(_tag("Name"))
    ]
    entity.rows["identifier"] = [
        {"scheme": each.get("scheme", ""), "value": each.text or ""} for each in element.findall(_tag("Identifier"))
    ]
    entity.rows["website"] = [{"address": each.text or ""} for each in element.findall(_tag("WebsiteURI"))]
    entity.rows["contact"] = [
        {name: each.findtext(_tag(tag), "") for name, tag in _CONTACT} for each in element.findall(_tag("Contact"))
    ]
    return entity


def _write_entity(card: ET.Element, entity: Entity) -> None:
    date = entity.values["registration_date"]
    element = ET.SubElement(card, "BusinessEntity", {"registrationDate": date} if date else {})
    for row in entity.rows["name"]:
        language = {"language": row["language"]} if row["language"] else {}
        ET.SubElement(element, "Name", language).text = row["text"]
    ET.SubElement(element, "CountryCode").text = entity.values["country_code"]
    for tag, text in _texts(entity, "geographical_information"):
        ET.SubElement(element, tag).text = text
    for row in entity.rows["identifier"]:
        ET.SubElement(element, "Identifier", {"scheme": row["scheme"]}).text = row["value"]
    for row in entity.rows["website"]:
        ET.SubElement(element, "WebsiteURI").text = row["address"]
    for row in entity.rows["contact"]:
        contact = ET.SubElement(element, "Contact")
        for name, tag in _CONTACT:
            if row[name]:
                ET.SubElement(contact, tag).text = row[name]
    for tag, text in _texts(entity, "additional_information"):
        ET.SubElement(element, tag).text = text


def _texts(entity: Entity, name: str) -> Iterator[tuple[str, str]]:
    """An element of a text, unless that is empty."""
    if entity.values[name]:
        yield dict(_SINGLE)[name], entity.values[name].replace("\r\n", "\n")


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
