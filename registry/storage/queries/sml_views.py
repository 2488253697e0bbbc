# SPDX-License-Identifier: Apache-2.0
"""What an administrator sees of the SML: publishers with their certificates, registrations, open migrations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select, tuple_

from registry.storage.queries.migrations import is_open
from registry.storage.tables import certificate, migration, publisher, publisher_certificate, registration


@dataclass(frozen=True, slots=True)
class PublisherView:
    """A publisher, with how many registrations it has."""

    id: int
    smp_id: str
    logical_address: str
    physical_address: str
    suspended: bool
    modified_at: datetime
    registrations: int


@dataclass(frozen=True, slots=True)
class PublisherCertificate:
    """A certificate that may speak for a publisher from and until an instant; None: without that bound."""

    sha256: str
    subject: str
    not_before: datetime | None
    not_after: datetime | None
    usable_from: datetime | None
    usable_until: datetime | None


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """A registration with its publisher, and whether its migration is open."""

    id: int
    scheme: str
    value: str
    value_key: str
    naptr_service: str
    label: str
    smp_id: str
    modified_at: datetime
    services: str | None
    suspended: bool
    migrating: bool


@dataclass(frozen=True, slots=True)
class RegistrationFilter:
    """Which registrations are wanted: those of a publisher, in a scheme, with values that begin in some way."""

    publisher_id: int | None = None
    scheme: str | None = None
    value_begins: str = ""
    """As values compare."""

    def place(self, row: RegistrationView) -> tuple[int | str, ...]:
        """Where a registration stands in the order of these: each order has its index."""
        if self.publisher_id is not None:
            return (row.id,)
        return row.scheme, row.value_key, row.naptr_service


_REGISTRATIONS = (
    select(func.count())
    .select_from(registration)
    .where(registration.c.publisher_id == publisher.c.id)
    .correlate(publisher)
    .scalar_subquery()
)
_PUBLISHER = (
    *(publisher.c[name] for name in PublisherView.__dataclass_fields__ if name != "registrations"),
    _REGISTRATIONS,
)


def publishers(connection: Connection, domain_id: int, after: str, size: int) -> list[PublisherView]:
    """Up to `size` publishers of a domain with ids, in lower case, behind `after`; in that order."""
    query = select(*_PUBLISHER).where(publisher.c.domain_id == domain_id, publisher.c.smp_id_key > after)
    return [PublisherView(*row) for row in connection.execute(query.order_by(publisher.c.smp_id_key).limit(size))]


def publisher_view(connection: Connection, domain_id: int, smp_id: str) -> PublisherView | None:
    """One publisher of a domain."""
    query = select(*_PUBLISHER).where(publisher.c.domain_id == domain_id, publisher.c.smp_id_key == smp_id.lower())
    row = connection.execute(query).first()
    return None if row is None else PublisherView(*row)


def certificates_of(connection: Connection, publisher_id: int) -> list[PublisherCertificate]:
    """The certificates of a publisher, whether they may speak for it now or not."""
    held, known = publisher_certificate.c, certificate.c
    columns = (known.sha256, known.subject, known.not_before, known.not_after, held.usable_from, held.usable_until)
    query = (
        select(*columns)
        .select_from(publisher_certificate.join(certificate, held.certificate_sha256 == known.sha256))
        .where(held.publisher_id == publisher_id)
        .order_by(known.sha256)
    )
    return [PublisherCertificate(*row) for row in connection.execute(query)]


def registrations(
    connection: Connection,
    domain_id: int,
    wanted: RegistrationFilter,
    after: tuple[int | str, ...],
    size: int,
    at: datetime,
) -> list[RegistrationView]:
    """Up to `size` registrations of a domain behind the one at the place `after`, or with () the first."""
    c = registration.c
    query = _registrations(at).where(c.domain_id == domain_id)
    if wanted.publisher_id is not None:
        query = query.where(c.publisher_id == wanted.publisher_id)
    if wanted.scheme is not None:
        query = query.where(c.scheme == wanted.scheme)
    if wanted.value_begins:
        query = query.where(c.value_key.startswith(wanted.value_begins, autoescape=True))
    order = (c.scheme, c.value_key, c.naptr_service) if wanted.publisher_id is None else (c.id,)
    if after:
        query = query.where(tuple_(*order) > after)
    return [RegistrationView(*row) for row in connection.execute(query.order_by(*order).limit(size))]


def registration_view(
    connection: Connection, domain_id: int, scheme: str, value_key: str, naptr_service: str, at: datetime
) -> RegistrationView | None:
    """One registration."""
    c = registration.c
    query = _registrations(at).where(
        c.domain_id == domain_id, c.scheme == scheme, c.value_key == value_key, c.naptr_service == naptr_service
    )
    row = connection.execute(query).first()
    return None if row is None else RegistrationView(*row)


def _registrations(at: datetime) -> Select[Any]:
    c = registration.c
    opened = and_(migration.c.registration_id == c.id, is_open(at))
    return select(
        c.id,
        c.scheme,
        c.value,
        c.value_key,
        c.naptr_service,
        c.label,
        publisher.c.smp_id,
        c.modified_at,
        c.services,
        c.suspended,
        migration.c.registration_id.is_not(None),
    ).select_from(
        registration.join(publisher, publisher.c.id == c.publisher_id).outerjoin(migration, opened),
    )
