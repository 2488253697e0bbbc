# SPDX-License-Identifier: Apache-2.0
"""What SMP 1.x can say: everything a model must keep to so that it can be published without loss.

SMP 2.0, whose shape the model has, says more: several certificates and what they are for, roles, processes that
share endpoints, a redirect for some processes only. What a dialect has no place for is refused here, never dropped;
only a redirect's certificate may stay away, since its `certificate_uid` is how SMP 1.x names that certificate. Rules
about who may publish what (schemes, code lists, trust) belong to the domain, not to the dialect.
"""

from collections import Counter

from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import ascii_lower, shorten
from registry.identifiers.url_form import parse_service_href, service_path
from registry.metadata import Endpoint, Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.checks import Checks
from registry.smp.documents.smp1.hrefs import redirect_href
from registry.smp.documents.smp1.vocabulary import TAD, Vocabulary1

_ABOUT_CERTIFICATES = (
    ("TYPE-CODE", "type_code", "type code"),
    ("MIME-CODE", "mime_code", "MIME code"),
    ("CERTIFICATE-DESCRIPTION", "description", "description"),
    ("CERTIFICATE-DATE", "activation", "activation date"),
    ("CERTIFICATE-DATE", "expiration", "expiration date"),
)
"""Reason, field and its name: what SMP 2.0 says about a certificate."""


def check_service_group(vocabulary: Vocabulary1, group: ServiceGroup) -> tuple[Reason, ...]:
    """All reasons why a service group can't be written; none when it can."""
    check = _Checks1(vocabulary)
    check.identifier(group.participant, "PARTICIPANT")
    for document_type in group.document_types:
        check.identifier(document_type, "DOCUMENT-TYPE")
        check.href_form(group.participant, document_type)
    check.extensions(group.extensions, "ServiceGroup")
    return tuple(check.reasons)


def check_service_metadata(vocabulary: Vocabulary1, metadata: ServiceMetadata) -> tuple[Reason, ...]:
    """All reasons why service metadata, or a redirect, can't be written; none when it can."""
    check = _Checks1(vocabulary)
    check.identifier(metadata.participant, "PARTICIPANT")
    check.identifier(metadata.document_type, "DOCUMENT-TYPE")
    if metadata.redirect is not None:
        check.redirect(metadata, metadata.redirect)
    else:
        check.extensions(metadata.extensions, "ServiceInformation")
        if not metadata.process_metadata:
            check.refuse("PROCESS", "there is no process", "ProcessListType")
        for number, entry in enumerate(metadata.process_metadata, 1):
            check.process(entry, f"process {number}")
    return tuple(check.reasons)


class _Checks1(Checks[Vocabulary1]):
    """The parts of documents of SMP 1.x."""

    def identifier(self, identifier: ParticipantIdentifier | DocumentTypeIdentifier, reason_id: str) -> None:
        for part in (identifier.scheme, identifier.value):
            self.required(part, f"the {identifier.kind}'s scheme or value", reason_id, "ServiceInformationType")

    def href_form(self, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> None:
        """A reference is all that a client gets to see of a document type: it must lead back to it."""
        try:
            same = parse_service_href(service_path(participant, document_type)) == (participant, document_type)
        except ValidationError:
            same = False
        if not same:
            message = f"{shorten(str(document_type))} can't be told from its URL"
            self.refuse("REFERENCE", message, f"{self.vocabulary.url_clause}; {TAD} TAB2")

    def redirect(self, metadata: ServiceMetadata, redirect: Redirect) -> None:
        """A redirect takes the place of all else, so all else must be absent."""
        entry = metadata.process_metadata[0]
        if entry.endpoints or entry.extensions or metadata.extensions:
            self.refuse("REDIRECT-ONLY", "beside a redirect nothing else can be written", "ServiceMetadataType")
        self.required(redirect.certificate_uid, "the redirect's certificate UID", "CERTIFICATE-UID", "RedirectType")
        self.uri(redirect.href, "the redirect's href", "REDIRECT-HREF", "RedirectType", required=True)
        self.extensions(redirect.extensions, "Redirect")
        try:
            participant, document_type = parse_service_href(redirect_href(metadata, redirect))
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
            self.text(identifier.scheme, f"{where}: the scheme", trimmed=True)
            self.required(identifier.value, f"{where}: the process identifier", "PROCESS", "ProcessType")
            if process.roles:
                roles = ", ".join(map(shorten, process.roles))
                self.refuse("ROLES", f"{where}: roles can't be written: {roles}", "ProcessType")
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
        self.required(endpoint.transport_profile, f"{where}: the profile", "TRANSPORT-PROFILE", xsd_type)
        self.uri(endpoint.address, f"{where}: the address", "ADDRESS", xsd_type, required=True)
        self.uri(endpoint.technical_contact, f"{where}: the technical contact", "URI", xsd_type)
        self.uri(endpoint.technical_information or "", f"{where}: the technical information", "URI", xsd_type)
        self.text(endpoint.description, f"{where}: the description")
        self.text(endpoint.minimum_authentication_level or "", f"{where}: the minimum authentication level")
        self._certificates(endpoint, where, xsd_type)
        self.utc(endpoint.activation, f"{where}: the activation", xsd_type)
        self.utc(endpoint.expiration, f"{where}: the expiration", xsd_type)
        self.extensions(endpoint.extensions, where)

    def _certificates(self, endpoint: Endpoint, where: str, xsd_type: str) -> None:
        """One certificate, and nothing about it."""
        certificates = endpoint.certificates
        if len(certificates) != 1 or not certificates[0].der:
            number = sum(bool(certificate.der) for certificate in certificates)
            self.refuse("ONE-CERTIFICATE", f"{where}: exactly one certificate is needed, not {number}", xsd_type)
        for reason_id, field, what in _ABOUT_CERTIFICATES:
            if any(getattr(certificate, field) for certificate in certificates):
                self.refuse(reason_id, f"{where}: a certificate's {what} can't be written", xsd_type)

    def extensions(self, extensions: tuple[Extension, ...], where: str) -> None:
        if len(extensions) > 1 and not self.vocabulary.several_extensions:
            message = f"{where}: there is place for one extension, not for {len(extensions)}"
            self.refuse("ONE-EXTENSION", message, "ExtensionType")
        for extension in extensions:
            self._properties(extension, where)
            self.extension_content(extension, where, "ExtensionType", self.vocabulary.barred_content)

    def _properties(self, extension: Extension, where: str) -> None:
        if extension.properties and not self.vocabulary.extension_properties:
            self.refuse("EXTENSION", f"{where}: an extension has no properties here", "ExtensionType")
            return
        for name, times in Counter(name for name, _ in extension.properties).items():
            if times > 1 or name not in self.vocabulary.extension_properties:
                message = f"{where}: an extension has no place for {times} of {shorten(name)}"
                self.refuse("EXTENSION-PROPERTY", message, "ExtensionType")
        for name, text in extension.properties:
            if name.endswith("URI"):
                self.uri(text, f"{where}: the extension's {shorten(name)}", "URI", "ExtensionType")
            else:
                self.text(text, f"{where}: the extension's {shorten(name)}", trimmed=True)
