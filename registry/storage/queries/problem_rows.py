# SPDX-License-Identifier: Apache-2.0
"""Rows that somebody has to look at: what is published and can't be used, changes that come, migrations that end.

Each list is bounded by its `size`; the numbers say how many there are beyond.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from registry.storage.tables import (
    access_point,
    access_point_certificate,
    certificate,
    domain,
    endpoint,
    login_failure,
    migration,
    process_metadata,
    publisher,
    publisher_certificate,
    redirect,
    registration,
    service,
    service_group,
    signing_key,
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


@dataclass(frozen=True, slots=True)
class EarlyCertificate:
    """A certificate that is in use and not valid yet; `kind` is that of its holder, as in `certificate_ends`."""

    kind: str
    domain_id: int
    holder_id: int
    name: str
    sha256: str
    subject: str
    begins_at: datetime


@dataclass(frozen=True, slots=True)
class UnusableService:
    """A service without an endpoint that counts: when the next one begins, and when the last one ended."""

    participant: str
    document_type: str
    begins_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class UsedProfile:
    """A transport profile that endpoints have: of how many access points, and the first of these by name."""

    transport_profile: str
    access_points: int
    first: str


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


def unusable_services(connection: Connection, domain_id: int, now: datetime, size: int) -> list[UnusableService]:
    """Services that have neither an endpoint that counts now nor a redirect."""
    c = endpoint.c
    begins = select(func.min(c.activation)).where(c.service_id == service.c.id, c.activation > now)
    ended = select(func.max(c.expiration)).where(c.service_id == service.c.id, c.expiration <= now)
    names = (_name(service_group), _name(service), begins.scalar_subquery(), ended.scalar_subquery())
    query = select(*names).select_from(service.join(service_group)).where(_unusable(domain_id, now))
    return [UnusableService(*row) for row in connection.execute(query.order_by(service.c.id).limit(size))]


def count_unusable_services(connection: Connection, domain_id: int, now: datetime) -> int:
    """How many of them there are."""
    query = select(func.count()).select_from(service.join(service_group))
    return int(connection.execute(query.where(_unusable(domain_id, now))).scalar_one())


def ending_services(
    connection: Connection, domain_id: int, now: datetime, until: datetime, size: int
) -> list[tuple[str, str, datetime]]:
    """Participant, document type and end of services that have endpoints that count now, and none at `until`."""
    last = select(func.max(endpoint.c.expiration)).where(_usable(now)).scalar_subquery()
    query = select(_name(service_group), _name(service), last).select_from(service.join(service_group))
    rows = connection.execute(query.where(_ending(domain_id, now, until)).order_by(service.c.id).limit(size))
    return [(participant, document_type, ends_at) for participant, document_type, ends_at in rows]


def count_ending_services(connection: Connection, domain_id: int, now: datetime, until: datetime) -> int:
    """How many of them there are."""
    query = select(func.count()).select_from(service.join(service_group))
    return int(connection.execute(query.where(_ending(domain_id, now, until))).scalar_one())


def publishes(connection: Connection, domain_id: int) -> bool:
    """Whether a domain's SMP has any participant."""
    query = select(service_group.c.id).where(service_group.c.domain_id == domain_id).limit(1)
    return connection.execute(query).first() is not None


def used_profiles(connection: Connection, domain_id: int, size: int) -> list[UsedProfile]:
    """The transport profiles of access points that endpoints of a domain show, by name."""
    c = access_point.c
    used = select(endpoint.c.id).where(endpoint.c.access_point_id == c.id)
    query = select(c.transport_profile, func.count(), func.min(c.name)).where(c.domain_id == domain_id, used.exists())
    query = query.group_by(c.transport_profile).order_by(c.transport_profile).limit(size)
    return [UsedProfile(*row) for row in connection.execute(query)]


def early_certificates(connection: Connection, now: datetime, size: int) -> list[EarlyCertificate]:
    """Certificates of SMPs, signing keys and access points that are in use before they are valid; the latest first."""
    found = union_all(_early_publishers(now), _early_signing_keys(now), _early_access_points(now)).subquery()
    columns = [found.c[name] for name in EarlyCertificate.__dataclass_fields__]
    order = (found.c.begins_at.desc(), found.c.kind, found.c.holder_id, found.c.sha256)
    return [EarlyCertificate(*row) for row in connection.execute(select(*columns).order_by(*order).limit(size))]


def _early_publishers(now: datetime) -> Select[Any]:
    held, known = publisher_certificate, certificate
    return _early("publisher", publisher.c.domain_id, publisher.c.id, publisher.c.smp_id).where(
        held.c.certificate_sha256 == known.c.sha256,
        held.c.publisher_id == publisher.c.id,
        publisher.c.removing_at.is_(None),
        or_(held.c.usable_from.is_(None), held.c.usable_from <= now),
        or_(held.c.usable_until.is_(None), held.c.usable_until > now),
        known.c.not_before > now,
    )


def _early_signing_keys(now: datetime) -> Select[Any]:
    return _early("signing-key", signing_key.c.domain_id, signing_key.c.id, domain.c.name).where(
        signing_key.c.certificate_sha256 == certificate.c.sha256,
        signing_key.c.domain_id == domain.c.id,
        signing_key.c.active,
        certificate.c.not_before > now,
    )


def _early_access_points(now: datetime) -> Select[Any]:
    """Those that endpoints show: their own certificates, or those of the successor that has taken over."""
    shown, own = access_point_certificate, access_point.c
    shown_id = case((own.successor_at <= now, own.successor_id), else_=own.id)
    used = select(endpoint.c.id).where(endpoint.c.access_point_id == own.id)
    found = _early("access-point", own.domain_id, own.id, own.name).where(
        shown.c.certificate_sha256 == certificate.c.sha256,
        shown.c.access_point_id == shown_id,
        or_(shown.c.activation.is_(None), shown.c.activation <= now),
        certificate.c.not_before > now,
        used.exists(),
    )
    return found.distinct()


def _early(
    kind: str, domain_id: ColumnElement[int], holder_id: ColumnElement[int], name: ColumnElement[str]
) -> Select[Any]:
    known = certificate.c
    return select(
        literal(kind).label("kind"),
        domain_id.label("domain_id"),
        holder_id.label("holder_id"),
        name.label("name"),
        known.sha256,
        known.subject,
        known.not_before.label("begins_at"),
    )


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
    return and_(service_group.c.domain_id == domain_id, ~_has_usable(now), ~_redirected())


def _ending(domain_id: int, now: datetime, until: datetime) -> ColumnElement[bool]:
    of_domain = service_group.c.domain_id == domain_id
    return and_(of_domain, ~_has_usable(until), _has_usable(now), ~_redirected())


def _has_usable(moment: datetime) -> ColumnElement[bool]:
    return select(endpoint.c.id).where(_usable(moment)).exists()


def _usable(moment: datetime) -> ColumnElement[bool]:
    """Of the service: an endpoint that counts at a moment."""
    c = endpoint.c
    begun = or_(c.activation.is_(None), c.activation <= moment)
    return and_(c.service_id == service.c.id, begun, or_(c.expiration.is_(None), c.expiration > moment))


def _redirected() -> ColumnElement[bool]:
    elsewhere = select(redirect.c.process_metadata_id).select_from(redirect.join(process_metadata))
    return elsewhere.where(process_metadata.c.service_id == service.c.id).exists()
