# SPDX-License-Identifier: Apache-2.0
"""Participants of an SMP as lists show them: with their owner group, and who has registered them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select, tuple_

from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension
from registry.storage.extension_rows import extensions_from_row
from registry.storage.property_rows import properties_from_row
from registry.storage.tables import owner_group, publisher, registration, service, service_group


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """A participant as stored, in registered spelling; `value_key` is its value as it compares."""

    id: int
    participant: ParticipantIdentifier
    value_key: str
    modified_at: datetime
    extensions: tuple[Extension, ...]
    properties: tuple[CustomProperty, ...]
    group_id: int | None
    group: str | None
    services: int
    registered_by: str | None
    """The SMP that has registered it at our SML."""


@dataclass(frozen=True, slots=True)
class ParticipantFilter:
    """Which participants of a domain; what is None doesn't matter."""

    scheme: str | None = None
    value_prefix: str | None = None
    """As values compare."""
    group_id: int | None = None
    registered: bool | None = None
    groups: Sequence[int] | None = None
    """Only those in one of these groups, or among `participants`: what a caller may see."""
    participants: Sequence[tuple[str, str]] = ()


_g = service_group.c
_r = registration.c
_MINE = and_(_r.domain_id == _g.domain_id, _r.scheme == _g.scheme, _r.value_key == _g.value_key)
_REGISTERED_BY = (
    select(publisher.c.smp_id)
    .join(registration, _r.publisher_id == publisher.c.id)
    .where(_MINE)
    .order_by(_r.id)
    .limit(1)
    .correlate(service_group)
    .scalar_subquery()
)
_SERVICES = (
    select(func.count(service.c.id))
    .where(service.c.service_group_id == _g.id)
    .correlate(service_group)
    .scalar_subquery()
)
_QUERY = select(
    _g.id,
    _g.scheme,
    _g.value,
    _g.value_key,
    _g.modified_at,
    _g.extensions,
    _g.properties,
    _g.owner_group_id,
    owner_group.c.name,
    _SERVICES,
    _REGISTERED_BY,
).select_from(service_group.outerjoin(owner_group, owner_group.c.id == _g.owner_group_id))


_FIND = _QUERY.where(
    _g.domain_id == bindparam("domain"),
    _g.scheme == bindparam("scheme"),
    _g.value_key == bindparam("value_key"),
)


def find(connection: Connection, domain_id: int, scheme: str, value_key: str) -> ParticipantRow | None:
    """One participant."""
    parameters = {"domain": domain_id, "scheme": scheme, "value_key": value_key}
    row = connection.execute(_FIND, parameters).first()
    return None if row is None else _row(row)


def page(
    connection: Connection, domain_id: int, wanted: ParticipantFilter, after: tuple[str, str] | None, size: int
) -> list[ParticipantRow]:
    """Up to `size` participants of a domain behind (scheme, value key) `after`, in that order."""
    query = _QUERY.where(_g.domain_id == domain_id, *_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(_g.scheme, _g.value_key) > tuple_(*after))
    return [_row(row) for row in connection.execute(_ordered(query).limit(size))]


def _ordered(query: Select[Any]) -> Select[Any]:
    return query.order_by(_g.scheme, _g.value_key)


def _conditions(wanted: ParticipantFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.scheme is not None:
        found.append(_g.scheme == wanted.scheme)
    if wanted.value_prefix is not None:
        # LIKE would ignore case on SQLite.
        found.append(func.substr(_g.value_key, 1, len(wanted.value_prefix)) == wanted.value_prefix)
    if wanted.group_id is not None:
        found.append(_g.owner_group_id == wanted.group_id)
    if wanted.registered is not None:
        is_registered = exists().where(_MINE).correlate(service_group)
        found.append(is_registered if wanted.registered else ~is_registered)
    if wanted.groups is not None:
        found.append(
            or_(_g.owner_group_id.in_(wanted.groups), tuple_(_g.scheme, _g.value_key).in_(wanted.participants))
        )
    return found


def _row(row: Sequence[Any]) -> ParticipantRow:
    row_id, scheme, value, key, modified_at, extensions, properties, *others = row
    participant = ParticipantIdentifier(scheme, value)
    told = extensions_from_row(extensions), properties_from_row(properties)
    return ParticipantRow(row_id, participant, key, modified_at, *told, *others)
