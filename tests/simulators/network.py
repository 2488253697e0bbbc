# SPDX-License-Identifier: Apache-2.0
"""All that a lookup reaches, in memory: a name server, SMPs, and an access point's certificate. No sockets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registry.discovery.client import LookupClient
from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import FetchedDocument
from registry.discovery.locator import DnsLocator
from registry.domains.domain import Domain
from registry.domains.loader import load_domain
from registry.identifiers.dns_names import participant_name
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, EndpointCertificate, Process, ProcessMetadata, ServiceMetadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.dialect import Dialect
from registry.trust import TrustModel
from tests.simulators.authorities import NOW, Authority
from tests.simulators.dns_records import SimulatedNameServer
from tests.simulators.smp_server import SimulatedSmp, response
from trust_lists.certificates.parsing import SigningKey

ZONE = "sml.test"
PARTICIPANT = ParticipantIdentifier("iso6523-actorid-upis", "0088:4035811991021")
INVOICE = DocumentTypeIdentifier(
    "busdox-docid-qns",
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017::2.1",
)
BILLING = ProcessIdentifier("cenbii-procid-ubl", "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0")
AS4 = "peppol-transport-as4-v2_0"


class Network:
    """A participant with an SMP, an access point, and a domain that trusts the authority of both.

    `domain` may be replaced by `configure`; `responses` maps URLs to what is answered, and a test may change any;
    `asked` notes the URLs in their order. Hosts in `down` don't answer; what isn't in `responses` is 404.
    """

    def __init__(self) -> None:
        self.authority = Authority("Test Root")
        self.name_server = SimulatedNameServer(origin=f"{ZONE}.")
        self.responses: dict[str, FetchedDocument] = {}
        self.asked: list[str] = []
        self.down: set[str] = set()
        self.smp = self.add_smp("https://smp.test/root", self.authority.issue("SMP-1"))
        self.access_point = self.authority.issue("AP-1")
        self.domain = self.configure()
        self.register(PARTICIPANT, f"{self.smp.base_url}/")

    def configure(self, settings: Mapping[str, Any] | None = None) -> Domain:
        """Use the demonstration profile with these settings over it; anchors are those of the authority."""
        role = {"anchors": [self.authority.pem], "on_untrusted": "refuse"}
        base: dict[str, Any] = {
            "dns": {"zone": ZONE},
            "trust": {"smp-sign": role, "ap-encrypt": role},
        }
        self.domain = load_domain("demo", {**base, **(settings or {})})
        return self.domain

    def add_smp(self, base_url: str, key: SigningKey, dialect: Dialect = BUSDOX) -> SimulatedSmp:
        """One more SMP."""
        return SimulatedSmp(self.responses, base_url, key, dialect)

    def name_of(self, participant: ParticipantIdentifier) -> str:
        """The DNS name of a participant."""
        return participant_name(participant, ZONE)

    def register(self, participant: ParticipantIdentifier, url: str) -> None:
        """Publish the NAPTR record of a participant."""
        self.name_server.naptr(self.name_of(participant), url)

    def endpoint(self, url: str = "https://ap.test/as4", transport: str = AS4, **others: Any) -> Endpoint:
        """An endpoint with the access point's certificate."""
        from cryptography.hazmat.primitives.serialization import Encoding

        der = self.access_point.certificate.public_bytes(Encoding.DER)
        return Endpoint(transport, url, **{"certificates": (EndpointCertificate(der),), **others})

    def metadata(
        self,
        *endpoints: Endpoint,
        participant: ParticipantIdentifier = PARTICIPANT,
        document_type: DocumentTypeIdentifier = INVOICE,
        process: ProcessIdentifier = BILLING,
    ) -> ServiceMetadata:
        """Metadata with one process; without endpoints the usual one."""
        group = ProcessMetadata((Process(process),), endpoints or (self.endpoint(),))
        return ServiceMetadata(participant, document_type, (group,))

    def replace(self, url: str, body: bytes = b"", status: int = 200, location: str = "") -> None:
        """Answer something else at a URL."""
        self.responses[url] = response(body, status, location)

    def fetch(self, url: str) -> FetchedDocument:
        """The port `Fetcher`."""
        self.asked.append(url)
        if any(url.startswith(host) for host in self.down):
            raise TechnicalFailureError("http-failure", f"{url} could not be fetched: connection refused")
        return self.responses.get(url, response(status=404))

    def client(self, at: datetime = NOW) -> LookupClient:
        """A client that reaches this network only, at a moment."""
        return LookupClient(
            self.domain,
            TrustModel.for_domain(self.domain),
            DnsLocator(self.name_server, lifetime=0.2),
            self,
            clock=lambda: at,
        )
