# SPDX-License-Identifier: Apache-2.0
"""SMP 1.x documents as Java programs write them: other prefixes, other dates, wrapped base64 than ours.

Written without our writers, so that what compares both has something to compare.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

_UNBOUND = re.compile(r"\A\s*<([\w.-]+)(?=[\s/>])(?![^>]*\sxmlns=)")
_BOUND = r'<\1 xmlns=""'
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_IDENTIFIERS = "http://busdox.org/transport/identifiers/1.0/"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"


@dataclass(frozen=True, slots=True)
class OldEndpoint:
    """An endpoint as a row has it; extensions as XML."""

    transport_profile: str
    address: str
    certificate: str
    requires_signature: bool
    level: str | None
    activation: datetime | None
    expiration: datetime | None
    description: str
    contact: str
    information: str | None
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OldProcess:
    """A process with its endpoints."""

    scheme: str
    value: str
    endpoints: tuple[OldEndpoint, ...]
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flavour:
    """One of both dialects of SMP 1.x."""

    namespace: str
    has_own_identifiers: bool
    """Whether identifiers are in its own namespace, and addresses in an element of their own (BDXR)."""

    def group(self, scheme: str, value: str, hrefs: Iterable[str], extensions: Sequence[str] = ()) -> bytes:
        """A service group."""
        references = "".join(f"<ServiceMetadataReference href={quoteattr(href)}/>" for href in hrefs)
        collection = f"<ServiceMetadataReferenceCollection>{references}</ServiceMetadataReferenceCollection>"
        content = self._identifier("Participant", scheme, value) + collection + _extensions(extensions)
        return f"{_DECLARATION}<ServiceGroup{self._declared()}>{content}</ServiceGroup>".encode()

    def metadata(
        self,
        participant: tuple[str, str],
        document_type: tuple[str, str],
        processes: Iterable[OldProcess],
        extensions: Sequence[str] = (),
    ) -> bytes:
        """Signed service metadata, without the signature."""
        listed = "".join(map(self._process, processes))
        content = (
            self._identifier("Participant", *participant)
            + self._identifier("Document", *document_type)
            + f"<ProcessList>{listed}</ProcessList>{_extensions(extensions)}"
        )
        return self._signed(f"<ServiceInformation>{content}</ServiceInformation>")

    def redirect(self, href: str, uid: str, extensions: Sequence[str] = ()) -> bytes:
        """A redirect, without the signature."""
        content = f"<CertificateUID>{escape(uid)}</CertificateUID>{_extensions(extensions)}"
        return self._signed(f"<Redirect href={quoteattr(href)}>{content}</Redirect>")

    def _signed(self, content: str) -> bytes:
        root = f"<SignedServiceMetadata{self._declared()}><ServiceMetadata>{content}</ServiceMetadata>"
        return f"{_DECLARATION}{root}</SignedServiceMetadata>".encode()

    def _declared(self) -> str:
        others = "" if self.has_own_identifiers else f' xmlns:ns3="{_IDENTIFIERS}" xmlns:ns2="{_ADDRESSING}"'
        return f' xmlns="{self.namespace}"{others}'

    def _identifier(self, what: str, scheme: str, value: str) -> str:
        tag = f"{what}Identifier" if self.has_own_identifiers else f"ns3:{what}Identifier"
        return f"<{tag} scheme={quoteattr(scheme)}>{escape(value)}</{tag}>"

    def _process(self, process: OldProcess) -> str:
        listed = "".join(map(self._endpoint, process.endpoints))
        identifier = self._identifier("Process", process.scheme, process.value)
        endpoints = f"<ServiceEndpointList>{listed}</ServiceEndpointList>"
        return f"<Process>{identifier}{endpoints}{_extensions(process.extensions)}</Process>"

    def _endpoint(self, endpoint: OldEndpoint) -> str:
        address = escape(endpoint.address)
        content = (
            f"<EndpointURI>{address}</EndpointURI>"
            if self.has_own_identifiers
            else f"<ns2:EndpointReference><ns2:Address>{address}</ns2:Address></ns2:EndpointReference>"
        )
        content += f"<RequireBusinessLevelSignature>{str(endpoint.requires_signature).lower()}"
        content += "</RequireBusinessLevelSignature>"
        content += _optional("MinimumAuthenticationLevel", endpoint.level)
        content += _optional("ServiceActivationDate", _moment(endpoint.activation))
        content += _optional("ServiceExpirationDate", _moment(endpoint.expiration))
        content += f"<Certificate>{_wrapped(endpoint.certificate)}</Certificate>"
        content += f"<ServiceDescription>{escape(endpoint.description)}</ServiceDescription>"
        content += f"<TechnicalContactUrl>{escape(endpoint.contact)}</TechnicalContactUrl>"
        content += _optional("TechnicalInformationUrl", endpoint.information)
        content += _extensions(endpoint.extensions)
        return f"<Endpoint transportProfile={quoteattr(endpoint.transport_profile)}>{content}</Endpoint>"


PEPPOL = Flavour("http://busdox.org/serviceMetadata/publishing/1.0/", has_own_identifiers=False)
BDXR1 = Flavour("http://docs.oasis-open.org/bdxr/ns/SMP/2016/05", has_own_identifiers=True)


def _extensions(extensions: Sequence[str]) -> str:
    """Each stands on its own in the database, so a name without a prefix is in no namespace."""
    return "".join(f"<Extension>{_UNBOUND.sub(_BOUND, extension)}</Extension>" for extension in extensions)


def _optional(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _wrapped(certificate: str) -> str:
    """Base64 in lines that end as in a MIME body, as Java's encoder makes them; no PEM armour."""
    text = "".join(line for line in certificate.split() if line)
    text = text.removeprefix("-----BEGINCERTIFICATE-----").removesuffix("-----ENDCERTIFICATE-----")
    return "&#13;\n".join(text[start : start + 76] for start in range(0, len(text), 76))
