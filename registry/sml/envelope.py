# SPDX-License-Identifier: Apache-2.0
"""SOAP 1.1 envelopes, and reading the elements in them: what the messages of every service have in common.

Reading is lenient where existing clients are (order of elements, prefixes, white space) and precise where they are
wrong: one BadRequest names everything that is missing, unknown or there twice.
"""

import re
from datetime import date
from typing import Self

from lxml import etree

from registry.errors import RegistryError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.sml.errors import bad_request
from registry.sml.wsdl import IDENTIFIERS, Service
from trust_lists.errors import XmlRefusedError
from trust_lists.xml import parse_xml

MAX_BYTES = 2_000_000
"""Longest message that is read."""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PARTICIPANT = f"{{{IDENTIFIERS}}}ParticipantIdentifier"
_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_MAX_PROBLEMS = 10  # that one fault names
_FLAGS = {"true": True, "1": True, "false": False, "0": False}  # XML Schema 2 §3.2.2
_ZONE = re.compile(r"(?:Z|[+-]\d{2}:\d{2})$", re.ASCII)


class EnvelopeError(RegistryError):
    """The envelope itself can't be processed; `code` is the SOAP 1.1 fault code (§4.4.1) to answer with."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def request_element(service: Service, data: bytes) -> etree._Element:
    """The element in the Body of an envelope that was sent to `service`: that of one of its operations.

    Raises SmlError (BadRequest) for what is no request of this service, and EnvelopeError for another SOAP version
    and for header blocks that must be understood.
    """
    headers, body = _open_envelope(data)
    for header in headers:
        # SOAP 1.1 §4.2.3: only blocks that are meant for the receiver oblige it, and this one understands none.
        must = header.get(f"{{{SOAP}}}mustUnderstand", "0").strip() in {"1", "true"}
        if must and header.get(f"{{{SOAP}}}actor", "").strip() in {"", _NEXT_ACTOR}:
            raise EnvelopeError("MustUnderstand", f"The header block {shorten(header.tag)} is not understood")
    known = [operation.request for operation in service.operations]
    if body is None:
        raise bad_request(f"The SOAP Body is empty; {service.path} knows {', '.join(known)}")
    name = etree.QName(body)
    if name.localname not in known:
        raise bad_request(f"{service.path} does not know {shorten(body.tag)}; it knows {', '.join(known)}")
    if name.namespace != service.elements:
        raise bad_request(
            f"{shorten(body.tag)} is in a wrong namespace; {name.localname} belongs to {service.elements}"
        )
    return body


def read_response(data: bytes) -> etree._Element | None:
    """The element in the Body of an answer, None where the Body is empty.

    Header blocks are left aside: some locators sign their answers. Raises SmlError and EnvelopeError as
    `request_element` does.
    """
    return _open_envelope(data)[1]


def envelope(body: str) -> bytes:
    """A SOAP 1.1 envelope around the serialised content of its Body; the prefix of SOAP is `S`."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="{SOAP}"><S:Body>{body}</S:Body></S:Envelope>'
    ).encode()


EMPTY = envelope("")
"""The answer to every operation that returns nothing."""


def escape(text: str) -> str:
    """`text` for use as content or between double quotes; what XML 1.0 can't hold becomes U+FFFD."""
    return text.translate(_ESCAPES)


_ESCAPES: dict[int, str] = {
    **dict.fromkeys((*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **str.maketrans({char: f"&#{ord(char)};" for char in "\t\n\r"}),
    **str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}),
}


def _open_envelope(data: bytes) -> tuple[list[etree._Element], etree._Element | None]:
    """The header blocks and the only element of the Body."""
    try:
        root = parse_xml(data, max_bytes=MAX_BYTES)
    except XmlRefusedError as error:
        raise bad_request(f"The message is refused: {error}") from error
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise bad_request(f"{shorten(root.tag)} is no SOAP envelope")
    if name.namespace != SOAP:
        raise EnvelopeError("VersionMismatch", f"This service speaks SOAP 1.1, namespace {SOAP}")
    parts = Children(root, f"{{{SOAP}}}Header", f"{{{SOAP}}}Body", name="Envelope")
    header = parts.one(f"{{{SOAP}}}Header", required=False)
    body = parts.one(f"{{{SOAP}}}Body")
    content = [] if body is None else list(body.iterchildren(etree.Element))
    if len(content) > 1:
        parts.problem(f"Body holds {len(content)} elements, only one is allowed")
    parts.check()
    return ([] if header is None else list(header.iterchildren(etree.Element))), next(iter(content), None)


class Children:
    """Child elements by tag, in any order; collects what is wrong with them, so that one fault can name it all."""

    def __init__(self, element: etree._Element, *known: str, name: str = "", problems: list[str] | None = None) -> None:
        self._element = element
        self._name: str = etree.QName(element).localname
        self._problems: list[str] = [] if problems is None else problems
        self._found: dict[str, list[etree._Element]] = {tag: [] for tag in known}
        if name and self._name != name:
            self.problem(f"expected {name}")
        for child in element.iterchildren(etree.Element):
            if (found := self._found.get(child.tag)) is not None:
                found.append(child)
            else:
                self.problem(f"unknown element {shorten(child.tag)} (known: {', '.join(known) or 'none'})")

    def problem(self, text: str) -> None:
        """Note what is wrong."""
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(text)

    def check(self) -> None:
        """Raises one BadRequest for all problems."""
        if self._problems:
            raise bad_request(f"{self._name}: {'; '.join(self._problems)}")

    def count(self, tag: str) -> int:
        """How many children have this tag."""
        return len(self._found[tag])

    def one(self, tag: str, *, required: bool = True) -> etree._Element | None:
        """The only child of this tag; the first one, and a problem, where there are several."""
        found = self._found[tag]
        if len(found) > 1:
            self.problem(f"{local_name(tag)} is there {len(found)} times, only one is allowed")
        if not found and required:
            self.problem(f"{tag} is missing")
        return found[0] if found else None

    def nested(self, tag: str, *known: str) -> Self | None:
        """The children of the only child of this tag; their problems count as those of this element."""
        element = self.one(tag)
        return None if element is None else type(self)(element, *known, problems=self._problems)

    def text(self, tag: str, *, required: bool = True, filled: bool = True) -> str:
        """The text of a child without white space around it; empty where it is missing."""
        element = self.one(tag, required=required)
        return "" if element is None else self._text_of(element, filled=required and filled)

    def own_text(self) -> str:
        """The text of the element itself, which must not be empty."""
        return self._text_of(self._element, filled=True)

    def flag(self, tag: str) -> bool:
        """An xs:boolean."""
        text = self.text(tag)
        if text and text not in _FLAGS:
            self.problem(f"{local_name(tag)} is true or false, not {shorten(text)}")
        return _FLAGS.get(text, False)

    def day(self, tag: str) -> date | None:
        """An xs:date, None where it is missing or empty; a time zone behind it says nothing that a day could hold."""
        text = self.text(tag, required=False)
        if not text:
            return None
        try:
            return date.fromisoformat(_ZONE.sub("", text))
        except ValueError:
            self.problem(f"{local_name(tag)} is a day such as 2027-01-15, not {shorten(text)}")
            return None

    def about_one(self, smp_id_tag: str) -> tuple[str, tuple[ParticipantIdentifier, ...]]:
        """A publisher's id and its one participant; fewer, and a problem, where something is missing."""
        self.one(PARTICIPANT)
        return self.text(smp_id_tag), self.participants()

    def participants(self) -> tuple[ParticipantIdentifier, ...]:
        """Every participant among the children."""
        return tuple(self._participant(element) for element in self._found[PARTICIPANT])

    def _participant(self, element: etree._Element) -> ParticipantIdentifier:
        text = self._text_of(element, filled=True)
        participant = ParticipantIdentifier(element.get("scheme", "").strip(), text)
        # An ebCore party id may come without the attribute; it has found its scheme in the value by now.
        if text and not (participant.scheme and participant.value):
            self.problem(f"ParticipantIdentifier {shorten(text)} lacks a scheme or a value")
        return participant

    def _text_of(self, element: etree._Element, *, filled: bool) -> str:
        text = element.text or ""
        for child in element:
            if isinstance(child.tag, str):
                self.problem(f"{local_name(element.tag)} must hold text only")
            # A processing instruction splits a text in two: what comes behind it still belongs to the value.
            text += child.tail or ""
        text = text.strip()
        if filled and not text:
            self.problem(f"{local_name(element.tag)} is empty")
        return text


def local_name(tag: str) -> str:
    """The name in a tag, without its namespace."""
    return tag.rpartition("}")[2]
