# SPDX-License-Identifier: Apache-2.0
"""Writes participants to DomiSMP over its REST interface (5.x), as they are here.

The base URL names the domain and the type of resource where DomiSMP has several (`https://smp.example.org/smp/DOMAIN`).
A PUT replaces. Business cards and custom properties have no home there. Whether DomiSMP calls its SML is a setting of
its domain there: switch the SML integration off before the cutover, since the participants stay where they are.
"""

from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.move_in.replay.old_smp import OldSmp
from registry.move_in.replay.published import Published, group_document, metadata_document
from registry.storage.domain_directory import StoredDomain


class DomiSmpReplay(OldSmp):
    """An old DomiSMP."""

    def _put(self, stored: StoredDomain, held: Published) -> None:
        participant = held.group.participant
        superfluous = self._superfluous(stored, held)
        self._api.put(participant_path(participant), group_document(stored, held.group))
        for document_type in superfluous:
            self._api.delete(service_path(participant, document_type))
        for metadata in held.services:
            path = service_path(participant, metadata.document_type)
            self._api.put(path, metadata_document(stored, metadata))

    def _remove(self, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        self._api.delete(participant_path(participant))
