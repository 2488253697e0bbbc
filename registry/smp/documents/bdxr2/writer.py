# SPDX-License-Identifier: Apache-2.0
"""Writes documents of SMP 2.0, strictly and in canonical form (`registry.smp.documents.naming` says why).

Elements stand in the order of the schema (xsdrt). Identifiers are written as they are given: those whose case means
nothing must have been folded to lower case before (SMP 2.0 §2), by the domain's rules.
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime

from registry.errors import Reason, ValidationError
from registry.identifiers.scheme_value import SchemedIdentifier
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
    EXT,
    EXTENSION_PROPERTIES,
    MIME_CODE,
    SG,
    SM,
    SMA,
    SMB,
    VERSION,
    VOCABULARY,
)
from registry.smp.documents.bdxr2.rules import check_service_group, check_service_metadata, publisher_uri
from registry.smp.documents.lexical import escape_text
from registry.smp.documents.naming import Names, all_extensions
from registry.smp.documents.vocabulary import Vocabulary


def write_service_group(group: ServiceGroup, base_url: str) -> bytes:  # noqa: ARG001
    """A ServiceGroup to which only the Signature is missing, just before the end tag of the root.

    Its references name document types, sorted, each once; `base_url` has no place in it. Raises ValidationError with
    all reasons when the dialect can't say it.
    """
    _refuse(check_service_group(group))
    names = _Names2(SG, group.extensions)
    references = (
        names.element("ServiceReference", names.identifier("ID", document_type), SMA)
        for document_type in sorted(set(group.document_types))
    )
    content = (
        names.extensions(group.extensions)
        + names.text("SMPVersionID", VERSION)
        + names.identifier("ParticipantID", group.participant)
        + "".join(references)
    )
    return names.document("ServiceGroup", content, SG)


def write_service_metadata(metadata: ServiceMetadata) -> bytes:
    """A ServiceMetadata to which only the Signature is missing, just before the end tag of the root.

    Raises ValidationError with all reasons when the dialect can't say it.
    """
    _refuse(check_service_metadata(metadata))
    names = _Names2(SM, tuple(all_extensions(metadata)))
    content = (
        names.extensions(metadata.extensions)
        + names.text("SMPVersionID", VERSION)
        + names.identifier("ID", metadata.document_type)
        + names.identifier("ParticipantID", metadata.participant)
        + "".join(_process_metadata(names, metadata, entry) for entry in metadata.process_metadata)
    )
    return names.document("ServiceMetadata", content, SM)


def _process_metadata(names: "_Names2", metadata: ServiceMetadata, entry: ProcessMetadata) -> str:
    redirect = entry.redirect
    return names.element(
        "ProcessMetadata",
        names.extensions(entry.extensions)
        + "".join(_process(names, process) for process in entry.processes)
        + "".join(_endpoint(names, endpoint) for endpoint in entry.endpoints)
        + ("" if redirect is None else _redirect(names, redirect, publisher_uri(metadata, redirect))),
        SMA,
    )


def _process(names: "_Names2", process: Process) -> str:
    roles = "".join(names.text("RoleID", role) for role in process.roles)
    identifier = names.identifier("ID", process.identifier)
    return names.element("Process", names.extensions(process.extensions) + identifier + roles, SMA)


def _endpoint(names: "_Names2", endpoint: Endpoint) -> str:
    return names.element(
        "Endpoint",
        names.extensions(endpoint.extensions)
        + names.text("TransportProfileID", endpoint.transport_profile)
        + names.optional("Description", endpoint.description)
        + names.optional("Contact", endpoint.technical_contact)
        + names.optional("AddressURI", endpoint.address)
        + names.dates(endpoint)
        + "".join(_certificate(names, certificate) for certificate in endpoint.certificates),
        SMA,
    )


def _redirect(names: "_Names2", redirect: Redirect, publisher: str) -> str:
    certificate = "" if redirect.certificate is None else _certificate(names, EndpointCertificate(redirect.certificate))
    return names.element(
        "Redirect",
        names.extensions(redirect.extensions) + names.text("PublisherURI", publisher) + certificate,
        SMA,
    )


def _certificate(names: "_Names2", certificate: EndpointCertificate) -> str:
    return names.element(
        "Certificate",
        names.optional("TypeCode", certificate.type_code)
        + names.optional("Description", certificate.description)
        + names.dates(certificate)
        + names.element(
            "ContentBinaryObject",
            b64encode(certificate.der).decode(),
            mimeCode=certificate.mime_code or MIME_CODE,
        ),
        SMA,
    )


class _Names2(Names[Vocabulary]):
    """Elements of one document; those of extensions are declared only where there are any."""

    def __init__(self, root: str, extensions: tuple[Extension, ...]) -> None:
        namespaces = (root, SMA, SMB, EXT) if extensions else (root, SMA, SMB)
        super().__init__(VOCABULARY, namespaces, extensions)

    def optional(self, name: str, text: str) -> str:
        """A basic element; nothing at all without text."""
        return self.text(name, text or None)

    def identifier(self, name: str, identifier: SchemedIdentifier) -> str:
        scheme = {"schemeID": identifier.scheme} if identifier.scheme else {}
        return self.element(name, escape_text(identifier.value), **scheme)

    def dates(self, limited: Endpoint | EndpointCertificate) -> str:
        return self._date("ActivationDate", limited.activation) + self._date("ExpirationDate", limited.expiration)

    def _date(self, name: str, moment: datetime | None) -> str:
        return "" if moment is None else self.text(name, moment.date().isoformat())

    def extensions(self, extensions: Iterable[Extension]) -> str:
        written = "".join(map(self._extension, extensions))
        return self.element("SMPExtensions", written, EXT) if written else ""

    def _extension(self, extension: Extension) -> str:
        texts = dict(extension.properties)
        properties = "".join(
            self.text(name, texts.get(known), namespace) for known, (name, namespace) in EXTENSION_PROPERTIES.items()
        )
        return self.element("SMPExtension", properties + self.foreign("ExtensionContent", extension, EXT), EXT)


def _refuse(reasons: tuple[Reason, ...]) -> None:
    if reasons:
        raise ValidationError(reasons)
