# SPDX-License-Identifier: Apache-2.0
"""Participants of an SMP as lists show them: with their owner group, and who has registered them.

A page is found by an index: of the domain, or of an owner group. Whether somebody is registered no index of theirs
tells, so that is asked of one after the other, for a bounded number of them: such a page may have few rows, or none,
and yet others follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, ScalarSelect, and_, bindparam, func, literal, or_, select, tuple_

from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import CustomProperty, Extension, Visibility
from registry.storage.extension_rows import extensions_from_row
from registry.storage.property_rows import properties_from_row
from registry.storage.queries.beginnings import EVERYTHING, LOOKED_AT, Beginning
from registry.storage.tables import owner_group, publisher, registration, service, service_group

_WALKS: Final = 200
"""How many owner groups are each looked through by their index; of more, participant by participant."""
_Place = tuple[str, str]
"""Scheme and value key."""


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
    visibility: Visibility = Visibility.PUBLIC


@dataclass(frozen=True, slots=True)
class ParticipantFilter:
    """Which participants of a domain; what is None doesn't matter."""

    beginnings: Sequence[Beginning] = (EVERYTHING,)
    group_id: int | None = None
    registered: bool | None = None
    groups: Sequence[int] | None = None
    """Only those in one of these groups, or among `participants`: what a caller may see."""
    participants: Sequence[_Place] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Participants in order, and the place behind which others may follow; None where none do."""

    rows: list[ParticipantRow]
    following: _Place | None


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
    _g.visibility,
).select_from(service_group.outerjoin(owner_group, owner_group.c.id == _g.owner_group_id))


_BY_KEYS = _QUERY.where(
    _g.domain_id == bindparam("domain"),
    _g.scheme == bindparam("scheme"),
    _g.value_key.in_(bindparam("keys", expanding=True)),
)
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
    connection: Connection,
    domain_id: int,
    wanted: ParticipantFilter,
    after: _Place | None,
    size: int,
    *,
    looked_at: int = LOOKED_AT,
) -> Found:
    """Up to `size` participants of a domain behind (scheme, value key) `after`, in that order.

    Fewer, though others may follow, where most of `looked_at` participants in a row aren't wanted.
    """
    found: set[_Place] = set()
    stopped: _Place | None = None
    for part in wanted.beginnings:
        if stopped is not None or len(found) > size:
            break
        if part.is_before(after or ()):
            continue
        of_part = part.conditions(_g.scheme, _g.value_key, after or ())
        walks = [
            _walked(connection, [*of_walk, *of_part], others, size, looked_at)
            for of_walk, others in _walks(domain_id, wanted, part)
        ]
        stopped = min((stop for _, stop in walks if stop is not None), default=None)
        found |= {place for more, _ in walks for place in more if stopped is None or place <= stopped}
    places = sorted(found)
    if len(places) > size:
        places, stopped = places[:size], places[size - 1]
    rows: dict[_Place, ParticipantRow] = {}
    for scheme in {scheme for scheme, _ in places}:
        parameters = {"domain": domain_id, "scheme": scheme, "keys": [key for of, key in places if of == scheme]}
        rows |= {(scheme, row.value_key): _row(row) for row in connection.execute(_BY_KEYS, parameters)}
    return Found([rows[place] for place in places], stopped)


def _walks(
    domain_id: int, wanted: ParticipantFilter, part: Beginning
) -> list[tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]]:
    """Ways through indexes that have together all that is wanted: what the index knows, and what is to be looked at."""
    here, groups, others = _g.domain_id == domain_id, wanted.groups, part.looked_at(_g.value_key)
    if wanted.registered is not None:
        found = _registration(domain_id)
        others.append(found.is_not(None) if wanted.registered else found.is_(None))
    if wanted.group_id is not None:
        if groups is None or wanted.group_id in groups:
            return [([_g.owner_group_id == wanted.group_id], others)]
        # Only of participants that the caller sees one by one.
        return [([here, each], [*others, _g.owner_group_id == wanted.group_id]) for each in _named(wanted)]
    if groups is None:
        return [([here], others)]
    if len(groups) > _WALKS:
        return [([here], [*others, or_(_g.owner_group_id.in_(groups), *_named(wanted))])]
    # A group is of one domain, and so are its participants.
    walks = [([_g.owner_group_id == group], others) for group in groups]
    return walks + [([here, each], others) for each in _named(wanted)]


def _registration(domain_id: int) -> ScalarSelect[int]:
    """1 where a participant is registered. One by one: joined as wholes, two tables of a million rows are read."""
    mine = and_(_r.domain_id == domain_id, _r.scheme == _g.scheme, _r.value_key == _g.value_key)
    return select(literal(1)).select_from(registration).where(mine).limit(1).correlate(service_group).scalar_subquery()


def _named(wanted: ParticipantFilter) -> list[ColumnElement[bool]]:
    """The participants that a caller sees one by one, of each scheme: pairs would be looked for in the whole domain."""
    schemes = sorted({scheme for scheme, _ in wanted.participants})
    return [
        and_(_g.scheme == scheme, _g.value_key.in_([key for of, key in wanted.participants if of == scheme]))
        for scheme in schemes
    ]


def _walked(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    others: list[ColumnElement[bool]],
    size: int,
    looked_at: int,
) -> tuple[list[_Place], _Place | None]:
    """Up to one more than `size` participants, and where the look at others stopped before that.

    The index has all that is asked for here, so the rows of those alone are read that are shown.
    """
    query = select(_g.scheme, _g.value_key).where(*conditions).order_by(_g.scheme, _g.value_key)
    last: Any = None
    if others:
        last = connection.execute(query.offset(looked_at - 1).limit(1)).first()
        query = query.where(*others)
    if last is not None:
        query = query.where(tuple_(_g.scheme, _g.value_key) <= tuple_(*last))
    found = [(scheme, key) for scheme, key in connection.execute(query.limit(size + 1))]
    return found, None if last is None or len(found) > size else (last[0], last[1])


def _row(row: Sequence[Any]) -> ParticipantRow:
    row_id, scheme, value, key, modified_at, extensions, properties, group_id, group, services, smp_id, visibility = row
    return ParticipantRow(
        row_id,
        ParticipantIdentifier(scheme, value),
        key,
        modified_at,
        extensions_from_row(extensions),
        properties_from_row(properties),
        group_id,
        group,
        services,
        smp_id,
        Visibility(visibility),
    )
