# SPDX-License-Identifier: Apache-2.0
"""What an instance knows of its participants, for commands that show it."""

from collections.abc import Iterator
from typing import Any

from registry.app.instance import Instance
from registry.errors import NotFoundError
from registry.identifiers.dns_names import participant_name
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ProcessMetadata
from registry.smp.exchange.model_json import properties_to_json
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import publishers, registrations, service_groups, services

_PAGE = 500


def each_participant(
    instance: Instance, stored: StoredDomain
) -> Iterator[tuple[ParticipantIdentifier, tuple[DocumentTypeIdentifier, ...]]]:
    """Every participant of a domain's SMP with its document types, in order of publication."""
    after = 0
    while True:
        with instance.database.read() as connection:
            rows = service_groups.page(connection, stored.id, after, _PAGE)
            found = [(row.participant, service_groups.document_types(connection, row.id)) for row in rows]
        if not rows:
            return
        yield from found
        after = rows[-1].id


def describe(instance: Instance, stored: StoredDomain, participant: ParticipantIdentifier) -> dict[str, Any]:
    """A participant as JSON values. Raises NotFoundError when neither SMP nor SML knows it."""
    domain = stored.domain
    key = domain.identifiers.participant_key(participant)
    with instance.database.read() as connection:
        group = service_groups.find(connection, stored.id, participant.scheme, key)
        registered = registrations.find(connection, stored.id, [(participant.scheme, key)])
        names = publishers.smp_ids(connection, {row.publisher_id for row in registered})
        if group is None and not registered:
            raise NotFoundError(f"{participant} is not known in the domain {domain.name}")
        held = services.of_group(connection, group.id) if group else []
        now = instance.database.now()
        metadata = [services.load(connection, row.id, now) for row in held]
        properties = service_groups.properties_of(connection, [group.id]).get(group.id, ()) if group else ()
    return {
        "participant": str(group.participant if group else participant),
        "dns_name": participant_name(participant, domain.dns.zone, domain.dns.name_form),
        "registered_by": names[registered[0].publisher_id] if registered else None,
        "visibility": None if group is None else group.visibility.value,
        "properties": properties_to_json(properties),
        "services": [
            {"document_type": str(item.document_type), "process_metadata": [_shown(g) for g in item.process_metadata]}
            for item in metadata
        ],
    }


def _shown(group: ProcessMetadata) -> dict[str, Any]:
    return {
        "processes": [str(process.identifier) for process in group.processes],
        "redirect": group.redirect.href if group.redirect else None,
        "endpoints": [
            {"transport_profile": endpoint.transport_profile, "address": endpoint.address}
            for endpoint in group.endpoints
        ],
    }
