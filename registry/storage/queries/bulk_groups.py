# SPDX-License-Identifier: Apache-2.0
"""Service groups of many participants at once, with what hangs on them: business card, owner group, properties."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension, Visibility
from registry.storage.extension_rows import extensions_from_row, extensions_to_row
from registry.storage.property_rows import properties_from_row, properties_to_row
from registry.storage.queries.numbers import new_numbers
from registry.storage.statements import insert_rows
from registry.storage.tables import business_card, service, service_group
from registry.storage.types import to_json, to_microseconds
from registry.storage.unit_of_work import UnitOfWork

_CHUNK = 500
_OWN = (
    "id",
    "domain_id",
    "content_version",
    "modified_at",
    "scheme",
    "value",
    "value_key",
    "extensions",
    "properties",
    "owner_group_id",
    "visibility",
)
_CARD = ("service_group_id", "body", "etag", "modified_at")


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """A service group as stored; the participant in registered spelling."""

    id: int
    participant: ParticipantIdentifier
    extensions: tuple[Extension, ...]
    properties: tuple[CustomProperty, ...]
    owner_group_id: int | None
    visibility: Visibility


class NewGroup(NamedTuple):
    """A service group to be; `services` is how many it gets at once, and `value_key` the value as it compares."""

    participant: ParticipantIdentifier
    value_key: str
    extensions: tuple[Extension, ...]
    properties: tuple[CustomProperty, ...]
    owner_group_id: int | None
    services: int
    visibility: Visibility


def find_all(
    connection: Connection, domain_id: int, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], HeldGroup]:
    """Those of the participants that are there, by scheme and value as it compares; nobody else writes of them.

    That is until the end of this transaction; SQLite has one writer anyway.
    """
    by_scheme: dict[str, list[str]] = defaultdict(list)
    for scheme, value_key in keys:
        by_scheme[scheme].append(value_key)
    c, found = service_group.c, dict[tuple[str, str], HeldGroup]()
    for scheme, values in by_scheme.items():
        for start in range(0, len(values), _CHUNK):
            query = (
                select(c.id, c.value, c.value_key, c.extensions, c.properties, c.owner_group_id, c.visibility)
                .where(c.domain_id == domain_id, c.scheme == scheme, c.value_key.in_(values[start : start + _CHUNK]))
                .order_by(c.id)
                .with_for_update()
            )
            for number, value, key, extensions, properties, owner_group_id, visibility in connection.execute(query):
                found[scheme, key] = HeldGroup(
                    number,
                    ParticipantIdentifier(scheme, value),
                    extensions_from_row(extensions),
                    properties_from_row(properties),
                    owner_group_id,
                    Visibility(visibility),
                )
    return found


def add_all(work: UnitOfWork, domain_id: int, new: Sequence[NewGroup]) -> Sequence[int]:
    """Insert service groups that aren't there; gives their numbers."""
    at = to_microseconds(work.now)
    numbers = new_numbers(work.connection, service_group, len(new))
    rows = [
        (
            number,
            domain_id,
            1 + item.services,  # as if they had come one after the other
            at,
            item.participant.scheme,
            item.participant.value,
            item.value_key,
            to_json(extensions_to_row(item.extensions)) if item.extensions else None,
            to_json(properties_to_row(item.properties)) if item.properties else None,
            item.owner_group_id,
            item.visibility.value,
        )
        for number, item in zip(numbers, new, strict=True)
    ]
    insert_rows(work.connection, service_group.name, _OWN, rows)
    return numbers


def spell(work: UnitOfWork, group_id: int, value: str) -> None:
    """Let a participant be spelled otherwise from now on, in all its documents; its value as it compares stays."""
    told = {"modified_at": work.now}
    grown = service_group.c.content_version + 1
    work.connection.execute(
        update(service_group).where(service_group.c.id == group_id).values(value=value, content_version=grown, **told)
    )
    grown = service.c.content_version + 1
    work.connection.execute(
        update(service).where(service.c.service_group_id == group_id).values(content_version=grown, **told)
    )


def cards_of(connection: Connection, group_ids: Collection[int]) -> dict[int, bytes]:
    """The business cards of service groups that have one, by the group's number."""
    c, wanted, found = business_card.c, list(group_ids), dict[int, bytes]()
    for start in range(0, len(wanted), _CHUNK):
        query = select(c.service_group_id, c.body).where(c.service_group_id.in_(wanted[start : start + _CHUNK]))
        found.update((number, bytes(body)) for number, body in connection.execute(query))
    return found


def add_cards(work: UnitOfWork, cards: Sequence[tuple[int, bytes, str]]) -> None:
    """Insert business cards of groups that have none: the group's number, body and entity tag of each."""
    at = to_microseconds(work.now)
    insert_rows(work.connection, business_card.name, _CARD, [(*card, at) for card in cards])
