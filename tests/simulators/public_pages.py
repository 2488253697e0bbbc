# SPDX-License-Identifier: Apache-2.0
"""The public listener's application on an instance without listeners, and visitors of its page."""

from dataclasses import replace
from urllib.parse import urlencode

from registry.demo.content import demo_metadata
from registry.identifiers.participant import ParticipantIdentifier
from registry.lookups.resolving import Inside
from registry.metadata import ServiceMetadata
from registry.public_page.app import PublicApp
from registry.rates import Rates
from registry.smp.http import SmpReadApp
from registry.storage.document_reader import DocumentReader, open_document_reader
from registry.storage.tables import service_group
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import ACTOR, OfflineInstance, participant

PAGE = "/base/lookup/participant"
KNOWN = participant()


class PublicPages:
    """The application; close it."""

    def __init__(self, offline: OfflineInstance, rates: Rates | None = None) -> None:
        instance = offline.instance
        self.offline = offline
        self._reader: DocumentReader = open_document_reader(instance.database)
        self.documents = SmpReadApp(
            instance.directory, self._reader, instance.signer, instance.business_cards, offline.clock
        )
        inside = Inside(instance.database, instance.signer, instance.trust_models.of)
        self.app = PublicApp(self.documents, instance.database, instance.directory, inside, rates)

    def ask(self, text: str | None = None, method: str = "GET", language: str = "en", **query: str) -> Reply:
        """The page, asked for a participant as somebody typed it."""
        asked = {**({} if text is None else {"participant": text}), **query}
        return self.get(f"{PAGE}?{urlencode(asked, errors='surrogatepass')}", method, language)

    def get(self, path: str, method: str = "GET", language: str = "en") -> Reply:
        """Anything of the public listener."""
        headers = [(b"host", b"smp.example.org"), (b"accept-language", language.encode())]
        return call(self.app, method, path.encode(), headers=headers)

    def close(self) -> None:
        """Close the reader of documents."""
        self._reader.close()


def metadata_of(offline: OfflineInstance, who: ParticipantIdentifier = KNOWN) -> ServiceMetadata:
    """An invoice service of a participant."""
    return replace(demo_metadata(offline.pki.access_points)[0], participant=who)


def publish(offline: OfflineInstance, who: ParticipantIdentifier = KNOWN) -> ServiceMetadata:
    """Publish and register it."""
    metadata = metadata_of(offline, who)
    offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)
    return metadata


def make_visible(offline: OfflineInstance, who: ParticipantIdentifier, visibility: str) -> None:
    """Say where a participant is told of."""
    key = offline.stored.domain.identifiers.participant_key(who)
    c = service_group.c
    with offline.instance.database.write(ACTOR) as work:
        statement = service_group.update().where(c.scheme == who.scheme, c.value_key == key)
        work.connection.execute(statement.values(visibility=visibility))
