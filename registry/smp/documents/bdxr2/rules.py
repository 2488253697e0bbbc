# SPDX-License-Identifier: Apache-2.0
"""What SMP 2.0 can say: everything a model must keep to so that it can be published without loss.

The model has the shape of SMP 2.0; what SMP 1.x says besides (business level signatures, authentication levels, a
page with technical information, a redirect's target named by a text) has no element here and is refused, never
dropped. Rules about who may publish what (schemes, code lists, letter case, trust) belong to the domain.
"""

import re
from collections import Counter
from datetime import datetime, time, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.errors import Reason, ValidationError
from registry.identifiers.scheme_value import SchemedIdentifier
from registry.identifiers.text import ascii_lower, shorten
from registry.identifiers.url_form import SERVICES, service_path
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
    PATH_PREFIX,
    SPECIFICATION,
    VOCABULARY,
)
from registry.smp.documents.checks import Checks
from registry.smp.documents.lexical import XML_SPACE
from registry.smp.documents.vocabulary import Vocabulary
from trust_lists.certificates.parsing import load_certificate, same_subject, subject_text
from trust_lists.errors import CertificateError

_BASE_URL = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?", re.IGNORECASE | re.ASCII)
_BARRED = frozenset({EXT, ""})


def check_service_group(group: ServiceGroup) -> tuple[Reason, ...]:
    """All reasons why a service group can't be written; none when it can."""
    check = _Checks2(VOCABULARY)
    check.identifier(group.participant, "PARTICIPANT")
    for document_type in group.document_types:
        check.identifier(document_type, "DOCUMENT-TYPE")
    check.extensions(group.extensions, "ServiceGroup")
    return tuple(check.reasons)


def check_service_metadata(metadata: ServiceMetadata) -> tuple[Reason, ...]:
    """All reasons why service metadata can't be written; none when it can."""
    check = _Checks2(VOCABULARY)
    check.identifier(metadata.participant, "PARTICIPANT")
    check.identifier(metadata.document_type, "DOCUMENT-TYPE")
    check.extensions(metadata.extensions, "ServiceMetadata")
    if not metadata.process_metadata:
        check.refuse("PROCESS", "there is no process metadata", "ServiceMetadataType")
    for number, entry in enumerate(metadata.process_metadata, 1):
        check.process_metadata(metadata, entry, f"process metadata {number}")
    return tuple(check.reasons)


def publisher_uri(metadata: ServiceMetadata, redirect: Redirect) -> str:
    """The base URL of the other SMP: `href`, cut where the path of just this document begins (with or without
    `/bdxr-smp-2`), which is how SMP 1.x has it. Letter case doesn't count, since identifiers may have been folded.
    """
    try:
        tail = service_path(metadata.participant, metadata.document_type)
    except ValidationError:  # no URL can hold these identifiers
        return redirect.href
    href = redirect.href.removesuffix("/")
    if not ascii_lower(href).endswith(ascii_lower(tail)):
        return redirect.href
    return href[: -len(tail)].removesuffix(f"/{PATH_PREFIX}")


class _Checks2(Checks[Vocabulary]):
    """The parts of documents of SMP 2.0."""

    def identifier(self, identifier: SchemedIdentifier, reason_id: str, where: str = "") -> None:
        """A value, and a scheme if there is one."""
        what = f"{where}the {identifier.kind}"
        self._normalized(identifier.scheme, f"{what}'s scheme")
        self._normalized(identifier.value, what, reason_id)

    def _normalized(self, text: str, what: str, missing: str = "") -> None:
        """An xs:normalizedString, in which programs that know the schema see any white space as a blank.

        `missing` is the reason's id where the text must be there.
        """
        if missing:
            self.required(text, what, missing, "IdentifierType")
        else:
            self.text(text, what, trimmed=True)
        if set(text.strip(XML_SPACE)) & set("\t\r\n"):
            self.refuse("WHITE-SPACE", f"{what} {shorten(text)} has line breaks or tabs", "IdentifierType")

    def process_metadata(self, metadata: ServiceMetadata, entry: ProcessMetadata, where: str) -> None:
        for process in entry.processes:
            self._process(process, where)
        if bool(entry.endpoints) == (entry.redirect is not None):
            message = (
                "endpoints or a redirect are needed, and there are both" if entry.endpoints else "there is neither"
            )
            self.refuse("CONTENT", f"{where}: {message}", f"{SPECIFICATION}, ProcessMetadata")
        for endpoint in entry.endpoints:
            self._endpoint(endpoint, f"{where}, endpoint {endpoint.transport_profile!r}")
        if entry.redirect is not None:
            self._redirect(metadata, entry.redirect, f"{where}, redirect")
        self.extensions(entry.extensions, where)

    def _process(self, process: Process, where: str) -> None:
        self.identifier(process.identifier, "PROCESS", f"{where}: ")
        for role in process.roles:
            self._normalized(role, f"{where}: a role", "ROLE")
        self.extensions(process.extensions, where)

    def _endpoint(self, endpoint: Endpoint, where: str) -> None:
        self._normalized(endpoint.transport_profile, f"{where}: the profile", "TRANSPORT-PROFILE")
        self.uri(endpoint.address, f"{where}: the address", "ADDRESS", "EndpointType")
        self.text(endpoint.description, f"{where}: the description")
        self.text(endpoint.technical_contact, f"{where}: the contact", trimmed=True)
        self._dates(endpoint, where)
        for number, certificate in enumerate(endpoint.certificates, 1):
            self._certificate(certificate, f"{where}, certificate {number}")
        for there, what in (
            (endpoint.require_business_level_signature, "a business level signature that is required"),
            (endpoint.minimum_authentication_level, "a minimum authentication level"),
            (endpoint.technical_information, "technical information"),
        ):
            if there:
                self.refuse("NO-ELEMENT", f"{where}: SMP 2.0 has no element for {what}", "EndpointType")
        self.extensions(endpoint.extensions, where)

    def _certificate(self, certificate: EndpointCertificate, where: str) -> None:
        self._load(certificate.der, where)
        self._normalized(certificate.type_code, f"{where}: the type code")
        self.text(certificate.description, f"{where}: the description")
        self._normalized(certificate.mime_code, f"{where}: the MIME code")
        self._dates(certificate, where)

    def _dates(self, limited: Endpoint | EndpointCertificate, where: str) -> None:
        for moment, what in ((limited.activation, "activation"), (limited.expiration, "expiration")):
            if moment is not None and not _is_first_moment(moment):
                message = f"{where}: the {what} {moment} is not the first moment of a day in UTC"
                self.refuse("DATE", message, "DateType")

    def _redirect(self, metadata: ServiceMetadata, redirect: Redirect, where: str) -> None:
        publisher = publisher_uri(metadata, redirect)
        self.uri(publisher, f"{where}: the publisher", "PUBLISHER", "RedirectType")
        if not _BASE_URL.fullmatch(publisher):
            self.refuse("PUBLISHER", f"{where}: {shorten(publisher)} is no base URL of an SMP", "RedirectType")
        elif f"/{SERVICES}/" in publisher:
            message = f"{where}: {shorten(publisher)} is the URL of another document, not the base URL of an SMP"
            self.refuse("PUBLISHER", message, "RedirectType")
        if redirect.certificate is None:
            if redirect.certificate_uid:
                message = f"{where}: the other SMP's certificate itself is needed, not just its UID"
                self.refuse("CERTIFICATE-UID", message, "RedirectType")
        elif certificate := self._load(redirect.certificate, where):
            self._same_uid(redirect.certificate_uid, certificate, where)
        self.extensions(redirect.extensions, where)

    def _same_uid(self, uid: str, certificate: x509.Certificate, where: str) -> None:
        """A UID that says something else than the certificate would be lost."""
        if uid and not same_subject(uid, certificate):
            message = f"{where}: the UID {shorten(uid)} is not the certificate's subject {subject_text(certificate)}"
            self.refuse("CERTIFICATE-UID", message, "RedirectType")

    def _load(self, der: bytes, where: str) -> x509.Certificate | None:
        try:
            certificate = load_certificate(der)
        except CertificateError as error:
            self.refuse("CERTIFICATE", f"{where}: {error}", "CertificateType")
            return None
        if certificate.public_bytes(Encoding.DER) != der:
            self.refuse("CERTIFICATE", f"{where}: the certificate is not in DER", "CertificateType")
        return certificate

    def extensions(self, extensions: tuple[Extension, ...], where: str) -> None:
        """Any number; each has foreign content, and each of its properties once."""
        for extension in extensions:
            self.extension_content(extension, where, "ExtensionContentType", _BARRED)
            for name, times in Counter(name for name, _ in extension.properties).items():
                if times > 1 or name not in EXTENSION_PROPERTIES:
                    message = f"{where}: an extension has no place for {times} of {shorten(name)}"
                    self.refuse("EXTENSION", message, "SMPExtensionType")
            for name, text in extension.properties:
                self.text(text, f"{where}: the extension's {shorten(name)}", trimmed=True)


def _is_first_moment(moment: datetime) -> bool:
    return moment.utcoffset() == timedelta(0) and moment.time() == time()
