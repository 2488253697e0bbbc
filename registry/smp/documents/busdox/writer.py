# SPDX-License-Identifier: Apache-2.0
"""Writes busdox documents, strictly and in canonical form.

Text is put together as it will be signed and served: no tree in between, so that extensions stay byte for byte, and
a signer digests just these bytes (Canonical XML 1.0: sorted declarations on the root, no empty-element tags, no
white space between elements). Our own elements all carry a prefix: a default namespace would creep into extensions
that are in none.
"""

from base64 import b64encode
from collections.abc import Iterable

from registry.errors import Reason, ValidationError
from registry.identifiers.scheme_value import SchemedIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import Endpoint, Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox.names import IDS, SMP, WSA
from registry.smp.documents.busdox.rules import check_service_group, check_service_metadata
from registry.smp.documents.extensions import declarations, free_prefix
from registry.smp.documents.lexical import escape_attribute, escape_text, format_date_time

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def write_service_group(group: ServiceGroup, base_url: str) -> bytes:
    """A ServiceGroup whose references are `{base_url}/{participant}/services/{document type}`, sorted, each once.

    Raises ValidationError with all reasons when the dialect can't say it.
    """
    _refuse(check_service_group(group))
    names = _Names(group.extensions, (SMP, IDS))
    references = "".join(
        names.element(
            "ServiceMetadataReference",
            "",
            href=base_url.rstrip("/") + service_path(group.participant, document_type),
        )
        for document_type in sorted(set(group.document_types))
    )
    content = (
        names.identifier("ParticipantIdentifier", group.participant)
        + names.element("ServiceMetadataReferenceCollection", references)
        + names.extension(group.extensions)
    )
    return names.document("ServiceGroup", content)


def write_service_metadata(metadata: ServiceMetadata) -> bytes:
    """A SignedServiceMetadata to which only the Signature is missing, just before the end tag of the root.

    Raises ValidationError with all reasons when the dialect can't say it.
    """
    _refuse(check_service_metadata(metadata))
    names = _Names(_all_extensions(metadata), (SMP, IDS, WSA))
    if metadata.redirect is not None:
        content = _redirect(names, metadata.redirect)
    else:
        content = names.element(
            "ServiceInformation",
            names.identifier("ParticipantIdentifier", metadata.participant)
            + names.identifier("DocumentIdentifier", metadata.document_type)
            + names.element("ProcessList", "".join(_process(names, entry) for entry in metadata.process_metadata))
            + names.extension(metadata.extensions),
        )
    return names.document("SignedServiceMetadata", names.element("ServiceMetadata", content))


def _redirect(names: "_Names", redirect: Redirect) -> str:
    return names.element(
        "Redirect",
        names.text("CertificateUID", redirect.certificate_uid) + names.extension(redirect.extensions),
        href=redirect.href,
    )


def _process(names: "_Names", entry: ProcessMetadata) -> str:
    (process,) = entry.processes
    return names.element(
        "Process",
        names.identifier("ProcessIdentifier", process.identifier)
        + names.element("ServiceEndpointList", "".join(_endpoint(names, endpoint) for endpoint in entry.endpoints))
        + names.extension(process.extensions),
    )


def _endpoint(names: "_Names", endpoint: Endpoint) -> str:
    address = names.element("Address", escape_text(endpoint.address), WSA)
    (certificate,) = endpoint.certificates
    dates = (
        names.text(name, format_date_time(moment))
        for name, moment in (
            ("ServiceActivationDate", endpoint.activation),
            ("ServiceExpirationDate", endpoint.expiration),
        )
        if moment is not None
    )
    return names.element(
        "Endpoint",
        names.element("EndpointReference", address, WSA)
        + names.text("RequireBusinessLevelSignature", str(endpoint.require_business_level_signature).lower())
        + names.text("MinimumAuthenticationLevel", endpoint.minimum_authentication_level)
        + "".join(dates)
        + names.text("Certificate", b64encode(certificate.der).decode())
        + names.text("ServiceDescription", endpoint.description)
        + names.text("TechnicalContactUrl", endpoint.technical_contact)
        + names.text("TechnicalInformationUrl", endpoint.technical_information)
        + names.extension(endpoint.extensions),
        transportProfile=endpoint.transport_profile,
    )


class _Names:
    """Elements of one document, under prefixes that mean nothing else in any of its extensions."""

    def __init__(self, extensions: Iterable[Extension], namespaces: Iterable[str]) -> None:
        extensions = tuple(extensions)
        usual = {SMP: "smp", IDS: "ids", WSA: "wsa"}
        self._prefixes = {uri: free_prefix(usual[uri], uri, extensions) for uri in namespaces}
        self._declared = tuple((prefix, uri) for uri, prefix in self._prefixes.items())

    def document(self, name: str, content: str) -> bytes:
        scope = declarations(Extension(b"", self._declared))
        tag = f"{self._prefixes[SMP]}:{name}"
        return f"{DECLARATION}<{tag}{scope}>{content}</{tag}>".encode()

    def element(self, name: str, content: str, namespace: str = SMP, **attributes: str) -> str:
        tag = f"{self._prefixes[namespace]}:{name}"
        written = "".join(f' {key}="{escape_attribute(value)}"' for key, value in attributes.items())
        return f"<{tag}{written}>{content}</{tag}>"

    def text(self, name: str, text: str | None) -> str:
        """An element with a text; nothing at all for None."""
        return "" if text is None else self.element(name, escape_text(text))

    def identifier(self, name: str, identifier: SchemedIdentifier) -> str:
        scheme = {"scheme": identifier.scheme} if identifier.scheme else {}
        return self.element(name, escape_text(identifier.value), IDS, **scheme)

    def extension(self, extensions: tuple[Extension, ...]) -> str:
        tag = f"{self._prefixes[SMP]}:Extension"
        return "".join(
            f"<{tag}{declarations(extension, self._declared)}>{extension.content.decode()}</{tag}>"
            for extension in extensions
        )


def _all_extensions(metadata: ServiceMetadata) -> Iterable[Extension]:
    yield from metadata.extensions
    for entry in metadata.process_metadata:
        if entry.redirect is not None:
            yield from entry.redirect.extensions
        for process in entry.processes:
            yield from process.extensions
        for endpoint in entry.endpoints:
            yield from endpoint.extensions


def _refuse(reasons: tuple[Reason, ...]) -> None:
    if reasons:
        raise ValidationError(reasons)
