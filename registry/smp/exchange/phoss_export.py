# SPDX-License-Identifier: Apache-2.0
"""What an export of phoss SMP says, as our model.

Names of elements and attributes are those of phoss SMP 8 (`CSMPExchange` and its `*MicroTypeConverter`), those of
older exports included. Each part is taken or refused by itself. What has no place here, the owner above all, is noted.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lxml import etree

from registry.errors import Reason
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.text import ascii_lower, shorten
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.lexical import XML_SPACE, collapse
from registry.smp.exchange.phoss_card import card_of
from registry.smp.exchange.phoss_part import PhossPart
from registry.smp.exchange.phoss_stream import elements_of
from registry.smp.exchange.verdicts import Statement


def read_phoss_export(path: Path) -> Iterator[Statement]:
    """What a file says, in its order; business cards stand at its end.

    Raises OSError, and ValidationError where the file can't be read on.
    """
    for number, element in enumerate(elements_of(path), 1):
        where = f"{path}, {str(element.tag)[:80]} {number}"
        if element.tag == "servicegroup":
            yield from _group(where, element)
        elif element.tag == "businesscard":
            part = PhossPart(element)
            yield part.statement(
                where, "business_card", element.get("servicegroupid", ""), "", partial(card_of, element)
            )
        else:
            yield Statement(where, "unknown", reasons=("nothing of this name is known here",))


def read_group(part: PhossPart, participant: ParticipantIdentifier) -> ServiceGroup:
    """What the element of a participant says of it; owner, services and redirects aside."""
    part.note_unknown({"participant", "extension", "serviceinfo", "redirect", "customproperties"})
    return ServiceGroup(participant, extensions=part.extensions(), properties=part.properties())


def _group(where: str, element: etree._Element) -> Iterator[Statement]:
    part = PhossPart(element)
    participant = ParticipantIdentifier(*part.identifier("participant"))
    if element.get("ownerid"):
        part.notes.append("the owner (ownerid) is left out: who may publish is decided by tokens here")
    name = str(participant)
    yield part.statement(where, "service_group", name, "", partial(read_group, part, participant))
    for child in element.iterchildren("serviceinfo", "redirect"):
        yield _service(where, child, participant)


def _service(where: str, element: etree._Element, participant: ParticipantIdentifier) -> Statement:
    part, document_type, read = service_part(element, participant)
    redirects = element.tag == "redirect"
    return part.statement(
        where, "redirect" if redirects else "service_metadata", str(participant), str(document_type), read
    )


def service_part(
    element: etree._Element, participant: ParticipantIdentifier
) -> tuple[PhossPart, DocumentTypeIdentifier, Callable[[], ServiceMetadata]]:
    """An element of service metadata or of a redirect, what it is about, and what reads it."""
    part = PhossPart(element)
    document_type = DocumentTypeIdentifier(*part.identifier("doctypeidentifier"))
    name = str(participant)
    belongs = element.get("servicegroupid", name)
    if ascii_lower(belongs) != ascii_lower(name):
        message = f"it belongs to {shorten(belongs)}, but stands in the group of {name}"
        part.refuse(Reason("SMP-PHOSS-PARTICIPANT", message))
    read = _redirect if element.tag == "redirect" else _information
    return part, document_type, partial(read, part, participant, document_type)


def _information(
    part: PhossPart, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> ServiceMetadata:
    part.note_unknown({"doctypeidentifier", "process", "extension"})
    processes = []
    for number, element in enumerate(part.element.iterchildren("process"), 1):
        inner = part.below(element, f"process {number}")
        inner.note_unknown({"processidentifier", "endpoint", "extension"})
        identifier = ProcessIdentifier(*inner.identifier("processidentifier"))
        endpoints = tuple(
            _endpoint(inner.below(item, f"process {number}, endpoint {place}"))
            for place, item in enumerate(element.iterchildren("endpoint"), 1)
        )
        processes.append(ProcessMetadata((Process(identifier, extensions=inner.extensions()),), endpoints))
    return ServiceMetadata(participant, document_type, tuple(processes), part.extensions())


def _endpoint(part: PhossPart) -> Endpoint:
    part.note_unknown({"certificate", "svcdescription", "extension"})
    if not part.element.get("endpointref") and part.element.get("apid"):
        message = "it refers to an access point (apid) that an export doesn't hold"
        part.refuse(Reason("SMP-PHOSS-ADDRESS", message))
    technical_information = part.element.get("techinfourl")
    return Endpoint(
        transport_profile=part.element.get("transportprofile", "").strip(XML_SPACE),
        address=collapse(part.element.get("endpointref", "")),
        certificates=tuple(EndpointCertificate(der) for der in part.certificates()),
        require_business_level_signature=part.flag("reqblsig"),
        minimum_authentication_level=part.element.get("minauthlevel"),
        activation=part.moment("activation"),
        expiration=part.moment("expiration"),
        description=part.text("svcdescription"),
        technical_contact=collapse(part.element.get("techcontacturl", "")),
        technical_information=None if technical_information is None else collapse(technical_information),
        extensions=part.extensions(),
    )


def _redirect(
    part: PhossPart, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
) -> ServiceMetadata:
    part.note_unknown({"doctypeidentifier", "suid", "certificate", "extension"})
    redirect = Redirect(
        href=collapse(part.element.get("targethref", "")),
        certificate_uid=part.text("suid"),
        extensions=part.extensions(),
        certificate=next(iter(part.certificates()), None),
    )
    return ServiceMetadata(participant, document_type, (ProcessMetadata(redirect=redirect),))
