# SPDX-License-Identifier: Apache-2.0
"""What SMP, SML and zone hold of a domain, all of it, to be compared; streamed where it can be much."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, collate, exists, func, or_, select, text

from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.storage.queries.jobs import UNFINISHED
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.tables import job, registration, service_group, zone_change, zone_rrset
from registry.storage.unit_of_work import UnitOfWork

_STREAMED = {"yield_per": 10_000}
_CHUNK = 400
_r, _g = registration.c, service_group.c
_COLUMNS = [registration.c[name] for name in RegistrationRow.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """A service group: its participant in registered spelling, and which publisher has it registered, if any."""

    participant: ParticipantIdentifier
    publisher_id: int | None


def all_registrations(connection: Connection, domain_id: int) -> Iterator[RegistrationRow]:
    """Every registration of a domain; streamed."""
    query = select(*_COLUMNS).where(_r.domain_id == domain_id)
    with connection.execute(query, execution_options=_STREAMED) as result:
        for row in result:
            yield RegistrationRow(*row)


def all_rrsets(connection: Connection, zone_id: int) -> Iterator[tuple[str, str, str]]:
    """Every (owner, rdtype, text) that a zone holds after all committed changes, by code points; streamed."""
    c = zone_rrset.c
    query = select(c.owner, c.rdtype, c.content).where(c.zone_id == zone_id)
    query = query.order_by(_binary(connection, c.owner), _binary(connection, c.rdtype))
    with connection.execute(query, execution_options=_STREAMED) as result:
        for row in result:
            yield row[0], row[1], row[2]


def groups_not_of(connection: Connection, domain_id: int, publisher_id: int, service: str) -> Iterator[HeldGroup]:
    """The service groups of a domain whose participants this publisher hasn't registered; streamed.

    A participant whose scheme has a wildcard is registered by that, so it isn't among them.
    """
    same = and_(_r.domain_id == domain_id, _r.scheme == _g.scheme, _r.value_key == _g.value_key)
    wildcard = registration.alias()
    covered = and_(wildcard.c.domain_id == domain_id, wildcard.c.scheme == _g.scheme, wildcard.c.value_key == WILDCARD)
    query = (
        select(_g.scheme, _g.value, _r.publisher_id)
        .select_from(service_group.outerjoin(registration, and_(same, _r.naptr_service == service)))
        .where(
            _g.domain_id == domain_id,
            or_(_r.publisher_id.is_(None), _r.publisher_id != publisher_id),
            or_(_r.publisher_id.is_not(None), ~exists().where(covered)),
        )
    )
    with connection.execute(query, execution_options=_STREAMED) as result:
        for scheme, value, registered_by in result:
            yield HeldGroup(ParticipantIdentifier(scheme, value), registered_by)


def registrations_without_group(
    connection: Connection, domain_id: int, publisher_id: int
) -> Iterator[ParticipantIdentifier]:
    """The participants of a publisher that have no service group in the domain; streamed."""
    served = and_(_g.domain_id == domain_id, _g.scheme == _r.scheme, _g.value_key == _r.value_key)
    query = select(_r.scheme, _r.value).where(_r.publisher_id == publisher_id, ~exists().where(served))
    with connection.execute(query, execution_options=_STREAMED) as result:
        for scheme, value in result:
            yield ParticipantIdentifier(scheme, value)


def all_groups(connection: Connection, domain_id: int) -> Iterator[tuple[str, str, str]]:
    """Every service group of a domain: scheme, value as compared, value as spelled; streamed."""
    query = select(_g.scheme, _g.value_key, _g.value).where(_g.domain_id == domain_id)
    with connection.execute(query, execution_options=_STREAMED) as result:
        for row in result:
            yield row[0], row[1], row[2]


def registered_keys(connection: Connection, domain_id: int) -> Iterator[tuple[str, str, str, int]]:
    """Every registration of a domain: scheme, value as compared, value as spelled, publisher; streamed."""
    query = select(_r.scheme, _r.value_key, _r.value, _r.publisher_id).where(_r.domain_id == domain_id)
    with connection.execute(query, execution_options=_STREAMED) as result:
        for row in result:
            yield row[0], row[1], row[2], row[3]


def groups_held(connection: Connection, domain_id: int, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (scheme, value as compared) have a service group now."""
    found: set[tuple[str, str]] = set()
    values = sorted({value for _, value in keys})
    for start in range(0, len(values), _CHUNK):
        part = _g.value_key.in_(values[start : start + _CHUNK])
        query = select(_g.scheme, _g.value_key).where(
            _g.domain_id == domain_id, _g.scheme.in_({scheme for scheme, _ in keys}), part
        )
        found |= {(row[0], row[1]) for row in connection.execute(query)}
    return found & set(keys)


def group_count(connection: Connection, domain_id: int) -> int:
    """How many service groups a domain has."""
    query = select(func.count()).select_from(service_group).where(_g.domain_id == domain_id)
    return int(connection.execute(query).scalar_one())


def locked_registrations(work: UnitOfWork, ids: Sequence[int]) -> list[RegistrationRow]:
    """Registrations by their ids, those that are still there; nobody else changes them before the transaction ends."""
    found: list[RegistrationRow] = []
    for start in range(0, len(ids), _CHUNK):
        query = select(*_COLUMNS).where(_r.id.in_(ids[start : start + _CHUNK])).order_by(_r.id)
        found += (RegistrationRow(*row) for row in work.connection.execute(query.with_for_update()))
    return found


def registrations_at(
    work: UnitOfWork, domain_id: int, labels: Collection[str], since: datetime
) -> list[RegistrationRow]:
    """The registrations of a domain that have one of these names, or were changed since a moment.

    Looks through the whole domain once for each 400 names. On PostgreSQL nobody writes to registrations before the end
    of this transaction, so that none comes by after the look; SQLite has one writer anyway.
    """
    if work.connection.dialect.name == "postgresql":
        work.connection.execute(text("LOCK TABLE registration, publisher, zone_record IN SHARE MODE"))
    found: dict[int, RegistrationRow] = {}
    names = sorted(labels)
    for start in range(0, len(names), _CHUNK):
        wanted = or_(_r.label.in_(names[start : start + _CHUNK]), _r.modified_at >= since)
        rows = work.connection.execute(select(*_COLUMNS).where(_r.domain_id == domain_id, wanted))
        found |= {row.id: RegistrationRow(*row) for row in rows}
    return list(found.values())


def last_change(connection: Connection, zone_id: int) -> int:
    """The number of the newest change of a zone; 0 where there is none."""
    query = select(func.max(zone_change.c.sequence)).where(zone_change.c.zone_id == zone_id)
    return int(connection.execute(query).scalar() or 0)


def publishers_at_work(connection: Connection, domain_id: int, kinds: Collection[str]) -> set[int]:
    """The publishers with whose registrations an unfinished job of one of these kinds has to do."""
    query = select(job.c.payload).where(
        job.c.kind.in_(kinds), job.c.domain_id == domain_id, job.c.state.in_(UNFINISHED)
    )
    payloads = connection.execute(query).scalars()
    return {int(payload[name]) for payload in payloads for name in ("publisher", "from", "to") if name in payload}


def id_range(connection: Connection, domain_id: int) -> tuple[int, int]:
    """The least and the greatest id of a domain's registrations; (0, -1) where it has none."""
    low, high = connection.execute(select(func.min(_r.id), func.max(_r.id)).where(_r.domain_id == domain_id)).one()
    return (0, -1) if low is None else (int(low), int(high))


def next_registration(connection: Connection, domain_id: int, from_id: int) -> RegistrationRow | None:
    """The registration of a domain with this id, or else the next greater one."""
    query = select(*_COLUMNS).where(_r.domain_id == domain_id, _r.id >= from_id)
    row = connection.execute(query.order_by(_r.id).limit(1)).first()
    return None if row is None else RegistrationRow(*row)


def _binary(connection: Connection, column: ColumnElement[str]) -> ColumnElement[str]:
    """By code points, whatever language the database was made for; SQLite knows no other order."""
    return collate(column, "C") if connection.dialect.name == "postgresql" else column
