# SPDX-License-Identifier: Apache-2.0
"""What the interfaces of old SMPs have in common: participants, told as a whole, as they are here now."""

from abc import ABC, abstractmethod

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path
from registry.move_in.replay.changes import Change, Subject
from registry.move_in.replay.old_api import OldApi
from registry.move_in.replay.published import Published, dialect_of_domain, published, same_type
from registry.smp.documents.catalogue import read_document
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Database


class OldSmp(ABC):
    """An old SMP; see `registry.move_in.replay.model.OldSystem`."""

    subjects = frozenset({Subject.PUBLISHED})

    def __init__(self, database: Database, directory: DomainDirectory, api: OldApi) -> None:
        self._database = database
        self._directory = directory
        self._api = api

    def take(self, change: Change) -> None:
        """Let a participant be there as it is here."""
        stored = self._directory.by_id(change.domain_id)
        participant = ParticipantIdentifier.parse(change.name)
        held = published(self._database, stored, participant)
        if held is not None:
            self._put(stored, held)
        elif self._api.get(self._read_below(stored) + participant_path(participant)) is not None:
            self._remove(stored, participant)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    @abstractmethod
    def _put(self, stored: StoredDomain, held: Published) -> None:
        """Let this be all that is there of a participant."""

    @abstractmethod
    def _remove(self, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        """Let nothing be there of a participant that is there."""

    def _read_below(self, stored: StoredDomain) -> str:
        """What stands before the paths of what is read there."""
        return ""

    def _superfluous(self, stored: StoredDomain, held: Published) -> list[DocumentTypeIdentifier]:
        """The document types that are there and not here."""
        document = self._api.get(self._read_below(stored) + participant_path(held.group.participant))
        there = None if document is None else read_document(document)[1].service_group
        kept = [each.document_type for each in held.services]
        return [
            each
            for each in (() if there is None else there.document_types)
            if not any(same_type(stored, each, other) for other in kept)
        ]


def dialect_prefix(stored: StoredDomain) -> str:
    """The path below which a dialect with a segment of its own is served: `/bdxr-smp-2`, or nothing."""
    prefix = dialect_of_domain(stored).path_prefix
    return f"/{prefix}" if prefix else ""
