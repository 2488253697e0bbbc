# SPDX-License-Identifier: Apache-2.0
"""What our SMP publishes of a participant now, in the documents that the interfaces of other SMPs take."""

from dataclasses import dataclass

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.folding import folded_group, folded_metadata
from registry.smp.overviews import unwrapped_metadata
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import business_cards, service_groups, services


@dataclass(frozen=True, slots=True)
class Published:
    """What is published of a participant, in registered spelling."""

    group: ServiceGroup
    services: tuple[ServiceMetadata, ...]
    business_card: bytes | None
    properties: tuple[CustomProperty, ...]


def dialect_of_domain(stored: StoredDomain) -> Dialect:
    """The dialect that the old SMP of a domain speaks: the first that the domain does."""
    return DIALECTS[stored.domain.smp.dialects[0]]


def published(database: Database, stored: StoredDomain, participant: ParticipantIdentifier) -> Published | None:
    """What is published of a participant; None where it has no service group."""
    key = stored.domain.identifiers.participant_key(participant)
    with database.read() as connection:
        row = service_groups.find(connection, stored.id, participant.scheme, key)
        if row is None:
            return None
        ids = [each.id for each in services.of_group(connection, row.id)]
        held = tuple(services.load_many(connection, ids, database.now()).values())
        card = business_cards.find(connection, stored.id, participant.scheme, key)
        properties = service_groups.properties_of(connection, [row.id]).get(row.id, ())
    types = tuple(each.document_type for each in held)
    group = ServiceGroup(row.participant, types, row.extensions)
    return Published(group, held, None if card is None else card.body, properties)


def group_document(stored: StoredDomain, group: ServiceGroup) -> bytes:
    """A service group, unsigned. Raises ValidationError where the dialect can't say it."""
    dialect = dialect_of_domain(stored)
    return dialect.write_service_group(folded_group(group, dialect, stored.domain), stored.domain.smp.base_url)


def metadata_document(stored: StoredDomain, metadata: ServiceMetadata) -> bytes:
    """Service metadata, unsigned and without what stands for a signature. Raises ValidationError as above."""
    dialect = dialect_of_domain(stored)
    document = dialect.write_service_metadata(folded_metadata(metadata, dialect, stored.domain))
    return document if dialect.path_prefix else unwrapped_metadata(document)


def same_type(stored: StoredDomain, one: DocumentTypeIdentifier, other: DocumentTypeIdentifier) -> bool:
    """Whether two document types are one in the domain."""
    return stored.domain.identifiers.same_document_type(one, other)
