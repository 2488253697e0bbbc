# SPDX-License-Identifier: Apache-2.0
"""What is published of participants at present, in the form in which sources say it."""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.metadata import CustomProperty, Extension, ServiceMetadata, Visibility
from registry.plans.model import STAYS
from registry.sml.candidates import Key
from registry.smp.exchange.model_json import (
    extensions_to_json,
    identifier_to_json,
    properties_to_json,
    service_to_json,
)
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import bulk_groups, bulk_services, owner_groups, services
from registry.storage.queries.bulk_groups import HeldGroup
from registry.storage.unit_of_work import UnitOfWork

_SERVICES_AT_ONCE = 500


class HeldBodies:
    """Bodies of participants of a domain, within one transaction, whose participants nobody else changes then."""

    def __init__(self, work: UnitOfWork, stored: StoredDomain) -> None:
        self._work = work
        self._stored = stored

    def of(self, keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
        """The bodies of those that are there."""
        work = self._work
        groups = bulk_groups.find_all(work.connection, self._stored.id, keys)
        numbers = [group.id for group in groups.values()]
        listed = bulk_services.of_groups(work.connection, numbers)
        ids = [row.id for rows in listed.values() for row in rows]
        said: dict[int, ServiceMetadata] = {}
        for start in range(0, len(ids), _SERVICES_AT_ONCE):
            said |= services.load_many(work.connection, ids[start : start + _SERVICES_AT_ONCE], work.now)
        owners = owner_groups.names_of(work.connection, numbers)
        cards = bulk_groups.cards_of(work.connection, numbers)
        return {
            key: body_of(
                group,
                [said[row.id] for row in listed.get(group.id, ())],
                cards.get(group.id),
                owners.get(group.id, ""),
                self._stored.domain.visibility.told(group.visibility),
            )
            for key, group in groups.items()
        }


def body_of(
    group: HeldGroup,
    services_of: Sequence[ServiceMetadata],
    card: bytes | None,
    owner: str,
    visibility: Visibility | None,
) -> dict[str, Any]:
    """A participant with all that it receives; `visibility` is None where that needs no word."""
    body: dict[str, Any] = {"participant": identifier_to_json(group.participant)}
    _put(body, group.extensions, group.properties)
    if services_of:
        body["services"] = [service_to_json(item) for item in services_of]
    if card is not None:
        body["business_card"] = card.decode()
    if owner:
        body["owner"] = owner
    if visibility is not None:
        body["visibility"] = visibility.value
    return body


def _put(body: dict[str, Any], extensions: tuple[Extension, ...], properties: tuple[CustomProperty, ...]) -> None:
    if extensions:
        body["extensions"] = extensions_to_json(extensions)
    if properties:
        body["properties"] = properties_to_json(properties)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two bodies, in words, a line each."""
    told = [
        f"{part.replace('_', ' ')}: {_change_word(part in before, part in after)}"
        for part in ("participant", "owner", "visibility", "extensions", "properties", "business_card")
        if before.get(part) != after.get(part) and not (part in STAYS and part not in after)
    ]
    old, new = (_by_document_type(body) for body in (before, after))
    told += (
        f"service {name}: {_change_word(name in old, name in new)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )
    return told


def _change_word(before: bool, after: bool) -> str:
    return {(False, True): "added", (True, False): "removed"}.get((before, after), "changed")


def _by_document_type(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for service in body.get("services", ()):
        named = service.get("document_type", {})
        found[f"{named.get('scheme', '')}::{named.get('value', '')}"] = service
    return found
