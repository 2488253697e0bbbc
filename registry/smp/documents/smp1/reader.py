# SPDX-License-Identifier: Apache-2.0
"""Reads documents of SMP 1.x, leniently.

What is repaired or left out is told in notes; what is missing and can't be guessed is collected, and refused in one
go. The order of elements isn't looked at, and what may be *published* is the business of `rules`: an SMP reads what
others write, old exports and real responses of 2013 included.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.text import ascii_lower
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
from registry.smp.documents.children import Children, Findings, text_of
from registry.smp.documents.dialects import DocumentKind
from registry.smp.documents.extensions import capture
from registry.smp.documents.lexical import XML_SPACE, collapse, parse_boolean, parse_date_time
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.smp1.hrefs import parse_href
from registry.smp.documents.smp1.vocabulary import DS, TAD, Vocabulary1
from trust_lists.certificates.parsing import load_certificate
from trust_lists.errors import CertificateError


def read_root(root: etree._Element, source: bytes, kind: DocumentKind, vocabulary: Vocabulary1) -> ParsedDocument:
    """Understand a ServiceGroup, a SignedServiceMetadata, or a ServiceMetadata without its wrapper.

    A redirect holds no identifiers: they are taken from its href (eDelivery SMP TAD TA06). Whether a signature is
    good is not asked here (`registry.smp.documents.signing`). Raises ValidationError with every reason when the
    document lacks what can't be guessed.
    """
    extensions = capture(root, source, vocabulary.extension, vocabulary.extension_tags)
    reader = _Reader(vocabulary, extensions)
    parsed = reader.service_group(root) if kind == "service_group" else reader.service_metadata(root)
    reader.raise_reasons()
    return parsed


class _Reader(Findings):
    """One reading of one document. Where something is missing a reason is kept and an empty value handed on."""

    def __init__(self, vocabulary: Vocabulary1, extensions: Mapping[etree._Element, Extension]) -> None:
        super().__init__(vocabulary)
        self._words = vocabulary
        self._extensions = extensions
        if vocabulary.note:
            self.notes.append(vocabulary.note)

    def service_group(self, root: etree._Element) -> ParsedDocument:
        with Children(self, root, "ServiceGroup") as found:
            participant = self._participant(found)
            document_types = self._document_types(found, participant)
            extensions = self._extension(found)
        group = ServiceGroup(participant, document_types, extensions)
        return ParsedDocument("service_group", participant, service_group=group, notes=tuple(self.notes))

    def service_metadata(self, root: etree._Element) -> ParsedDocument:
        content: etree._Element | None = root
        signed = False
        if root.tag == self._words.signed_service_metadata:
            with Children(self, root, "SignedServiceMetadata") as wrapper:
                content = wrapper.one("ServiceMetadata")
                signed = bool(wrapper.all("Signature", DS))
        information = redirect = None
        if content is not None:
            with Children(self, content, "ServiceMetadata") as found:
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
        with Children(self, element, "Redirect") as found:
            certificate_uid = (found.text("CertificateUID") or "").strip(XML_SPACE)
            if not certificate_uid:
                self.notes.append("Redirect: no CertificateUID, so nothing says who may sign at its target")
            redirect = Redirect(href, certificate_uid, self._extension(found))
        try:
            participant, document_type = parse_href(href)
        except ValidationError as error:
            message = f"the redirect's href names no participant and document type: {error}"
            self.refuse("REDIRECT-HREF", message, f"{TAD} TA06")
            participant, document_type = ParticipantIdentifier("", ""), DocumentTypeIdentifier("", "")
        return ServiceMetadata(participant, document_type, (ProcessMetadata(redirect=redirect),))

    def _information(self, element: etree._Element) -> ServiceMetadata:
        with Children(self, element, "ServiceInformation") as found:
            participant = self._participant(found)
            document_type = DocumentTypeIdentifier(*self._identifier(found, "DocumentIdentifier"))
            self._require_both(document_type, "DOCUMENT-TYPE")
            process_list = found.one("ProcessList")
            processes: list[ProcessMetadata] = []
            if process_list is not None:
                with Children(self, process_list, "ProcessList") as entries:
                    processes = [
                        self._process(entry, f"Process {number}")
                        for number, entry in enumerate(entries.all("Process"), 1)
                    ]
            if not processes:
                self.refuse("PROCESS", "there is no Process", "ProcessListType")
            return ServiceMetadata(participant, document_type, tuple(processes), self._extension(found))

    def _process(self, element: etree._Element, where: str) -> ProcessMetadata:
        with Children(self, element, where) as found:
            identifier = ProcessIdentifier(*self._identifier(found, "ProcessIdentifier"))
            if not identifier.value:
                self.refuse("PROCESS", f"{where}: the ProcessIdentifier is missing", "ProcessType")
            endpoint_list = found.one("ServiceEndpointList")
            endpoints: list[Endpoint] = []
            if endpoint_list is not None:
                with Children(self, endpoint_list, where) as entries:
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
        with Children(self, element, where) as found:
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
        self, found: Children, participant: ParticipantIdentifier
    ) -> tuple[DocumentTypeIdentifier, ...]:
        """What the references name; those that name nothing, or another participant, are noted and left out."""
        collection = found.one("ServiceMetadataReferenceCollection")
        if collection is None:
            self.notes.append("ServiceGroup: no ServiceMetadataReferenceCollection, taken as empty")
            return ()
        document_types: dict[DocumentTypeIdentifier, None] = {}
        with Children(self, collection, "ServiceMetadataReferenceCollection") as references:
            for reference in references.all("ServiceMetadataReference"):
                href = collapse(reference.get("href", ""))
                try:
                    named, document_type = parse_href(href)
                except ValidationError as error:
                    self.notes.append(f"ServiceMetadataReference left out: {error}")
                    continue
                if ascii_lower(str(named)) == ascii_lower(str(participant)):
                    document_types[document_type] = None
                else:
                    self.notes.append(f"ServiceMetadataReference left out: it is of another participant, {named}")
        return tuple(document_types)

    def _participant(self, found: Children) -> ParticipantIdentifier:
        participant = ParticipantIdentifier(*self._identifier(found, "ParticipantIdentifier"))
        self._require_both(participant, "PARTICIPANT")
        return participant

    def _identifier(self, found: Children, name: str) -> tuple[str, str]:
        """Scheme and value, without the white space that some SMPs put around them."""
        element = found.one(name, self._words.ids)
        if element is None:
            return "", ""
        return element.get("scheme", "").strip(XML_SPACE), text_of(element).strip(XML_SPACE)

    def _require_both(self, identifier: ParticipantIdentifier | DocumentTypeIdentifier, reason_id: str) -> None:
        missing = [part for part in ("scheme", "value") if not getattr(identifier, part)]
        if missing:
            self.refuse(reason_id, f"the {identifier.kind} has no {' and no '.join(missing)}", "ServiceInformationType")

    def _address(self, found: Children) -> str:
        address = collapse(self._nested_text(found, *self._words.address))
        if not address:
            self.refuse("ADDRESS", f"{found.where}: the {self._words.address[-1][0]} is missing", "EndpointType")
        return address

    def _nested_text(self, found: Children, child: tuple[str, str], *inside: tuple[str, str]) -> str:
        element = found.one(*child)
        if element is None or not inside:
            return "" if element is None else text_of(element)
        with Children(self, element, found.where) as parts:
            return self._nested_text(parts, *inside)

    def _flag(self, found: Children, name: str) -> bool:
        text = (found.text(name) or "").strip(XML_SPACE)
        if not text:
            if self._words.signature_flag_required:
                self.notes.append(f"{found.where}: no {name}, taken as false")
            return False
        try:
            return parse_boolean(text)
        except ValueError as error:
            self.refuse("BOOLEAN", f"{found.where}: {name}: {error}", "EndpointType")
            return False

    def _moment(self, found: Children, name: str) -> datetime | None:
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

    def _certificates(self, found: Children) -> tuple[EndpointCertificate, ...]:
        text = (found.text("Certificate") or "").strip()
        if not text:
            self.notes.append(f"{found.where}: no Certificate")
            return ()
        try:
            return (EndpointCertificate(load_certificate(text).public_bytes(Encoding.DER)),)
        except CertificateError as error:
            self.refuse("CERTIFICATE", f"{found.where}: {error}", "EndpointType")
            return ()

    def _optional_uri(self, found: Children, name: str) -> str | None:
        text = found.text(name)
        return None if text is None else collapse(text)

    def _extension(self, found: Children) -> tuple[Extension, ...]:
        return tuple(self._described(element, found.where) for element in found.all("Extension"))

    def _described(self, element: etree._Element, where: str) -> Extension:
        """The extension with its properties, in the order of the schema wherever they stand."""
        names = self._words.extension_tags
        order = list(names)
        ranked = [
            (order.index(child.tag) if child.tag in names else len(order), child) for child in element.iterchildren("*")
        ]
        in_order = sorted(ranked, key=itemgetter(0))
        if in_order != ranked:
            self.notes.append(f"{where}: the elements that describe the Extension were put in order")
        properties: list[tuple[str, str]] = []
        for rank, child in in_order:
            if rank == len(order):
                break
            if len(child) or child.attrib:
                self.notes.append(f"{where}: what {names[child.tag]} holds beside its text was left out")
            text = text_of(child).strip(XML_SPACE)
            properties.append((names[child.tag], collapse(text) if child.tag.endswith("URI") else text))
        return replace(self._extensions[element], properties=tuple(properties))
