# SPDX-License-Identifier: Apache-2.0
"""Rows that somebody has to look at: what is published and can't be used, changes that come, migrations that end.

Each list is bounded by its `size`; the numbers say how many there are beyond.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select

from registry.storage.tables import (
    access_point,
    access_point_certificate,
    certificate,
    endpoint,
    login_failure,
    migration,
    process_metadata,
    publisher,
    redirect,
    registration,
    service,
    service_group,
)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """An access point whose successor has not taken over yet.

    `valid_from` and `valid_until` are where the validities of the successor's certificates overlap; None where it has
    none that can be read.
    """

    id: int
    domain_id: int
    name: str
    successor: str
    at: datetime
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class EndingMigration:
    """An open migration: of which participant, from which SMP, and until when it can be completed."""

    domain_id: int
    participant: str
    smp_id: str
    expires_at: datetime


def planned_changes(connection: Connection, after: datetime, size: int) -> list[PlannedChange]:
    """Changes of access points that are planned for later than a moment; what comes first is first."""
    own, other = access_point.c, access_point.alias("other")
    shown = access_point_certificate.join(certificate)
    of_it = access_point_certificate.c.access_point_id == other.c.id
    begin = select(func.max(certificate.c.not_before)).select_from(shown).where(of_it).scalar_subquery()
    end = select(func.min(certificate.c.not_after)).select_from(shown).where(of_it).scalar_subquery()
    query = (
        select(own.id, own.domain_id, own.name, other.c.name, own.successor_at, begin, end)
        .select_from(access_point.join(other, other.c.id == own.successor_id))
        .where(own.successor_at > after)
        .order_by(own.successor_at, own.id)
        .limit(size)
    )
    return [PlannedChange(*row) for row in connection.execute(query)]


def ending_migrations(connection: Connection, now: datetime, until: datetime, size: int) -> list[EndingMigration]:
    """Open migrations that expire by a moment; what ends first is first."""
    c = migration.c
    query = (
        select(registration.c.domain_id, _name(registration), publisher.c.smp_id, c.expires_at)
        .select_from(migration.join(registration).join(publisher))
        .where(c.expires_at > now, c.expires_at <= until)
        .order_by(c.expires_at, c.registration_id)
        .limit(size)
    )
    return [EndingMigration(*row) for row in connection.execute(query)]


def empty_participants(connection: Connection, domain_id: int, size: int) -> list[str]:
    """Participants of a domain's SMP for which no service is published."""
    query = select(_name(service_group)).where(_empty(domain_id)).order_by(service_group.c.id).limit(size)
    return list(connection.execute(query).scalars())


def count_empty_participants(connection: Connection, domain_id: int) -> int:
    """How many of them there are."""
    query = select(func.count()).select_from(service_group).where(_empty(domain_id))
    return int(connection.execute(query).scalar_one())


def unusable_services(connection: Connection, domain_id: int, now: datetime, size: int) -> list[tuple[str, str]]:
    """Participant and document type of services that have neither an endpoint that counts now nor a redirect."""
    query = select(_name(service_group), _name(service)).select_from(service.join(service_group))
    rows = connection.execute(query.where(_unusable(domain_id, now)).order_by(service.c.id).limit(size))
    return [(participant, document_type) for participant, document_type in rows]


def count_unusable_services(connection: Connection, domain_id: int, now: datetime) -> int:
    """How many of them there are."""
    query = select(func.count()).select_from(service.join(service_group))
    return int(connection.execute(query.where(_unusable(domain_id, now))).scalar_one())


def failed_logins(connection: Connection, since: datetime) -> tuple[int, int]:
    """How many names failed to log in since a moment, and how often they did in a row."""
    c = login_failure.c
    query = select(func.count(), func.coalesce(func.sum(c.failures), 0)).where(c.last_at >= since)
    names, failures = connection.execute(query).one()
    return int(names), int(failures)


def _name(table: Table) -> ColumnElement[str]:
    found: ColumnElement[str] = table.c.scheme + "::" + table.c.value
    return found


def _empty(domain_id: int) -> ColumnElement[bool]:
    published = select(service.c.id).where(service.c.service_group_id == service_group.c.id)
    return and_(service_group.c.domain_id == domain_id, ~published.exists())


def _unusable(domain_id: int, now: datetime) -> ColumnElement[bool]:
    c = endpoint.c
    begun = or_(c.activation.is_(None), c.activation <= now)
    goes_on = or_(c.expiration.is_(None), c.expiration > now)
    usable = select(c.id).where(c.service_id == service.c.id, begun, goes_on)
    elsewhere = (
        select(redirect.c.process_metadata_id)
        .select_from(redirect.join(process_metadata))
        .where(process_metadata.c.service_id == service.c.id)
    )
    return and_(service_group.c.domain_id == domain_id, ~usable.exists(), ~elsewhere.exists())
