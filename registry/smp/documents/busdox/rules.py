# SPDX-License-Identifier: Apache-2.0
"""What the busdox dialect can say: everything a model must keep to so that it can be published without loss.

SMP 2.0, whose shape the model has, says more: several certificates, roles, processes that share endpoints, a
redirect for some processes only. What busdox has no place for is refused here, never dropped. Rules about who may
publish what (schemes, code lists, trust) belong to the domain, not to the dialect.
"""

from collections import Counter
from datetime import datetime, timedelta

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import ascii_lower, shorten
from registry.identifiers.url_form import parse_service_href, service_path
from registry.metadata import Endpoint, Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox.names import SPECIFICATION, TAD, XSD
from registry.smp.documents.extensions import content_error
from registry.smp.documents.lexical import XML_SPACE, collapse, is_text, is_uri


def check_service_group(group: ServiceGroup) -> tuple[Reason, ...]:
    """All reasons why a service group can't be written; none when it can."""
    check = _Check()
    check.participant(group.participant)
    for document_type in group.document_types:
        check.document_type(document_type)
        check.href_form(group.participant, document_type)
    check.extensions(group.extensions, "ServiceGroup")
    return tuple(check.reasons)


def check_service_metadata(metadata: ServiceMetadata) -> tuple[Reason, ...]:
    """All reasons why service metadata, or a redirect, can't be written; none when it can."""
    check = _Check()
    check.participant(metadata.participant)
    check.document_type(metadata.document_type)
    if metadata.redirect is not None:
        check.redirect(metadata, metadata.redirect)
    else:
        check.extensions(metadata.extensions, "ServiceInformation")
        if not metadata.process_metadata:
            check.refuse("PROCESS", "there is no process", "ProcessListType")
        for number, entry in enumerate(metadata.process_metadata, 1):
            check.process(entry, f"process {number}")
    return tuple(check.reasons)


class _Check:
    """Collects the reasons."""

    def __init__(self) -> None:
        self.reasons: list[Reason] = []

    def refuse(self, reason_id: str, message: str, clause: str) -> None:
        clause = clause if " " in clause else f"{XSD} {clause}"
        self.reasons.append(Reason(f"BUSDOX-{reason_id}", message, clause))

    def participant(self, participant: ParticipantIdentifier) -> None:
        self._identifier(participant, "PARTICIPANT")

    def document_type(self, document_type: DocumentTypeIdentifier) -> None:
        self._identifier(document_type, "DOCUMENT-TYPE")

    def href_form(self, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> None:
        """A reference is all that a client gets to see of a document type: it must lead back to it."""
        try:
            same = parse_service_href(service_path(participant, document_type)) == (participant, document_type)
        except ValidationError:
            same = False
        if not same:
            self.refuse(
                "REFERENCE",
                f"{shorten(str(document_type))} can't be told from its URL",
                f"{SPECIFICATION} §3; {TAD} TAB2",
            )

    def redirect(self, metadata: ServiceMetadata, redirect: Redirect) -> None:
        """A redirect takes the place of all else, so all else must be absent."""
        entry = metadata.process_metadata[0]
        if entry.endpoints or entry.extensions or metadata.extensions:
            self.refuse("REDIRECT-ONLY", "beside a redirect nothing else can be written", "ServiceMetadataType")
        self._required(redirect.certificate_uid, "the redirect's certificate UID", "CERTIFICATE-UID", "RedirectType")
        self._uri(redirect.href, "the redirect's href", "REDIRECT-HREF", "RedirectType", required=True)
        self.extensions(redirect.extensions, "Redirect")
        try:
            participant, document_type = parse_service_href(redirect.href)
        except ValidationError as error:
            self.refuse("REDIRECT-HREF", f"the redirect's href: {error}", f"{TAD} TA06")
            return
        if document_type != metadata.document_type or ascii_lower(str(participant)) != ascii_lower(
            str(metadata.participant)
        ):
            message = f"the redirect's href is of {participant} and {document_type}, the document is not"
            self.refuse("REDIRECT-HREF", message, f"{TAD} TA06")

    def process(self, entry: ProcessMetadata, where: str) -> None:
        if entry.redirect is not None:
            message = f"{where}: only a whole document can be redirected, not some of its processes"
            self.refuse("PROCESS-REDIRECT", message, "ServiceMetadataType")
        if len(entry.processes) != 1:
            message = f"{where}: endpoints belong to exactly one process, not to {len(entry.processes)}"
            self.refuse("ONE-PROCESS", message, "ProcessType")
        if entry.extensions:
            self.refuse("EXTENSION", f"{where}: a group of processes has no extension", "ProcessType")
        for process in entry.processes:
            identifier = process.identifier
            self._text(identifier.scheme, f"{where}: the scheme", trimmed=True)
            self._required(identifier.value, f"{where}: the process identifier", "PROCESS", "ProcessType")
            if process.roles:
                self.refuse(
                    "ROLES", f"{where}: roles can't be written: {', '.join(map(shorten, process.roles))}", "ProcessType"
                )
            self.extensions(process.extensions, where)
        if not entry.endpoints and entry.redirect is None:
            self.refuse("ENDPOINT", f"{where}: there is no endpoint", "ServiceEndpointList")
        for endpoint in entry.endpoints:
            self._endpoint(endpoint, f"{where}, endpoint {endpoint.transport_profile!r}")
        profiles = Counter(endpoint.transport_profile for endpoint in entry.endpoints)
        for profile, times in profiles.items():
            if times > 1:
                message = f"{where}: {times} endpoints have the transport profile {profile!r}"
                self.refuse("TRANSPORT-PROFILE-TWICE", message, f"{TAD} TA08")

    def _endpoint(self, endpoint: Endpoint, where: str) -> None:
        xsd_type = "EndpointType"
        self._required(endpoint.transport_profile, f"{where}: the profile", "TRANSPORT-PROFILE", xsd_type)
        self._uri(endpoint.address, f"{where}: the address", "ADDRESS", xsd_type, required=True)
        self._uri(endpoint.technical_contact, f"{where}: the technical contact", "URI", xsd_type)
        self._uri(endpoint.technical_information or "", f"{where}: the technical information", "URI", xsd_type)
        self._text(endpoint.description, f"{where}: the description")
        self._text(endpoint.minimum_authentication_level or "", f"{where}: the minimum authentication level")
        if len(endpoint.certificates) != 1 or not endpoint.certificates[0].der:
            number = sum(bool(certificate.der) for certificate in endpoint.certificates)
            self.refuse("ONE-CERTIFICATE", f"{where}: exactly one certificate is needed, not {number}", xsd_type)
        if any(certificate.type_code for certificate in endpoint.certificates):
            self.refuse("TYPE-CODE", f"{where}: a certificate's type code can't be written", xsd_type)
        for moment, what in ((endpoint.activation, "activation"), (endpoint.expiration, "expiration")):
            if moment is not None and not _is_utc(moment):
                self.refuse("DATE", f"{where}: the {what} {moment} is not in UTC", xsd_type)
        self.extensions(endpoint.extensions, where)

    def extensions(self, extensions: tuple[Extension, ...], where: str) -> None:
        if len(extensions) > 1:
            message = f"{where}: there is place for one extension, not for {len(extensions)}"
            self.refuse("ONE-EXTENSION", message, "ExtensionType")
        for extension in extensions:
            if extension.properties:
                self.refuse("EXTENSION", f"{where}: an extension has no properties here", "ExtensionType")
            error = content_error(extension)
            if error:
                self.refuse("EXTENSION", f"{where}: the extension can't be written: {error}", "ExtensionType")

    def _identifier(self, identifier: ParticipantIdentifier | DocumentTypeIdentifier, reason_id: str) -> None:
        for part in (identifier.scheme, identifier.value):
            self._required(part, f"the {identifier.kind}'s scheme or value", reason_id, "ServiceInformationType")

    def _required(self, text: str, what: str, reason_id: str, xsd_type: str) -> None:
        if not text:
            self.refuse(reason_id, f"{what} is missing", xsd_type)
        self._text(text, what, trimmed=True)

    def _text(self, text: str, what: str, *, trimmed: bool = False) -> None:
        if not is_text(text):
            self.refuse("CHARACTER", f"{what} has a character that XML can't carry", "XML 1.0 §2.2")
        if trimmed and text != text.strip(XML_SPACE):
            self.refuse("WHITE-SPACE", f"{what} {shorten(text)} has white space around it", "PFUOI 4.4.0")

    def _uri(self, text: str, what: str, reason_id: str, xsd_type: str, *, required: bool = False) -> None:
        if required and not text:
            self.refuse(reason_id, f"{what} is missing", xsd_type)
        elif text != collapse(text) or not is_text(text) or not is_uri(text):
            self.refuse(reason_id, f"{what} {shorten(text)} is no URI", "RFC 3986 §4.1")


def _is_utc(moment: datetime) -> bool:
    return moment.utcoffset() == timedelta(0)
