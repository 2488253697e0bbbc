# SPDX-License-Identifier: Apache-2.0
"""Programs that manage what is published, each in its own dialect, at an instance without listeners."""

import base64
import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.accounts.tokens import create_token
from registry.api.app import management_app
from registry.api.publishing import PublishingApp
from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.participants import describe
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import NotFoundError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.metadata import Endpoint, Process, ProcessMetadata, ServiceGroup, ServiceMetadata
from registry.smp.documents.business_card import BusinessCard, BusinessEntity, EntityName, write_business_card
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.http import SmpReadApp
from registry.storage.document_reader import open_document_reader
from registry.storage.domain_directory import StoredDomain
from tests.simulators.asgi import Reply, call
from tests.simulators.live import demo_trust
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance

NO_SCHEMES = {kind: {"allow_no_scheme": True} for kind in ("participant", "document_type", "process")}
_numbers = itertools.count(1)


@dataclass(slots=True)
class Office:
    """An instance and its application.

    Its domains are `demo` (busdox, with an SML), `oasis` (OASIS SMP 1.0 and 2.0) and `oasis-2` (2.0 alone, and
    identifiers need no schemes).
    """

    offline: OfflineInstance
    oasis: StoredDomain
    app: Any

    @property
    def demo(self) -> StoredDomain:
        return self.offline.stored

    def registered_by(self, participant: ParticipantIdentifier) -> str | None:
        """The SMP that the SML of `demo` knows for a participant."""
        try:
            told: str | None = describe(self.offline.instance, self.demo, participant)["registered_by"]
        except NotFoundError:
            return None
        return told

    def client(self, management: str = "native", **options: Any) -> "Client":
        """A program with a token of its own."""
        name = f"erp-{next(_numbers)}"
        token = create_token(self.offline.instance.database, ACTOR, name, management=management, **options)
        return Client(self, name, token)

    def metadata(self, dialect: str = "busdox") -> "Papers":
        """Documents of a participant whom nobody published yet."""
        participant = ParticipantIdentifier(ISO6523, f"0088:{next(_numbers):05}")
        return Papers(replace(demo_metadata(self.offline.pki.access_points)[0], participant=participant), dialect)


@dataclass(frozen=True, slots=True)
class Papers:
    """What a program sends about one participant."""

    metadata: ServiceMetadata
    dialect: str = "busdox"

    @property
    def group_path(self) -> str:
        return participant_path(self.metadata.participant)

    @property
    def path(self) -> str:
        return service_path(self.metadata.participant, self.metadata.document_type)

    @property
    def group(self) -> bytes:
        return DIALECTS[self.dialect].write_service_group(ServiceGroup(self.metadata.participant), "https://x.example")

    @property
    def document(self) -> bytes:
        return DIALECTS[self.dialect].write_service_metadata(self.metadata)

    @property
    def card(self) -> bytes:
        entity = BusinessEntity((EntityName("Example"),), "BE")
        return write_business_card(BusinessCard(self.metadata.participant, (entity,)))

    @property
    def endpoint(self) -> Endpoint:
        return self.metadata.process_metadata[0].endpoints[0]

    def of(self, *groups: ProcessMetadata) -> "Papers":
        """The same document with other processes."""
        return replace(self, metadata=replace(self.metadata, process_metadata=groups))

    def process(self, name: str, *endpoints: Endpoint) -> ProcessMetadata:
        """A process of this name, with the endpoint of this document unless told otherwise."""
        identifier = ProcessIdentifier("cenbii-procid-ubl", f"urn:{name}")
        return ProcessMetadata((Process(identifier),), endpoints or (self.endpoint,))

    def process_path(self, name: str) -> str:
        return f"{self.path}/{encode_segment(f'cenbii-procid-ubl::urn:{name}')}"


@dataclass(slots=True)
class Client:
    """A program; with `basic` it sends its name and its token as user and password."""

    office: Office
    name: str
    token: str
    basic: bool = False
    prefix: str = ""
    headers: Iterable[tuple[str, str]] = field(default_factory=tuple)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """One request; underscores in the names of headers stand for hyphens."""
        lines = [*self.headers, *((name.replace("_", "-"), value) for name, value in headers.items())]
        if self.token:
            pair = base64.b64encode(f"{self.name}:{self.token}".encode()).decode()
            lines.append(("authorization", f"Basic {pair}" if self.basic else f"Bearer {self.token}"))
        encoded = [(name.lower().encode(), value.encode()) for name, value in lines]
        return call(self.office.app, method, (self.prefix + path).encode(), headers=encoded, body=(body,))

    def anonymous(self) -> "Client":
        """The same program without its token."""
        return replace(self, token="")

    def with_token(self, token: str) -> "Client":
        return replace(self, token=token)

    def publish(self, papers: Papers) -> None:
        """The service group and the metadata, whatever they were."""
        assert self.ask("PUT", papers.group_path, papers.group).status in {200, 201}
        reply = self.ask("PUT", papers.path, papers.document)
        assert reply.status in {200, 201}, reply.body


@contextlib.contextmanager
def open_office(folder: Path, pki: DemoPki) -> Iterator[Office]:
    with offline_instance(folder, pki) as offline:
        instance = offline.instance
        key = SigningKeyFile(folder / "pki" / "smp.pem")
        oasis, _ = (
            add_domain(instance, ACTOR, "demo", settings, signing_key=key, register_smp=False)
            for settings in (
                {
                    "name": name,
                    "default": False,
                    "smp": {"base_url": f"https://smp.example.org/{name}", "dialects": dialects},
                    "dns": {"zone": f"{name}.test"},
                    "trust": demo_trust(pki),
                }
                | ({"identifiers": NO_SCHEMES} if name == "oasis-2" else {})
                for name, dialects in (("oasis", ["bdxr1", "bdxr2"]), ("oasis-2", ["bdxr2"]))
            )
        )
        reader = open_document_reader(instance.database)
        read_app = SmpReadApp(instance.directory, reader, instance.signer, instance.business_cards, offline.clock)
        publishing = PublishingApp(
            instance.database,
            instance.directory,
            instance.publishing,
            instance.signer,
            instance.business_cards,
            read_app,
        )
        try:
            yield Office(offline, oasis, management_app(publishing, list))
        finally:
            reader.close()
