# SPDX-License-Identifier: Apache-2.0
"""SOAP 1.1 messages of the locator's services for SMPs: requests and responses, read and written.

A request is recognised by the element in its Body and by nothing else: the SOAPAction comes with nine blanks, with
none, empty, or not at all, depending on the caller's tools (interop.md §3b). Reading is lenient where existing
clients are (order of elements, a Read without endpoint, an empty page identifier) and precise where they are wrong:
one BadRequest names everything that is missing, unknown or there twice. Writing is strictly by the schema.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from lxml import etree

from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten
from registry.sml.envelope import PARTICIPANT, Children, envelope, escape, request_element
from registry.sml.model import ParticipantPage, Publisher
from registry.sml.wsdl import BDMSL_DATA, IDENTIFIERS, LOCATOR, Service

MAX_LIST = 100
"""Most participants in one CreateList or DeleteList (ICD 1.30: more is a BadRequest)."""

_SMP_ID = f"{{{LOCATOR}}}ServiceMetadataPublisherID"
_ENDPOINT = f"{{{LOCATOR}}}PublisherEndpoint"
_LOGICAL = f"{{{LOCATOR}}}LogicalAddress"
_PHYSICAL = f"{{{LOCATOR}}}PhysicalAddress"
_NEXT_PAGE = f"{{{LOCATOR}}}NextPageIdentifier"
_KEY = f"{{{LOCATOR}}}MigrationKey"
_CREATE = f"{{{BDMSL_DATA}}}CreateParticipantIdentifier"
_SERVICE = f"{{{BDMSL_DATA}}}serviceName"
_NEW_CERTIFICATE = f"{{{BDMSL_DATA}}}newCertificatePublicKey"
_MIGRATION_DATE = f"{{{BDMSL_DATA}}}migrationDate"
_EXIST = f"{{{BDMSL_DATA}}}Exist"


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
    """ManageParticipantIdentifier.Create and .CreateList: one participant travels as the former.

    With `service`, the NAPTR service of a single participant, it is BDMSLService.CreateParticipantIdentifier.
    """

    smp_id: str
    participants: tuple[ParticipantIdentifier, ...]
    service: str | None = None

    @property
    def element(self) -> str:
        """The local name of the request element."""
        if self.service is not None:
            return "SMPAdvancedServiceForParticipantService"
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


@dataclass(frozen=True, slots=True)
class ParticipantExists:
    """BDMSLService.ExistsParticipantIdentifier: whether a publisher has a participant."""

    smp_id: str
    participant: ParticipantIdentifier
    element: ClassVar[str] = "ExistsParticipant"


@dataclass(frozen=True, slots=True)
class PrepareCertificate:
    """BDMSLService.PrepareChangeCertificate: the caller's next certificate, as it was sent, and from which day on.

    `begins` is None where the certificate's own beginning counts.
    """

    certificate: str
    begins: date | None
    element: ClassVar[str] = "PrepareChangeCertificate"


@dataclass(frozen=True, slots=True)
class IsAlive:
    """BDMSLService.IsAlive."""

    element: ClassVar[str] = "IsAlive"


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
    | ParticipantExists
    | PrepareCertificate
    | IsAlive
)


def parse_request(service: Service, data: bytes) -> Request:
    """The request in a SOAP envelope that was sent to `service`, one of `wsdl.SERVICES`.

    Raises SmlError (BadRequest) and EnvelopeError as `registry.sml.envelope.request_element` does.
    """
    body = request_element(service, data)
    return _read_request(etree.QName(body).localname, body)


def read_publisher(body: etree._Element) -> Publisher:
    """The publisher in an answer to Read. Raises SmlError where there is none."""
    return _read_publisher(body, "ServiceMetadataPublisherService")


def read_page(body: etree._Element, smp_id: str) -> ParticipantPage:
    """The page in an answer to List; `smp_id` is the one that was asked. Raises SmlError where there is none."""
    children = Children(body, PARTICIPANT, _SMP_ID, _NEXT_PAGE, name="ParticipantIdentifierPage")
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
        case CreateParticipants(smp_id, participants, None) | DeleteParticipants(smp_id, participants):
            content = _members(smp_id, participants, single=not request.element.endswith("List"))
        case ListParticipants(smp_id, page):
            content = _element("ServiceMetadataPublisherID", smp_id) + _element("NextPageIdentifier", page)
        case PrepareMigration(smp_id, participant, key) | Migrate(smp_id, participant, key):
            content = _members(smp_id, (participant,), single=True) + _element("MigrationKey", key)
        case _:
            return _write_bdmsl_request(request)
    return _locator_message(request.element, content)


def write_publisher(publisher: Publisher) -> bytes:
    """The answer to Read."""
    return _locator_message("ServiceMetadataPublisherService", _publisher(publisher))


def write_page(page: ParticipantPage) -> bytes:
    """The answer to List; NextPageIdentifier is there only if another page is."""
    content = _members(page.smp_id, page.participants, single=False)
    return _locator_message("ParticipantIdentifierPage", content + _element("NextPageIdentifier", page.next_page))


def read_exists(body: etree._Element) -> bool:
    """The yes or no in an answer to ExistsParticipantIdentifier. Raises SmlError where there is none."""
    children = Children(body, PARTICIPANT, _SMP_ID, _EXIST, name="ExistsParticipantResponse")
    exists = children.flag(_EXIST)
    children.check()
    return exists


def write_exists(request: ParticipantExists, *, exists: bool) -> bytes:
    """The answer to ExistsParticipantIdentifier."""
    content = _about_one(request.smp_id, request.participant) + f"<d:Exist>{str(exists).lower()}</d:Exist>"
    return _bdmsl_message("ExistsParticipantResponse", content)


def _write_bdmsl_request(request: Request) -> bytes:
    match request:
        case CreateParticipants(smp_id, (participant,), str(service)):
            held = _element("l:ServiceMetadataPublisherID", smp_id) + "".join(_participants([participant]))
            content = f"<d:CreateParticipantIdentifier>{held}</d:CreateParticipantIdentifier>"
            return _bdmsl_message(request.element, content + _element("d:serviceName", service))
        case ParticipantExists(smp_id, participant):
            return _bdmsl_message(request.element, _about_one(smp_id, participant))
        case PrepareCertificate(certificate, begins):
            content = _element("d:newCertificatePublicKey", certificate)
            return _bdmsl_message(
                request.element, content + _element("d:migrationDate", begins.isoformat() if begins else None)
            )
    return _bdmsl_message(request.element, "")


def _read_request(name: str, body: etree._Element) -> Request:
    match name:
        case "CreateServiceMetadataPublisherService":
            return CreatePublisher(_read_publisher(body, name))
        case "UpdateServiceMetadataPublisherService":
            return UpdatePublisher(_read_publisher(body, name))
        case "ReadServiceMetadataPublisherService":
            children = Children(body, _ENDPOINT, _SMP_ID)
            read = ReadPublisher(children.text(_SMP_ID))
            children.check()
            return read
        case "ServiceMetadataPublisherID":
            children = Children(body)
            delete = DeletePublisher(children.own_text())
            children.check()
            return delete
        case "PageRequest":
            children = Children(body, _SMP_ID, _NEXT_PAGE)
            page = ListParticipants(children.text(_SMP_ID), children.text(_NEXT_PAGE, required=False) or None)
            children.check()
            return page
        case "CreateList" | "DeleteList":
            return _read_list(name, body)
        case "SMPAdvancedServiceForParticipantService":
            children = Children(body, _CREATE, _SERVICE)
            creation = children.nested(_CREATE, _SMP_ID, PARTICIPANT)
            smp_id, participants = creation.about_one(_SMP_ID) if creation else ("", ())
            service = children.text(_SERVICE)
            children.check()
            return CreateParticipants(smp_id, participants, service)
        case "ExistsParticipant":
            children = Children(body, PARTICIPANT, _SMP_ID)
            smp_id, participants = children.about_one(_SMP_ID)
            children.check()
            return ParticipantExists(smp_id, participants[0])
        case "PrepareChangeCertificate":
            children = Children(body, _NEW_CERTIFICATE, _MIGRATION_DATE)
            certificate, begins = children.text(_NEW_CERTIFICATE), children.day(_MIGRATION_DATE)
            children.check()
            return PrepareCertificate(certificate, begins)
        case "IsAlive":
            Children(body).check()
            return IsAlive()
        case _:
            return _read_single(name, body)


def _read_publisher(element: etree._Element, name: str) -> Publisher:
    children = Children(element, _ENDPOINT, _SMP_ID, name=name)
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
    children = Children(element, PARTICIPANT, _SMP_ID, _NEXT_PAGE)
    if children.text(_NEXT_PAGE, required=False):
        children.problem("NextPageIdentifier must be absent")
    smp_id = children.text(_SMP_ID, required=name == "CreateList")
    if (count := children.count(PARTICIPANT)) > MAX_LIST:
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
    children = Children(element, _SMP_ID, PARTICIPANT, *((_KEY,) if migration else ()))
    smp_id, participants = children.about_one(_SMP_ID)
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


def _locator_message(name: str, content: str) -> bytes:
    return envelope(f'<{name} xmlns="{LOCATOR}" xmlns:i="{IDENTIFIERS}">{content}</{name}>')


def _bdmsl_message(name: str, content: str) -> bytes:
    declared = f'xmlns:d="{BDMSL_DATA}" xmlns:l="{LOCATOR}" xmlns:i="{IDENTIFIERS}"'
    return envelope(f"<d:{name} {declared}>{content}</d:{name}>")


def _about_one(smp_id: str, participant: ParticipantIdentifier) -> str:
    return "".join(_participants([participant])) + _element("l:ServiceMetadataPublisherID", smp_id)


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
