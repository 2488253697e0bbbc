# SPDX-License-Identifier: Apache-2.0
"""Reads documents of SMP 2.0: lenient in white space and order, strict in what decides.

What is left out is told in notes; what is missing, there twice, or contradicts itself is collected and refused in one
go. Real signers write a date with or without a zone: without one it is UTC.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
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
from registry.smp.documents.bdxr2.names import (
    DS,
    EXT,
    EXTENSION_CONTENT,
    EXTENSION_PROPERTIES,
    MIME_CODE,
    SMA,
    SPECIFICATION,
    VERSION,
    VOCABULARY,
)
from registry.smp.documents.children import Children, Findings, text_of
from registry.smp.documents.dialects import expect
from registry.smp.documents.extensions import capture
from registry.smp.documents.lexical import XML_SPACE, collapse, parse_date_time
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.source import read_source
from trust_lists.certificates.parsing import load_certificate, subject_text
from trust_lists.errors import CertificateError

_OURS = "{http://docs.oasis-open.org/bdxr/ns/SMP/2/"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_DATE = re.compile(r"(-?\d{4,}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?", re.ASCII)


def read(data: bytes) -> ParsedDocument:
    """Understand a ServiceGroup or a ServiceMetadata.

    Whether a signature is good is not asked here (`registry.smp.documents.signing`). The processes that a service
    group lists are left out: they follow from the service metadata. Raises ValidationError with every reason when the
    document is of another dialect or version, or lacks what can't be guessed.
    """
    root, source = read_source(data)
    kind = expect(root.tag, "bdxr2").kind
    reader = _Reader(capture(root, source, EXTENSION_CONTENT))
    reader.note_attributes(root)
    parsed = reader.service_group(root) if kind == "service_group" else reader.service_metadata(root)
    reader.raise_reasons()
    return parsed


class _Reader(Findings):
    """One reading of one document. Where something is missing a reason is kept and an empty value handed on."""

    def __init__(self, extensions: Mapping[etree._Element, Extension]) -> None:
        super().__init__(VOCABULARY)
        self._extensions = extensions

    def note_attributes(self, root: etree._Element) -> None:
        """Note all attributes that nobody will ask for, such as languages and names of schemes."""
        names: set[str] = set()
        walk = etree.iterwalk(root, events=("start",))
        for _, element in walk:
            if element.tag == EXTENSION_CONTENT or not str(element.tag).startswith(_OURS):
                walk.skip_subtree()
            else:
                names.update(name for name in map(str, element.attrib) if not name.startswith(_XSI))
        if names := names - {"schemeID", "mimeCode"}:
            self.notes.append(f"attributes were left out: {', '.join(sorted(names))}")

    def service_group(self, root: etree._Element) -> ParsedDocument:
        with Children(self, root, "ServiceGroup") as found:
            self._version(found)
            signed = bool(found.all("Signature", DS))
            group = ServiceGroup(
                ParticipantIdentifier(*self._identifier(found, "ParticipantID", "PARTICIPANT")),
                self._references(found),
                self._extension(found),
            )
        return ParsedDocument(
            "service_group", group.participant, service_group=group, signed=signed, notes=tuple(self.notes)
        )

    def service_metadata(self, root: etree._Element) -> ParsedDocument:
        with Children(self, root, "ServiceMetadata") as found:
            self._version(found)
            signed = bool(found.all("Signature", DS))
            metadata = ServiceMetadata(
                ParticipantIdentifier(*self._identifier(found, "ParticipantID", "PARTICIPANT")),
                DocumentTypeIdentifier(*self._identifier(found, "ID", "DOCUMENT-TYPE")),
                tuple(
                    self._process_metadata(entry, f"ProcessMetadata {number}")
                    for number, entry in enumerate(found.all("ProcessMetadata", SMA), 1)
                ),
                self._extension(found),
            )
        if not metadata.process_metadata:
            self.refuse("PROCESS", "there is no ProcessMetadata", "ServiceMetadataType")
        return ParsedDocument(
            "redirect" if metadata.redirect else "service_metadata",
            metadata.participant,
            metadata.document_type,
            metadata=metadata,
            signed=signed,
            notes=tuple(self.notes),
        )

    def _version(self, found: Children) -> None:
        version = (found.text("SMPVersionID") or "").strip(XML_SPACE)
        if version != VERSION:
            message = f"the SMPVersionID is {version!r}, not {VERSION!r}" if version else "the SMPVersionID is missing"
            self.refuse("VERSION", message, f"{SPECIFICATION} §2")

    def _references(self, found: Children) -> tuple[DocumentTypeIdentifier, ...]:
        document_types: dict[DocumentTypeIdentifier, None] = {}
        for number, reference in enumerate(found.all("ServiceReference", SMA), 1):
            with Children(self, reference, f"ServiceReference {number}") as parts:
                document_type = DocumentTypeIdentifier(*self._identifier(parts, "ID", "DOCUMENT-TYPE"))
                processes = self._processes(parts)
            document_types[document_type] = None
            if processes:
                names = ", ".join(str(process.identifier) for process in processes)
                self.notes.append(f"ServiceReference {number}: its processes were left out: {names}")
        return tuple(document_types)

    def _process_metadata(self, element: etree._Element, where: str) -> ProcessMetadata:
        with Children(self, element, where) as found:
            processes = self._processes(found)
            endpoints = tuple(
                self._endpoint(entry, f"{where}, Endpoint {number}")
                for number, entry in enumerate(found.all("Endpoint", SMA), 1)
            )
            redirect = found.one("Redirect", SMA)
            # The schema allows both, the text forbids it: one reader would send there, another here.
            if bool(endpoints) == (redirect is not None):
                message = (
                    "it must hold either endpoints or a redirect, and there are both" if endpoints else "it is empty"
                )
                self.refuse("CONTENT", f"{where}: {message}", "ProcessMetadataType")
            return ProcessMetadata(
                processes,
                endpoints,
                None if redirect is None else self._redirect(redirect, f"{where}, Redirect"),
                self._extension(found),
            )

    def _processes(self, found: Children) -> tuple[Process, ...]:
        return tuple(
            self._process(element, f"{found.where}, Process {number}")
            for number, element in enumerate(found.all("Process", SMA), 1)
        )

    def _process(self, element: etree._Element, where: str) -> Process:
        with Children(self, element, where) as found:
            roles = tuple(self._schemed(role)[1] for role in found.all("RoleID"))
            if not all(roles):
                self.refuse("ROLE", f"{where}: a RoleID is empty", "ProcessType")
            return Process(ProcessIdentifier(*self._identifier(found, "ID", "PROCESS")), roles, self._extension(found))

    def _endpoint(self, element: etree._Element, where: str) -> Endpoint:
        with Children(self, element, where) as found:
            transport_profile = (found.text("TransportProfileID") or "").strip(XML_SPACE)
            if not transport_profile:
                self.refuse("TRANSPORT-PROFILE", f"{where}: the TransportProfileID is missing", "EndpointType")
            return Endpoint(
                transport_profile=transport_profile,
                address=collapse(found.text("AddressURI") or ""),
                certificates=tuple(
                    certificate
                    for number, entry in enumerate(found.all("Certificate", SMA), 1)
                    for certificate in self._certificate(entry, f"{where}, Certificate {number}")
                ),
                activation=self._date(found, "ActivationDate"),
                expiration=self._date(found, "ExpirationDate"),
                description=found.text("Description") or "",
                technical_contact=(found.text("Contact") or "").strip(XML_SPACE),
                extensions=self._extension(found),
            )

    def _certificate(self, element: etree._Element, where: str) -> list[EndpointCertificate]:
        """One certificate; none where it can't be read."""
        with Children(self, element, where) as found:
            content = found.one("ContentBinaryObject")
            code = "" if content is None else content.get("mimeCode", "").strip(XML_SPACE)
            described = EndpointCertificate(
                b"",
                type_code=(found.text("TypeCode") or "").strip(XML_SPACE),
                # The usual one goes without saying, so that the 1.x dialects can say the rest.
                mime_code="" if code == MIME_CODE else code,
                description=found.text("Description") or "",
                activation=self._date(found, "ActivationDate"),
                expiration=self._date(found, "ExpirationDate"),
            )
            if not code:
                self.notes.append(f"{where}: no mimeCode")
        certificate = self._load(content, where)
        return [] if certificate is None else [replace(described, der=certificate.public_bytes(Encoding.DER))]

    def _load(self, content: etree._Element | None, where: str) -> x509.Certificate | None:
        try:
            return load_certificate("" if content is None else text_of(content).strip())
        except CertificateError as error:
            self.refuse("CERTIFICATE", f"{where}: {error}", "CertificateType")
            return None

    def _redirect(self, element: etree._Element, where: str) -> Redirect:
        """The certificate's subject is also the UID, which is how SMP 1.x names the same certificate."""
        with Children(self, element, where) as found:
            publisher = collapse(found.text("PublisherURI") or "")
            if not publisher:
                self.refuse("PUBLISHER", f"{where}: the PublisherURI is missing", "RedirectType")
            entry = found.one("Certificate", SMA)
            extensions = self._extension(found)
        certificate = None
        if entry is None:
            self.notes.append(f"{where}: no Certificate, so nothing says who may sign at its target")
        else:
            with Children(self, entry, f"{where}, Certificate") as parts:
                certificate = self._load(parts.one("ContentBinaryObject"), parts.where)
        if certificate is None:
            return Redirect(publisher, extensions=extensions)
        return Redirect(publisher, subject_text(certificate), extensions, certificate.public_bytes(Encoding.DER))

    def _identifier(self, found: Children, name: str, reason_id: str) -> tuple[str, str]:
        """Scheme ("" where there is none) and value; an identifier without value is refused."""
        element = found.one(name)
        scheme, value = ("", "") if element is None else self._schemed(element)
        if not value:
            self.refuse(reason_id, f"{found.where}: the {name} is missing", "IdentifierType")
        return scheme, value

    def _schemed(self, element: etree._Element) -> tuple[str, str]:
        """Scheme and value, without the white space that some SMPs put around them."""
        return element.get("schemeID", "").strip(XML_SPACE), text_of(element).strip(XML_SPACE)

    def _date(self, found: Children, name: str) -> datetime | None:
        """The first moment of a day: an activation is inclusive, an expiration exclusive."""
        text = (found.text(name) or "").strip(XML_SPACE)
        if not text:
            return None
        date = _DATE.fullmatch(text)
        try:
            moment, note = parse_date_time(f"{date[1]}T00:00:00{date[2] or ''}" if date else text)
        except ValueError:
            self.refuse("DATE", f"{found.where}: {name}: {text!r} is no xs:date", "DateType")
            return None
        if date is None:
            note = f"{text!r} is no date but a moment"
        if note:
            self.notes.append(f"{found.where}: {name}: {note}")
        return moment

    def _extension(self, found: Children) -> tuple[Extension, ...]:
        container = found.one("SMPExtensions", EXT)
        if container is None:
            return ()
        with Children(self, container, f"{found.where}, SMPExtensions") as parts:
            entries = parts.all("SMPExtension", EXT)
        return tuple(extension for entry in entries for extension in self._one_extension(entry, found.where))

    def _one_extension(self, element: etree._Element, where: str) -> list[Extension]:
        """One extension; none where it has no content, since extensions must never be essential."""
        with Children(self, element, f"{where}, SMPExtension") as found:
            texts = ((known, found.text(name, namespace)) for known, (name, namespace) in EXTENSION_PROPERTIES.items())
            properties = tuple((known, text.strip(XML_SPACE)) for known, text in texts if text is not None)
            content = found.one("ExtensionContent", EXT)
        if content is None:
            self.notes.append(f"{where}: an SMPExtension without ExtensionContent was left out")
            return []
        return [replace(self._extensions[content], properties=properties)]
