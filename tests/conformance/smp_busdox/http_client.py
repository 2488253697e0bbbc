# SPDX-License-Identifier: Apache-2.0
"""HTTP as foreign clients speak it: paths go out byte for byte as they are given, and nothing is followed.

Written on http.client, since the usual clients normalise paths; documents are text, since the product's own writer
must not decide what an SMP is sent.
"""

import http.client
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.tokens import create_token
from tests.simulators.live import ACTOR, LiveInstance

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
SMP = "http://busdox.org/serviceMetadata/publishing/1.0/"
IDS = "http://busdox.org/transport/identifiers/1.0/"
DS = "http://www.w3.org/2000/09/xmldsig#"
SCHEME = "iso6523-actorid-upis"
DOCUMENT_SCHEME = "busdox-docid-qns"
INVOICE = (
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice"
    "##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
AS4 = "peppol-transport-as4-v2_0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(base_url: str, path: str, method: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    """One request on a connection of its own; underscores in header names stand for hyphens."""
    where = urlsplit(base_url)
    assert where.hostname is not None
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def group_path(value: str, scheme: str = SCHEME) -> str:
    """The path of a service group, each segment encoded by the standard library."""
    return "/" + quote(f"{scheme}::{value}", safe="")


def metadata_path(value: str, document_type: str = INVOICE, document_scheme: str = DOCUMENT_SCHEME) -> str:
    """The path of service metadata."""
    return f"{group_path(value)}/services/{quote(f'{document_scheme}::{document_type}', safe='')}"


class Smp:
    """A running SMP: what the public reads of it, and what a token may write to it."""

    def __init__(self, live: LiveInstance, domain: str = "demo") -> None:
        stored = live.instance.directory.get(domain)
        self.live = live
        self.base_url = stored.domain.smp.base_url
        self.certificate = b64encode(live.pki.access_points[0].certificate.public_bytes(Encoding.DER)).decode()
        self._domain = domain
        self._token = create_token(live.instance.database, ACTOR, f"writer of {domain}", domain_id=stored.id)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Read, as anybody may; `path` is below the base URL."""
        return ask(self.live.addresses.public, urlsplit(self.base_url).path + path, method, headers)

    def write(self, method: str, path: str, document: str | bytes = b"") -> Answer:
        """Write at the management listener, with a token of the domain."""
        body = document.encode() if isinstance(document, str) else document
        url = self.live.addresses.manage
        headers = {"Authorization": f"Bearer {self._token}"}
        return ask(url, f"/domains/{self._domain}{path}", method, headers, body)

    def publish(self, value: str, *document_types: str, **details: str) -> None:
        """Make a service group with metadata of these document types; `details` as for `metadata`."""
        assert self.write("PUT", group_path(value), service_group(value)).status in {200, 201}
        for document_type in document_types:
            answer = self.write(
                "PUT", metadata_path(value, document_type), self.metadata(value, document_type, **details)
            )
            assert answer.status in {200, 201}, answer.body

    def metadata(self, value: str, document_type: str = INVOICE, **details: str) -> str:
        """Unsigned service metadata with one endpoint."""
        return service_metadata(value, document_type, self.endpoint(**details), extension=details.get("extension", ""))

    def endpoint(
        self,
        *,
        address: str = "https://ap.example/as4",
        transport_profile: str = AS4,
        dates: str = "",
        description: str = "Access point",
        **_: str,
    ) -> str:
        """One endpoint, whose certificate the test PKI issued."""
        return (
            f'<Endpoint transportProfile="{transport_profile}">'
            f'<EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>{address}</Address>'
            f"</EndpointReference><RequireBusinessLevelSignature>false</RequireBusinessLevelSignature>{dates}"
            f"<Certificate>{self.certificate}</Certificate><ServiceDescription>{description}</ServiceDescription>"
            "<TechnicalContactUrl>https://ap.example/contact</TechnicalContactUrl></Endpoint>"
        )


def service_group(value: str, *, scheme: str = SCHEME, extension: str = "") -> str:
    """A service group to PUT."""
    return (
        f'{DECLARATION}<ServiceGroup xmlns="{SMP}" xmlns:ids="{IDS}">'
        f'<ids:ParticipantIdentifier scheme="{scheme}">{value}</ids:ParticipantIdentifier>'
        f"<ServiceMetadataReferenceCollection/>{extension}</ServiceGroup>"
    )


def service_metadata(
    value: str, document_type: str, endpoints: str, *, scheme: str = SCHEME, extension: str = ""
) -> str:
    """Service metadata with one process, to PUT."""
    return (
        f'{DECLARATION}<ServiceMetadata xmlns="{SMP}" xmlns:ids="{IDS}"><ServiceInformation>'
        f'<ids:ParticipantIdentifier scheme="{scheme}">{value}</ids:ParticipantIdentifier>'
        f'<ids:DocumentIdentifier scheme="{DOCUMENT_SCHEME}">{document_type}</ids:DocumentIdentifier><ProcessList>'
        f'<Process><ids:ProcessIdentifier scheme="cenbii-procid-ubl">{PROCESS}</ids:ProcessIdentifier>'
        f"<ServiceEndpointList>{endpoints}</ServiceEndpointList></Process></ProcessList>{extension}"
        "</ServiceInformation></ServiceMetadata>"
    )


def redirect(href: str, certificate_uid: str) -> str:
    """A redirect to PUT."""
    return (
        f'{DECLARATION}<ServiceMetadata xmlns="{SMP}"><Redirect href="{href}">'
        f"<CertificateUID>{certificate_uid}</CertificateUID></Redirect></ServiceMetadata>"
    )
