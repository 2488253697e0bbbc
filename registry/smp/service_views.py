# SPDX-License-Identifier: Apache-2.0
"""What is published for a participant's document types, for those who manage it."""

from registry.errors import NotFoundError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceMetadata
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import service_groups, services
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.queries.services import ServiceRow
from registry.storage.unit_of_work import Connection


class ServiceViews:
    """Reads services; inside a transaction what that has written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, stored: StoredDomain, participant: ParticipantIdentifier) -> list[ServiceRow]:
        """The services of a participant in order of document type. Raises NotFoundError where it has no group."""
        with self._database.read() as connection:
            return services.of_group(connection, _group(connection, stored, participant).id)

    def find(
        self, stored: StoredDomain, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> ServiceMetadata | None:
        """What a service says now, or None. Raises NotFoundError where the participant has no service group."""
        with self._database.read() as connection:
            group = _group(connection, stored, participant)
            key = stored.domain.identifiers.document_type_key(document_type)
            row = services.find(connection, group.id, document_type.scheme, key)
            return None if row is None else services.load(connection, row.id, self._database.now())


def _group(connection: Connection, stored: StoredDomain, participant: ParticipantIdentifier) -> ServiceGroupRow:
    key = stored.domain.identifiers.participant_key(participant)
    found = service_groups.find(connection, stored.id, participant.scheme, key)
    if found is None:
        raise NotFoundError(f"{participant} is not published here")
    return found
