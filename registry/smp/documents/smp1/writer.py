# SPDX-License-Identifier: Apache-2.0
"""Writes documents of SMP 1.x, strictly and in canonical form."""

from base64 import b64encode

from registry.errors import Reason, ValidationError
from registry.identifiers.scheme_value import SchemedIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import Endpoint, Extension, ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.lexical import escape_text, format_date_time
from registry.smp.documents.naming import Names, all_extensions
from registry.smp.documents.smp1.hrefs import redirect_href
from registry.smp.documents.smp1.rules import check_service_group, check_service_metadata
from registry.smp.documents.smp1.vocabulary import Vocabulary1


def write_service_group(vocabulary: Vocabulary1, group: ServiceGroup, base_url: str) -> bytes:
    """A ServiceGroup whose references are `{base_url}/{participant}/services/{document type}`, sorted, each once.

    Raises ValidationError with all reasons when the dialect can't say it.
    """
    _refuse(check_service_group(vocabulary, group))
    # No endpoint, no address, so a namespace that is only theirs isn't declared.
    names = _Names1(vocabulary, dict.fromkeys((vocabulary.namespace, vocabulary.ids)), group.extensions)
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
        + names.extensions(group.extensions)
    )
    return names.document("ServiceGroup", content)


def write_service_metadata(vocabulary: Vocabulary1, metadata: ServiceMetadata) -> bytes:
    """A SignedServiceMetadata to which only the Signature is missing, just before the end tag of the root.

    Raises ValidationError with all reasons when the dialect can't say it.
    """
    _refuse(check_service_metadata(vocabulary, metadata))
    names = _Names1(vocabulary, vocabulary.prefixes, all_extensions(metadata))
    if metadata.redirect is not None:
        content = _redirect(names, metadata.redirect, redirect_href(metadata, metadata.redirect))
    else:
        content = names.element(
            "ServiceInformation",
            names.identifier("ParticipantIdentifier", metadata.participant)
            + names.identifier("DocumentIdentifier", metadata.document_type)
            + names.element("ProcessList", "".join(_process(names, entry) for entry in metadata.process_metadata))
            + names.extensions(metadata.extensions),
        )
    return names.document("SignedServiceMetadata", names.element("ServiceMetadata", content))


def _redirect(names: "_Names1", redirect: Redirect, href: str) -> str:
    content = names.text("CertificateUID", redirect.certificate_uid) + names.extensions(redirect.extensions)
    return names.element("Redirect", content, href=href)


def _process(names: "_Names1", entry: ProcessMetadata) -> str:
    (process,) = entry.processes
    return names.element(
        "Process",
        names.identifier("ProcessIdentifier", process.identifier)
        + names.element("ServiceEndpointList", "".join(_endpoint(names, endpoint) for endpoint in entry.endpoints))
        + names.extensions(process.extensions),
    )


def _endpoint(names: "_Names1", endpoint: Endpoint) -> str:
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
        names.address(endpoint.address)
        + names.text("RequireBusinessLevelSignature", str(endpoint.require_business_level_signature).lower())
        + names.text("MinimumAuthenticationLevel", endpoint.minimum_authentication_level)
        + "".join(dates)
        + names.text("Certificate", b64encode(certificate.der).decode())
        + names.text("ServiceDescription", endpoint.description)
        + names.text("TechnicalContactUrl", endpoint.technical_contact)
        + names.text("TechnicalInformationUrl", endpoint.technical_information)
        + names.extensions(endpoint.extensions),
        transportProfile=endpoint.transport_profile,
    )


class _Names1(Names[Vocabulary1]):
    """The elements that occur in several places."""

    def identifier(self, name: str, identifier: SchemedIdentifier) -> str:
        scheme = {"scheme": identifier.scheme} if identifier.scheme else {}
        return self.element(name, escape_text(identifier.value), self.vocabulary.ids, **scheme)

    def address(self, address: str) -> str:
        content = escape_text(address)
        for name, namespace in reversed(self.vocabulary.address):
            content = self.element(name, content, namespace)
        return content

    def extensions(self, extensions: tuple[Extension, ...]) -> str:
        return "".join(
            self.foreign("Extension", extension, before=self._properties(extension)) for extension in extensions
        )

    def _properties(self, extension: Extension) -> str:
        texts = dict(extension.properties)
        return "".join(self.text(name, texts.get(name)) for name in self.vocabulary.extension_properties)


def _refuse(reasons: tuple[Reason, ...]) -> None:
    if reasons:
        raise ValidationError(reasons)
