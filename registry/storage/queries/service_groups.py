# SPDX-License-Identifier: Apache-2.0
"""Service groups: the participants of an SMP."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, literal_column, select, text, update
from sqlalchemy.exc import IntegrityError

from registry.errors import AlreadyExistsError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension, Visibility
from registry.storage.extension_rows import extensions_from_row, extensions_to_row
from registry.storage.property_rows import properties_from_row, properties_to_row
from registry.storage.tables import service, service_group
from registry.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ServiceGroupRow:
    """A service group as stored; the participant in registered spelling."""

    id: int
    domain_id: int
    participant: ParticipantIdentifier
    modified_at: datetime
    extensions: tuple[Extension, ...]
    visibility: Visibility = Visibility.PUBLIC


_COLUMNS = (
    service_group.c.id,
    service_group.c.domain_id,
    service_group.c.scheme,
    service_group.c.value,
    service_group.c.modified_at,
    service_group.c.extensions,
    service_group.c.visibility,
)


FIND = select(*_COLUMNS).where(
    service_group.c.domain_id == bindparam("domain_id"),
    service_group.c.scheme == bindparam("scheme"),
    service_group.c.value_key == bindparam("value_key"),
)
"""The statement of `find`, with parameters domain_id, scheme, value_key."""


def is_served() -> ColumnElement[bool]:
    """Whether public listeners answer for a service group; in every statement by which they find one."""
    # No parameter: statements of the read path have those alone that a request fills.
    return service_group.c.visibility != literal_column(f"'{Visibility.PRIVATE}'")


SERVED = FIND.where(is_served())
"""`FIND` as public listeners see it."""

DOCUMENT_TYPES = (
    select(service.c.scheme, service.c.value)
    .where(service.c.service_group_id == bindparam("group_id"))
    .order_by(service.c.scheme, service.c.value_key)
)
"""The statement of `document_types`, with the parameter group_id."""
_LOCK_PARTICIPANT = text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:key AS text), 0))")
_ADD = insert(service_group).returning(service_group.c.id)


def find(connection: Connection, domain_id: int, scheme: str, value_key: str) -> ServiceGroupRow | None:
    """The service group of a participant; `value_key` is the value as its scheme compares it."""
    parameters = {"domain_id": domain_id, "scheme": scheme, "value_key": value_key}
    row = connection.execute(FIND, parameters).first()
    return None if row is None else group_of_row(row)


def find_served(connection: Connection, domain_id: int, scheme: str, value_key: str) -> ServiceGroupRow | None:
    """As `find`, but as public listeners see it."""
    parameters = {"domain_id": domain_id, "scheme": scheme, "value_key": value_key}
    row = connection.execute(SERVED, parameters).first()
    return None if row is None else group_of_row(row)


def by_id(connection: Connection, group_id: int) -> ServiceGroupRow:
    """A service group that is known to exist."""
    return group_of_row(connection.execute(select(*_COLUMNS).where(service_group.c.id == group_id)).one())


def lock_participant(work: UnitOfWork, domain_id: int, scheme: str, value_key: str) -> None:
    """Let who else writes of this participant wait for the end of this transaction, also where it isn't there yet.

    SQLite has one writer anyway.
    """
    if work.connection.dialect.name == "postgresql":
        work.connection.execute(_LOCK_PARTICIPANT, {"key": f"participant:{domain_id}:{scheme}:{value_key}"})


def lock(work: UnitOfWork, group_id: int) -> None:
    """Let other writers that lock the group wait for the end of this transaction; SQLite has one writer anyway."""
    work.connection.execute(select(service_group.c.id).where(service_group.c.id == group_id).with_for_update())


def page(connection: Connection, domain_id: int, after_id: int, size: int) -> list[ServiceGroupRow]:
    """Up to `size` groups of a domain with ids after `after_id`."""
    query = (
        select(*_COLUMNS)
        .where(service_group.c.domain_id == domain_id, service_group.c.id > after_id)
        .order_by(service_group.c.id)
        .limit(size)
    )
    return [group_of_row(row) for row in connection.execute(query)]


def count(connection: Connection, domain_id: int) -> int:
    """How many participants a domain's SMP has."""
    query = select(func.count()).select_from(service_group).where(service_group.c.domain_id == domain_id)
    return int(connection.execute(query).scalar_one())


def add(
    work: UnitOfWork,
    domain_id: int,
    participant: ParticipantIdentifier,
    value_key: str,
    extensions: tuple[Extension, ...],
    properties: tuple[CustomProperty, ...] = (),
    visibility: Visibility = Visibility.PUBLIC,
) -> int:
    """Insert a service group; returns its id. Raises AlreadyExistsError where the participant has one."""
    values = {
        "domain_id": domain_id,
        "scheme": participant.scheme,
        "value": participant.value,
        "value_key": value_key,
        "content_version": 1,
        "modified_at": work.now,
        "extensions": extensions_to_row(extensions),
        "properties": properties_to_row(properties),
        "visibility": visibility.value,
    }
    try:
        return int(work.connection.execute(_ADD, values).scalar_one())
    except IntegrityError as error:
        raise AlreadyExistsError(f"{participant} has a service group already") from error


def change(work: UnitOfWork, group_id: int, extensions: tuple[Extension, ...]) -> None:
    """Replace a group's extensions."""
    _touch(work, group_id, extensions=extensions_to_row(extensions))


def properties_of(connection: Connection, ids: Collection[int]) -> dict[int, tuple[CustomProperty, ...]]:
    """The properties of groups that have any, by id; nothing that is served has them."""
    c = service_group.c
    query = select(c.id, c.properties).where(c.id.in_(ids), c.properties.is_not(None))
    return {group_id: properties_from_row(stored) for group_id, stored in connection.execute(query)}


def set_properties(work: UnitOfWork, group_id: int, properties: tuple[CustomProperty, ...]) -> None:
    """Replace a group's properties, which no document shows."""
    values = {"properties": properties_to_row(properties)}
    work.connection.execute(update(service_group).where(service_group.c.id == group_id).values(values))


def set_visibility(work: UnitOfWork, group_id: int, visibility: Visibility) -> None:
    """Let a participant be seen otherwise; its documents stay as they are."""
    values = {"visibility": visibility.value}
    work.connection.execute(update(service_group).where(service_group.c.id == group_id).values(values))


def touch(work: UnitOfWork, group_id: int) -> None:
    """Say that the group's document changed: a service came or went."""
    _touch(work, group_id)


def remove(work: UnitOfWork, group_id: int) -> None:
    """Delete a group with all its services."""
    work.connection.execute(delete(service_group).where(service_group.c.id == group_id))


def document_types(connection: Connection, group_id: int) -> tuple[DocumentTypeIdentifier, ...]:
    """The document types of a group, in order of identifier."""
    rows = connection.execute(DOCUMENT_TYPES, {"group_id": group_id})
    return tuple(DocumentTypeIdentifier(scheme, value) for scheme, value in rows)


def _touch(work: UnitOfWork, group_id: int, **values: object) -> None:
    c = service_group.c
    work.connection.execute(
        update(service_group)
        .where(c.id == group_id)
        .values(content_version=c.content_version + 1, modified_at=work.now, **values)
    )


def group_of_row(row: Sequence[Any]) -> ServiceGroupRow:
    """A row of `FIND` as a value."""
    group_id, domain_id, scheme, value, modified_at, extensions, visibility = row
    participant = ParticipantIdentifier(scheme, value)
    told = extensions_from_row(extensions), Visibility(visibility)
    return ServiceGroupRow(group_id, domain_id, participant, modified_at, *told)
