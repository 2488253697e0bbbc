# SPDX-License-Identifier: Apache-2.0
"""Reads busdox documents, leniently.

What is repaired or left out is told in notes; what is missing and can't be guessed is collected, and refused in one
go. The order of elements isn't looked at, and what may be *published* is the business of `rules`: an SMP reads what
others write, old exports and real responses of 2013 included.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.text import ascii_lower
from registry.identifiers.url_form import parse_service_href
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.busdox.names import DS, EXTENSION, IDS, SIGNED_SERVICE_METADATA, SMP, TAD, WSA, XSD
from registry.smp.documents.dialects import expect
from registry.smp.documents.extensions import capture
from registry.smp.documents.lexical import XML_SPACE, collapse, parse_boolean, parse_date_time
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.source import read_source
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError

# Some SMP written in .NET encodes the slashes around `services`, too.
_ENCODED_SERVICES = re.compile("%2fservices%2f", re.IGNORECASE)

_MAX_REASONS = 100  # nobody mends more in one go, and two megabytes hold a quarter of a million


def read(data: bytes) -> ParsedDocument:
    """Understand a ServiceGroup, a SignedServiceMetadata, or a ServiceMetadata without its wrapper.

    A redirect holds no identifiers: they are taken from its href (eDelivery SMP TAD TA06). Whether a signature is
    good is not asked here (`registry.smp.documents.signing`). Raises ValidationError with every reason when the
    document is of another dialect, or lacks what can't be guessed.
    """
    root, source = read_source(data)
    kind = expect(root.tag, "busdox").kind
    reader = _Reader(capture(root, source, EXTENSION))
    parsed = reader.service_group(root) if kind == "service_group" else reader.service_metadata(root)
    if reader.reasons:
        raise ValidationError(reader.reasons)
    return parsed


class _Reader:
    """One reading of one document. Where something is missing a reason is kept and an empty value handed on."""

    def __init__(self, extensions: Mapping[etree._Element, Extension]) -> None:
        self.reasons: list[Reason] = []
        self.notes: list[str] = []
        self._extensions = extensions

    def service_group(self, root: etree._Element) -> ParsedDocument:
        with _Children(self, root, "ServiceGroup") as found:
            participant = self._participant(found)
            document_types = self._document_types(found, participant)
            extensions = self._extension(found)
        group = ServiceGroup(participant, document_types, extensions)
        return ParsedDocument("service_group", participant, service_group=group, notes=tuple(self.notes))

    def service_metadata(self, root: etree._Element) -> ParsedDocument:
        content: etree._Element | None = root
        signed = False
        if root.tag == SIGNED_SERVICE_METADATA:
            with _Children(self, root, "SignedServiceMetadata") as wrapper:
                content = wrapper.one("ServiceMetadata")
                signed = bool(wrapper.all("Signature", DS))
        information = redirect = None
        if content is not None:
            with _Children(self, content, "ServiceMetadata") as found:
                information, redirect = found.one("ServiceInformation"), found.one("Redirect")
        if information is not None and redirect is None:
            metadata = self._information(information)
        elif redirect is not None and information is None:
            metadata = self._redirect(redirect)
        else:
            message = "ServiceMetadata must hold exactly one of ServiceInformation and Redirect"
            self.refuse("CONTENT", message, "ServiceMetadataType")
            raise ValidationError(self.reasons)
        return ParsedDocument(
            "redirect" if metadata.redirect else "service_metadata",
            metadata.participant,
            metadata.document_type,
            metadata=metadata,
            signed=signed,
            notes=tuple(self.notes),
        )

    def _redirect(self, element: etree._Element) -> ServiceMetadata:
        href = collapse(element.get("href", ""))
        with _Children(self, element, "Redirect") as found:
            certificate_uid = (found.text("CertificateUID") or "").strip(XML_SPACE)
            if not certificate_uid:
                self.notes.append("Redirect: no CertificateUID, so nothing says who may sign at its target")
            redirect = Redirect(href, certificate_uid, self._extension(found))
        try:
            participant, document_type = _parse_href(href)
        except ValidationError as error:
            self.reasons.append(
                Reason(
                    "BUSDOX-REDIRECT-HREF",
                    f"the redirect's href names no participant and document type: {error}",
                    f"{TAD} TA06",
                )
            )
            participant, document_type = ParticipantIdentifier("", ""), DocumentTypeIdentifier("", "")
        return ServiceMetadata(participant, document_type, (ProcessMetadata(redirect=redirect),))

    def _information(self, element: etree._Element) -> ServiceMetadata:
        with _Children(self, element, "ServiceInformation") as found:
            participant = self._participant(found)
            document_type = DocumentTypeIdentifier(*self._identifier(found, "DocumentIdentifier"))
            self._require_both(document_type, "DOCUMENT-TYPE")
            process_list = found.one("ProcessList")
            processes: list[ProcessMetadata] = []
            if process_list is not None:
                with _Children(self, process_list, "ProcessList") as entries:
                    processes = [
                        self._process(entry, f"Process {number}")
                        for number, entry in enumerate(entries.all("Process"), 1)
                    ]
            if not processes:
                self.refuse("PROCESS", "there is no Process", "ProcessListType")
            return ServiceMetadata(participant, document_type, tuple(processes), self._extension(found))

    def _process(self, element: etree._Element, where: str) -> ProcessMetadata:
        with _Children(self, element, where) as found:
            identifier = ProcessIdentifier(*self._identifier(found, "ProcessIdentifier"))
            if not identifier.value:
                self.refuse("PROCESS", f"{where}: the ProcessIdentifier is missing", "ProcessType")
            endpoint_list = found.one("ServiceEndpointList")
            endpoints: list[Endpoint] = []
            if endpoint_list is not None:
                with _Children(self, endpoint_list, where) as entries:
                    endpoints = [
                        self._endpoint(entry, f"{where}, Endpoint {number}")
                        for number, entry in enumerate(entries.all("Endpoint"), 1)
                    ]
            if not endpoints:
                self.refuse("ENDPOINT", f"{where}: there is no Endpoint", "ServiceEndpointList")
            process = Process(identifier, extensions=self._extension(found))
        return ProcessMetadata((process,), tuple(endpoints))

    def _endpoint(self, element: etree._Element, where: str) -> Endpoint:
        transport_profile = element.get("transportProfile", "").strip(XML_SPACE)
        if not transport_profile:
            self.refuse("TRANSPORT-PROFILE", f"{where}: the transportProfile is missing", "EndpointType")
        with _Children(self, element, where) as found:
            return Endpoint(
                transport_profile=transport_profile,
                address=self._address(found),
                require_business_level_signature=self._flag(found, "RequireBusinessLevelSignature"),
                minimum_authentication_level=found.text("MinimumAuthenticationLevel"),
                activation=self._moment(found, "ServiceActivationDate"),
                expiration=self._moment(found, "ServiceExpirationDate"),
                certificates=self._certificates(found),
                description=found.text("ServiceDescription") or "",
                technical_contact=collapse(found.text("TechnicalContactUrl") or ""),
                technical_information=self._optional_uri(found, "TechnicalInformationUrl"),
                extensions=self._extension(found),
            )

    def _document_types(
        self, found: "_Children", participant: ParticipantIdentifier
    ) -> tuple[DocumentTypeIdentifier, ...]:
        """What the references name; those that name nothing, or another participant, are noted and left out."""
        collection = found.one("ServiceMetadataReferenceCollection")
        if collection is None:
            self.notes.append("ServiceGroup: no ServiceMetadataReferenceCollection, taken as empty")
            return ()
        document_types: dict[DocumentTypeIdentifier, None] = {}
        with _Children(self, collection, "ServiceMetadataReferenceCollection") as references:
            for reference in references.all("ServiceMetadataReference"):
                href = collapse(reference.get("href", ""))
                try:
                    named, document_type = _parse_href(href)
                except ValidationError as error:
                    self.notes.append(f"ServiceMetadataReference left out: {error}")
                    continue
                if ascii_lower(str(named)) == ascii_lower(str(participant)):
                    document_types[document_type] = None
                else:
                    self.notes.append(f"ServiceMetadataReference left out: it is of another participant, {named}")
        return tuple(document_types)

    def _participant(self, found: "_Children") -> ParticipantIdentifier:
        participant = ParticipantIdentifier(*self._identifier(found, "ParticipantIdentifier"))
        self._require_both(participant, "PARTICIPANT")
        return participant

    def _identifier(self, found: "_Children", name: str) -> tuple[str, str]:
        """Scheme and value, without the white space that some SMPs put around them."""
        element = found.one(name, IDS)
        if element is None:
            return "", ""
        return element.get("scheme", "").strip(XML_SPACE), _text(element).strip(XML_SPACE)

    def _require_both(self, identifier: ParticipantIdentifier | DocumentTypeIdentifier, reason_id: str) -> None:
        missing = [part for part in ("scheme", "value") if not getattr(identifier, part)]
        if missing:
            self.refuse(reason_id, f"the {identifier.kind} has no {' and no '.join(missing)}", "ServiceInformationType")

    def _address(self, found: "_Children") -> str:
        reference = found.one("EndpointReference", WSA)
        address = ""
        if reference is not None:
            with _Children(self, reference, found.where) as parts:
                address = collapse(parts.text("Address", WSA) or "")
        if not address:
            self.refuse("ADDRESS", f"{found.where}: the Address is missing", "EndpointType")
        return address

    def _flag(self, found: "_Children", name: str) -> bool:
        text = (found.text(name) or "").strip(XML_SPACE)
        if not text:
            self.notes.append(f"{found.where}: no {name}, taken as false")
            return False
        try:
            return parse_boolean(text)
        except ValueError as error:
            self.refuse("BOOLEAN", f"{found.where}: {name}: {error}", "EndpointType")
            return False

    def _moment(self, found: "_Children", name: str) -> datetime | None:
        text = (found.text(name) or "").strip(XML_SPACE)
        if not text:
            return None
        try:
            moment, note = parse_date_time(text)
        except ValueError as error:
            self.refuse("DATE", f"{found.where}: {name}: {error}", "EndpointType")
            return None
        if note:
            self.notes.append(f"{found.where}: {name}: {note}")
        return moment

    def _certificates(self, found: "_Children") -> tuple[EndpointCertificate, ...]:
        text = (found.text("Certificate") or "").strip()
        if not text:
            self.notes.append(f"{found.where}: no Certificate")
            return ()
        try:
            return (EndpointCertificate(load_certificate(text).public_bytes(Encoding.DER)),)
        except CertificateError as error:
            self.refuse("CERTIFICATE", f"{found.where}: {error}", "EndpointType")
            return ()

    def _optional_uri(self, found: "_Children", name: str) -> str | None:
        text = found.text(name)
        return None if text is None else collapse(text)

    def _extension(self, found: "_Children") -> tuple[Extension, ...]:
        return tuple(self._extensions[element] for element in found.all("Extension"))

    def refuse(self, reason_id: str, message: str, xsd_type: str) -> None:
        self.reasons.append(Reason(f"BUSDOX-{reason_id}", message, f"{XSD} {xsd_type}"))
        if len(self.reasons) == _MAX_REASONS:
            raise ValidationError(self.reasons)


class _Children:
    """The children of one element, looked up by name; what nobody asked for is noted in the end."""

    def __init__(self, reader: _Reader, element: etree._Element, where: str) -> None:
        self.where = where
        self._reader = reader
        self._by_tag: dict[str, list[etree._Element]] = {}
        for child in element.iterchildren("*"):
            self._by_tag.setdefault(child.tag, []).append(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for tag, elements in self._by_tag.items():
            if any(len(element) or element.attrib or _text(element).strip(XML_SPACE) for element in elements):
                self._reader.notes.append(f"{self.where}: {tag.rpartition('}')[2]} was left out")

    def all(self, name: str, namespace: str = SMP) -> list[etree._Element]:
        return self._by_tag.pop(f"{{{namespace}}}{name}", [])

    def one(self, name: str, namespace: str = SMP) -> etree._Element | None:
        """The child; None when it is missing. Two are refused: readers would differ in which one counts."""
        elements = self.all(name, namespace)
        if len(elements) > 1:
            self._reader.refuse("REPEATED", f"{self.where}: {name} is there {len(elements)} times", "sequence")
        return elements[0] if elements else None

    def text(self, name: str, namespace: str = SMP) -> str | None:
        element = self.one(name, namespace)
        return None if element is None else _text(element)


def _text(element: etree._Element) -> str:
    """The text of an element, also of what follows processing instructions (and children, which it may not have)."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _parse_href(href: str) -> tuple[ParticipantIdentifier, DocumentTypeIdentifier]:
    return parse_service_href(_ENCODED_SERVICES.sub("/services/", href))
