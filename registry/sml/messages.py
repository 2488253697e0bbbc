# SPDX-License-Identifier: Apache-2.0
"""SOAP 1.1 messages of the locator's two services: requests and responses, read and written.

A request is recognised by the element in its Body and by nothing else: the SOAPAction comes with nine blanks, with
none, empty, or not at all, depending on the caller's tools (interop.md §3b). Reading is lenient where existing
clients are (order of elements, a Read without endpoint, an empty page identifier) and precise where they are wrong:
one BadRequest names everything that is missing, unknown or there twice. Writing is strictly by the schema.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from lxml import etree

from registry.errors import RegistryError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.sml.errors import bad_request
from registry.sml.model import ParticipantPage, Publisher
from registry.sml.wsdl import IDENTIFIERS, LOCATOR, Service
from trust_lists.errors import XmlRefusedError
from trust_lists.xml import parse_xml

MAX_BYTES = 2_000_000
"""Longest message that is read."""
MAX_LIST = 100
"""Most participants in one CreateList or DeleteList (ICD 1.30: more is a BadRequest)."""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"
_MAX_PROBLEMS = 10  # that one fault names

_SMP_ID = f"{{{LOCATOR}}}ServiceMetadataPublisherID"
_ENDPOINT = f"{{{LOCATOR}}}PublisherEndpoint"
_LOGICAL = f"{{{LOCATOR}}}LogicalAddress"
_PHYSICAL = f"{{{LOCATOR}}}PhysicalAddress"
_PARTICIPANT = f"{{{IDENTIFIERS}}}ParticipantIdentifier"
_NEXT_PAGE = f"{{{LOCATOR}}}NextPageIdentifier"
_KEY = f"{{{LOCATOR}}}MigrationKey"


class EnvelopeError(RegistryError):
    """The envelope itself can't be processed; `code` is the SOAP 1.1 fault code (§4.4.1) to answer with."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class CreatePublisher:
    """ManageServiceMetadata.Create."""

    publisher: Publisher
    element: ClassVar[str] = "CreateServiceMetadataPublisherService"


@dataclass(frozen=True, slots=True)
class ReadPublisher:
    """ManageServiceMetadata.Read; an endpoint in the request means nothing."""

    smp_id: str
    element: ClassVar[str] = "ReadServiceMetadataPublisherService"


@dataclass(frozen=True, slots=True)
class UpdatePublisher:
    """ManageServiceMetadata.Update."""

    publisher: Publisher
    element: ClassVar[str] = "UpdateServiceMetadataPublisherService"


@dataclass(frozen=True, slots=True)
class DeletePublisher:
    """ManageServiceMetadata.Delete."""

    smp_id: str
    element: ClassVar[str] = "ServiceMetadataPublisherID"


@dataclass(frozen=True, slots=True)
class CreateParticipants:
    """ManageParticipantIdentifier.Create and .CreateList: one participant travels as the former."""

    smp_id: str
    participants: tuple[ParticipantIdentifier, ...]

    @property
    def element(self) -> str:
        """The local name of the request element."""
        return "CreateParticipantIdentifier" if len(self.participants) == 1 else "CreateList"


@dataclass(frozen=True, slots=True)
class DeleteParticipants:
    """ManageParticipantIdentifier.Delete and .DeleteList; only the latter may leave out the publisher."""

    smp_id: str | None
    participants: tuple[ParticipantIdentifier, ...]

    @property
    def element(self) -> str:
        """The local name of the request element."""
        single = self.smp_id is not None and len(self.participants) == 1
        return "DeleteParticipantIdentifier" if single else "DeleteList"


@dataclass(frozen=True, slots=True)
class ListParticipants:
    """ManageParticipantIdentifier.List; `page` is None for the first one."""

    smp_id: str
    page: str | None
    element: ClassVar[str] = "PageRequest"


@dataclass(frozen=True, slots=True)
class PrepareMigration:
    """ManageParticipantIdentifier.PrepareToMigrate, called by the publisher that gives the participant away."""

    smp_id: str
    participant: ParticipantIdentifier
    key: str
    element: ClassVar[str] = "PrepareMigrationRecord"


@dataclass(frozen=True, slots=True)
class Migrate:
    """ManageParticipantIdentifier.Migrate, called by the publisher that takes the participant."""

    smp_id: str
    participant: ParticipantIdentifier
    key: str
    element: ClassVar[str] = "CompleteMigrationRecord"


Request = (
    CreatePublisher
    | ReadPublisher
    | UpdatePublisher
    | DeletePublisher
    | CreateParticipants
    | DeleteParticipants
    | ListParticipants
    | PrepareMigration
    | Migrate
)


def parse_request(service: Service, data: bytes) -> Request:
    """The request in a SOAP envelope that was sent to `service`.

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
    if name.namespace != LOCATOR:
        raise bad_request(f"{shorten(body.tag)} is in a wrong namespace; {name.localname} belongs to {LOCATOR}")
    return _read_request(name.localname, body)


def read_response(data: bytes) -> etree._Element | None:
    """The element in the Body of an answer, None where the Body is empty.

    Header blocks are left aside: some locators sign their answers. Raises SmlError and EnvelopeError as
    `parse_request` does.
    """
    return _open_envelope(data)[1]


def read_publisher(body: etree._Element) -> Publisher:
    """The publisher in an answer to Read. Raises SmlError where there is none."""
    return _read_publisher(body, "ServiceMetadataPublisherService")


def read_page(body: etree._Element, smp_id: str) -> ParticipantPage:
    """The page in an answer to List; `smp_id` is the one that was asked. Raises SmlError where there is none."""
    children = _Children(body, _PARTICIPANT, _SMP_ID, _NEXT_PAGE, name="ParticipantIdentifierPage")
    participants = children.participants()
    named = children.text(_SMP_ID, required=False)
    next_page = children.text(_NEXT_PAGE, required=False)
    children.check()
    return ParticipantPage(named or smp_id, participants, next_page or None)


def write_request(request: Request) -> bytes:
    """The envelope of a request, in the form that the genuine schemas ask for."""
    match request:
        case CreatePublisher(publisher) | UpdatePublisher(publisher):
            content = _publisher(publisher)
        case ReadPublisher(smp_id):
            content = _publisher(Publisher(smp_id, "", ""))
        case DeletePublisher(smp_id):
            content = escape(smp_id)
        case CreateParticipants(smp_id, participants) | DeleteParticipants(smp_id, participants):
            content = _members(smp_id, participants, single=not request.element.endswith("List"))
        case ListParticipants(smp_id, page):
            content = _element("ServiceMetadataPublisherID", smp_id) + _element("NextPageIdentifier", page)
        case PrepareMigration(smp_id, participant, key) | Migrate(smp_id, participant, key):
            content = _members(smp_id, (participant,), single=True) + _element("MigrationKey", key)
    return _locator_message(request.element, content)


def write_publisher(publisher: Publisher) -> bytes:
    """The answer to Read."""
    return _locator_message("ServiceMetadataPublisherService", _publisher(publisher))


def write_page(page: ParticipantPage) -> bytes:
    """The answer to List; NextPageIdentifier is there only if another page is."""
    content = _members(page.smp_id, page.participants, single=False)
    return _locator_message("ParticipantIdentifierPage", content + _element("NextPageIdentifier", page.next_page))


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
    parts = _Children(root, f"{{{SOAP}}}Header", f"{{{SOAP}}}Body", name="Envelope")
    header = parts.one(f"{{{SOAP}}}Header", required=False)
    body = parts.one(f"{{{SOAP}}}Body")
    content = [] if body is None else list(body.iterchildren(etree.Element))
    if len(content) > 1:
        parts.problem(f"Body holds {len(content)} elements, only one is allowed")
    parts.check()
    return ([] if header is None else list(header.iterchildren(etree.Element))), next(iter(content), None)


def _read_request(name: str, body: etree._Element) -> Request:
    match name:
        case "CreateServiceMetadataPublisherService":
            return CreatePublisher(_read_publisher(body, name))
        case "UpdateServiceMetadataPublisherService":
            return UpdatePublisher(_read_publisher(body, name))
        case "ReadServiceMetadataPublisherService":
            children = _Children(body, _ENDPOINT, _SMP_ID)
            read = ReadPublisher(children.text(_SMP_ID))
            children.check()
            return read
        case "ServiceMetadataPublisherID":
            children = _Children(body)
            delete = DeletePublisher(children.own_text())
            children.check()
            return delete
        case "PageRequest":
            children = _Children(body, _SMP_ID, _NEXT_PAGE)
            page = ListParticipants(children.text(_SMP_ID), children.text(_NEXT_PAGE, required=False) or None)
            children.check()
            return page
        case "CreateList" | "DeleteList":
            return _read_list(name, body)
        case _:
            return _read_single(name, body)


def _read_publisher(element: etree._Element, name: str) -> Publisher:
    children = _Children(element, _ENDPOINT, _SMP_ID, name=name)
    endpoint = children.nested(_ENDPOINT, _LOGICAL, _PHYSICAL)
    publisher = Publisher(
        smp_id=children.text(_SMP_ID),
        logical_address=endpoint.text(_LOGICAL) if endpoint else "",
        # Nothing resolves with it any more, and clients send what they like: there, but perhaps empty.
        physical_address=endpoint.text(_PHYSICAL, filled=False) if endpoint else "",
    )
    children.check()
    return publisher


def _read_list(name: str, element: etree._Element) -> CreateParticipants | DeleteParticipants:
    """CreateList and DeleteList. An empty list is no error: existing callers send one and expect no change."""
    children = _Children(element, _PARTICIPANT, _SMP_ID, _NEXT_PAGE)
    if children.text(_NEXT_PAGE, required=False):
        children.problem("NextPageIdentifier must be absent")
    smp_id = children.text(_SMP_ID, required=name == "CreateList")
    if (count := children.count(_PARTICIPANT)) > MAX_LIST:
        children.problem(f"{count} participants, at most {MAX_LIST} are allowed")
        children.check()
    participants = children.participants()
    seen: set[ParticipantIdentifier] = set()
    for participant in participants:
        if participant in seen:
            children.problem(f"{shorten(str(participant))} is in the list more than once")
        seen.add(participant)
    children.check()
    if name == "CreateList":
        return CreateParticipants(smp_id, participants)
    return DeleteParticipants(smp_id or None, participants)


def _read_single(name: str, element: etree._Element) -> Request:
    """The four requests about one participant of one publisher."""
    migration = name in {PrepareMigration.element, Migrate.element}
    children = _Children(element, _SMP_ID, _PARTICIPANT, *((_KEY,) if migration else ()))
    children.one(_PARTICIPANT)
    smp_id, participants = children.text(_SMP_ID), children.participants()
    key = children.text(_KEY) if migration else ""
    children.check()
    match name:
        case "CreateParticipantIdentifier":
            return CreateParticipants(smp_id, participants)
        case "DeleteParticipantIdentifier":
            return DeleteParticipants(smp_id, participants)
        case "PrepareMigrationRecord":
            return PrepareMigration(smp_id, participants[0], key)
        case _:
            return Migrate(smp_id, participants[0], key)


class _Children:
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
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(text)

    def check(self) -> None:
        """Raises one BadRequest for all problems."""
        if self._problems:
            raise bad_request(f"{self._name}: {'; '.join(self._problems)}")

    def count(self, tag: str) -> int:
        return len(self._found[tag])

    def one(self, tag: str, *, required: bool = True) -> etree._Element | None:
        found = self._found[tag]
        if len(found) > 1:
            self.problem(f"{_local(tag)} is there {len(found)} times, only one is allowed")
        if not found and required:
            self.problem(f"{tag} is missing")
        return found[0] if found else None

    def nested(self, tag: str, *known: str) -> Self | None:
        element = self.one(tag)
        return None if element is None else type(self)(element, *known, problems=self._problems)

    def text(self, tag: str, *, required: bool = True, filled: bool = True) -> str:
        """The text of a child without white space around it; empty where it is missing."""
        element = self.one(tag, required=required)
        return "" if element is None else self._text_of(element, filled=required and filled)

    def own_text(self) -> str:
        return self._text_of(self._element, filled=True)

    def participants(self) -> tuple[ParticipantIdentifier, ...]:
        return tuple(self._participant(element) for element in self._found[_PARTICIPANT])

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
                self.problem(f"{_local(element.tag)} must hold text only")
            # A processing instruction splits a text in two: what comes behind it still belongs to the value.
            text += child.tail or ""
        text = text.strip()
        if filled and not text:
            self.problem(f"{_local(element.tag)} is empty")
        return text


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _locator_message(name: str, content: str) -> bytes:
    return envelope(f'<{name} xmlns="{LOCATOR}" xmlns:i="{IDENTIFIERS}">{content}</{name}>')


def _element(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def _publisher(publisher: Publisher) -> str:
    logical = _element("LogicalAddress", publisher.logical_address)
    physical = _element("PhysicalAddress", publisher.physical_address)
    smp_id = _element("ServiceMetadataPublisherID", publisher.smp_id)
    return f"<PublisherEndpoint>{logical}{physical}</PublisherEndpoint>{smp_id}"


def _members(smp_id: str | None, participants: Sequence[ParticipantIdentifier], *, single: bool) -> str:
    """Publisher and participants: the schema wants the publisher first where one participant is meant, else last."""
    publisher = _element("ServiceMetadataPublisherID", smp_id)
    members = "".join(_participants(participants))
    return publisher + members if single else members + publisher


def _participants(participants: Iterable[ParticipantIdentifier]) -> Iterable[str]:
    for participant in participants:
        scheme, value = escape(participant.scheme), escape(participant.value)
        yield f'<i:ParticipantIdentifier scheme="{scheme}">{value}</i:ParticipantIdentifier>'
