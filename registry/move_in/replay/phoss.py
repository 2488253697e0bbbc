# SPDX-License-Identifier: Apache-2.0
"""Writes participants to phoss SMP over its REST interface (8.x), as they are here.

A PUT of metadata merges there, so what differs is removed first. A PUT of a group makes its owner who calls, forgets
its custom properties, and is what lets the caller change the rest; so it is the first call, and the properties follow.
The SML is left alone: `create-in-sml`, `delete-in-sml`.
"""

from registry.errors import ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.metadata import CustomProperty, ServiceGroup, ServiceMetadata
from registry.move_in.replay.old_smp import OldSmp, dialect_prefix
from registry.move_in.replay.published import Published, group_document, metadata_document
from registry.smp.documents.catalogue import read_document
from registry.smp.documents.lexical import escape_attribute
from registry.storage.domain_directory import StoredDomain


class PhossReplay(OldSmp):
    """An old phoss SMP."""

    def _put(self, stored: StoredDomain, held: Published) -> None:
        participant = held.group.participant
        superfluous = self._superfluous(stored, held)
        self._put_group(stored, held.group)
        for document_type in superfluous:
            self._api.delete(service_path(participant, document_type))
        for metadata in held.services:
            self._put_metadata(stored, metadata)
        properties = participant_path(participant) + "/customproperties"  # since 8.1
        if held.properties:
            self._api.put(properties, _properties(held.properties))
        else:
            self._api.delete(properties)
        if held.business_card is None:
            self._api.delete(_card(participant))
        else:
            self._api.put(_card(participant), held.business_card)

    def _remove(self, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        self._put_group(stored, ServiceGroup(participant))  # only its owner may remove it
        self._api.delete(_card(participant))
        self._api.delete(participant_path(participant) + "?delete-in-sml=false")

    def _read_below(self, stored: StoredDomain) -> str:
        return dialect_prefix(stored)  # it is written without

    def _put_group(self, stored: StoredDomain, group: ServiceGroup) -> None:
        self._api.put(participant_path(group.participant) + "?create-in-sml=false", group_document(stored, group))

    def _put_metadata(self, stored: StoredDomain, metadata: ServiceMetadata) -> None:
        path = service_path(metadata.participant, metadata.document_type)
        there = self._api.get(self._read_below(stored) + path)
        if there is not None:
            if _means(there) == metadata:
                return
            self._api.delete(path)
        self._api.put(path, metadata_document(stored, metadata))


def _means(document: bytes) -> ServiceMetadata | None:
    """What a document says; None where it isn't understood, which means that it is put anew."""
    try:
        return read_document(document)[1].metadata
    except ValidationError:
        return None


def _card(participant: ParticipantIdentifier) -> str:
    return f"/businesscard/{encode_segment(str(participant))}"


def _properties(properties: tuple[CustomProperty, ...]) -> bytes:
    items = "".join(
        f'<customproperty type="{"public" if each.public else "private"}" name="{escape_attribute(each.name)}" '
        f'value="{escape_attribute(each.value)}"/>'
        for each in properties
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><customproperties>{items}</customproperties>'.encode()
